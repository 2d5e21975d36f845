import os
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mthn_automl.data.files import open_file
from mthn_automl.data.problems import gapminder
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError
from tests.data.again import again


def written(folder: Path, columns: dict[str, Any], name: str = "data.parquet") -> Path:
    pq.write_table(pa.table(columns), folder / name)
    return folder / name


def rows(**columns: Any) -> dict[str, Any]:
    """Four rows of two tasks, some columns replaced."""
    return {"task": ["a", "a", "b", "b"], "x": [1.0, 2.0, 3.0, 4.0], "target": [1.5, 2.5, 3.0, 4.0], **columns}


def cells(folder: Path, values: Any, text_columns: tuple[str, ...] = ()) -> pd.Series:
    return open_file(written(folder, {"x": values})).read(text_columns)["x"]


def test_whole_and_real_numbers_of_any_width_stay_whole_or_real(tmp_path: Path) -> None:
    for kind in (pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32()):
        assert cells(tmp_path, pa.array([1, 2, 3], kind)).dtype == "int64"
        np.testing.assert_equal(cells(tmp_path, pa.array([1, None, 3], kind)).to_numpy(), [1.0, np.nan, 3.0])
    for kind in (pa.float16(), pa.float32(), pa.float64(), pa.decimal128(5, 2)):
        made = [Decimal("1.50"), None] if pa.types.is_decimal(kind) else [np.float16(1.5), None]
        found = cells(tmp_path, pa.array(made, kind))
        assert found.dtype == "float64"
        np.testing.assert_equal(found.to_numpy(), [1.5, np.nan])


def test_text_of_any_kind_is_text_as_it_is_written(tmp_path: Path) -> None:
    text = pa.array(["p", None, "007"])
    for values in (text, text.cast(pa.large_string()), text.dictionary_encode()):
        found = cells(tmp_path, values)
        assert found.dtype == "str"
        np.testing.assert_equal(found.tolist(), ["p", np.nan, "007"])


def test_dates_and_times_become_text(tmp_path: Path) -> None:
    day = datetime(2020, 1, 31)
    for values, text in (
        (pa.array([date(2020, 1, 31)]), "2020-01-31"),
        (pa.array([date(2020, 1, 31)], pa.date64()), "2020-01-31"),
        (pa.array([day], pa.timestamp("ns")), "2020-01-31 00:00:00"),
        (pa.array([datetime(2020, 1, 31, 5, 0, 0, 250_000)]), "2020-01-31 05:00:00.25"),
        (pa.array([day], pa.timestamp("us", "UTC")), "2020-01-31 00:00:00Z"),
        (pa.array([time(5, 30)]), "05:30:00"),
    ):
        assert cells(tmp_path, values).tolist() == [text]


def test_truth_values_and_numbers_in_a_dictionary_stay_what_they_are(tmp_path: Path) -> None:
    assert cells(tmp_path, [True, False]).dtype == "bool"
    assert cells(tmp_path, [True, None]).tolist()[0] is True
    assert cells(tmp_path, pa.array([7, 5, 7]).dictionary_encode()).tolist() == [7, 5, 7]


def test_long_numbers_that_are_names_keep_every_digit(tmp_path: Path) -> None:
    names = [9007199254740993, 9007199254740993, 9007199254740992, 9007199254740992]
    path = written(tmp_path, rows(task=names))
    assert read_dataset(path).tasks.names == ("9007199254740993", "9007199254740992")


def test_a_column_of_neither_numbers_nor_text_is_ignored_and_noted_and_refused_where_it_is_needed(
    tmp_path: Path,
) -> None:
    for values, kind in (
        ([[1], [2], [3], [4]], "list<element: int64>"),
        ([{"p": 1}] * 4, "struct<p: int64>"),
        ([b"1"] * 4, "binary"),
    ):
        dataset = read_dataset(written(tmp_path, rows(odd=values, none=pa.nulls(4))))
        assert [column.name for column in dataset.schema.features] == ["x"]
        assert f"data.parquet: 1 column of neither numbers nor text ignored: 'odd' ({kind})." in dataset.notes
        assert "Ignored 1 feature, entirely missing: 'none'." in dataset.notes
    path = written(tmp_path, rows(target=[[1], [2], [3], [4]]))
    with pytest.raises(DataError, match=r"'target' must hold numbers or text, however in data.parquet it holds list"):
        read_dataset(path)


def test_csv_parquet_and_frames_of_the_same_content_give_the_same_dataset(tmp_path: Path) -> None:
    data, meta = gapminder()
    for name, frame in (("data", data), ("meta", meta)):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
    wanted = read_dataset(data, meta)
    for kind in ("csv", "parquet"):
        found = read_dataset(tmp_path / f"data.{kind}", str(tmp_path / f"meta.{kind}"))
        assert found.schema == wanted.schema
        assert found.tasks.names == wanted.tasks.names
        assert len(found.notes) == len(wanted.notes)
        np.testing.assert_array_equal(found.features.numeric, wanted.features.numeric)
        np.testing.assert_array_equal(found.features.codes, wanted.features.codes)
        np.testing.assert_array_equal(found.target, wanted.target)


def test_the_format_follows_from_the_content_and_not_from_the_name(tmp_path: Path) -> None:
    assert len(read_dataset(written(tmp_path, rows(), "data.csv"))) == 4
    pd.DataFrame(rows()).to_csv(tmp_path / "text.parquet", index=False)
    assert len(read_dataset(tmp_path / "text.parquet")) == 4


def test_an_index_that_pandas_wrote_is_a_column_without_a_name_and_a_name_with_a_dot_is_a_name(tmp_path: Path) -> None:
    frame = pd.DataFrame(rows(**{"x.y": [1, 2, 3, 5]}), index=[5, 6, 8, 9])
    frame.to_parquet(tmp_path / "data.parquet")
    dataset = read_dataset(tmp_path / "data.parquet")
    assert [column.name for column in dataset.schema.features] == ["x", "x.y"]
    assert "data.parquet: 1 column without a name ignored." in dataset.notes


def test_bad_parquet_is_refused_by_row(tmp_path: Path) -> None:
    none = pa.table({name: values[:0] for name, values in rows().items()})
    for table, message in (
        (pa.table(rows(x=[1, 2, np.inf, 3])), "'x' is infinite in row 2 of .*data.parquet"),
        (pa.table(rows(task=["a", "a", None, "b"])), "row 2 of data.parquet has nothing in 'task'"),
        (none, "data.parquet has none"),
        (pa.table({"task": ["a"], "x": [1]}), "Data.parquet|data.parquet must have a column 'target'"),
        (pa.table([[1], [2]], names=["x", "x"]), r"data\.parquet has 'x' more than once"),
    ):
        pq.write_table(table, tmp_path / "data.parquet")
        with pytest.raises(DataError, match=message):
            read_dataset(tmp_path / "data.parquet")
    known, path = read_dataset(pd.DataFrame(rows())), written(tmp_path, rows(x=["1", "2", "three", "4"]))
    with pytest.raises(DataError, match=r"row 2 of data\.parquet says 'three'"):
        again(known, path)


def test_a_damaged_file_and_a_pipe_are_refused_in_one_sentence(tmp_path: Path) -> None:
    path, content = tmp_path / "data.parquet", written(tmp_path, rows()).read_bytes()
    os.mkfifo(tmp_path / "pipe")
    for given, damaged, message in (
        (path, b"PAR1" + content[4:-100] + b"PAR1", r"readable Parquet file, however .*data\.parquet is not"),
        (path, b"PAR1" + content[100:] + b"PAR1", r"readable Parquet file, however .*data\.parquet is not"),
        (path, content[:200], "A Parquet file must end as it begins"),
        (tmp_path / "pipe", content, "is a pipe or device; save them to a file"),
    ):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=message) as raised:
            read_dataset(given)
        assert "\n" not in str(raised.value)
