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
from mthn_automl.data.read import read_dataset, read_rows
from mthn_automl.errors import DataError


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


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(pa.array(["p", None, "007"]), id="text"),
        pytest.param(pa.array(["p", None, "007"], pa.large_string()), id="large text"),
        pytest.param(pa.array(["p", None, "007"]).dictionary_encode(), id="a dictionary of text"),
    ],
)
def test_text_of_any_kind_is_text_as_it_is_written(tmp_path: Path, values: pa.Array) -> None:
    found = cells(tmp_path, values)
    assert found.dtype == "str"
    assert found.iloc[[0, 2]].tolist() == ["p", "007"]
    assert pd.isna(found.iloc[1])


@pytest.mark.parametrize(
    ("values", "text"),
    [
        pytest.param(pa.array([date(2020, 1, 31)]), "2020-01-31", id="date"),
        pytest.param(pa.array([date(2020, 1, 31)], pa.date64()), "2020-01-31", id="date of 64 bits"),
        pytest.param(pa.array([datetime(2020, 1, 31)], pa.timestamp("ns")), "2020-01-31 00:00:00", id="midnight"),
        pytest.param(
            pa.array([datetime(2020, 1, 31, 5, 0, 0, 250_000)]), "2020-01-31 05:00:00.25", id="parts of a second"
        ),
        pytest.param(pa.array([datetime(2020, 1, 31)], pa.timestamp("us", "UTC")), "2020-01-31 00:00:00Z", id="UTC"),
        pytest.param(pa.array([time(5, 30)]), "05:30:00", id="time of day"),
    ],
)
def test_dates_and_times_become_text(tmp_path: Path, values: pa.Array, text: str) -> None:
    assert cells(tmp_path, values).tolist() == [text]


def test_truth_values_and_numbers_in_a_dictionary_stay_what_they_are(tmp_path: Path) -> None:
    assert cells(tmp_path, [True, False]).dtype == "bool"
    assert cells(tmp_path, [True, None]).tolist()[0] is True
    assert cells(tmp_path, pa.array([7, 5, 7]).dictionary_encode()).tolist() == [7, 5, 7]


def test_a_column_without_a_type_is_missing_throughout(tmp_path: Path) -> None:
    dataset = read_dataset(written(tmp_path, rows(none=pa.nulls(4))))
    assert "Ignored 1 feature, entirely missing: 'none'." in dataset.notes


def test_long_numbers_that_are_names_keep_every_digit(tmp_path: Path) -> None:
    names = [9007199254740993, 9007199254740993, 9007199254740992, 9007199254740992]
    path = written(tmp_path, rows(task=names))
    assert read_dataset(path).tasks.names == ("9007199254740993", "9007199254740992")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        pytest.param([[1], [2], [3], [4]], "list<element: int64>", id="lists"),
        pytest.param([{"p": 1}] * 4, "struct<p: int64>", id="structs"),
        pytest.param([b"1"] * 4, "binary", id="bytes"),
    ],
)
def test_a_column_of_neither_numbers_nor_text_is_ignored_and_noted(tmp_path: Path, values: Any, kind: str) -> None:
    dataset = read_dataset(written(tmp_path, rows(odd=values)))
    assert [column.name for column in dataset.schema.features] == ["x"]
    assert f"data.parquet: 1 column of neither numbers nor text ignored: 'odd' ({kind})." in dataset.notes


def test_a_column_of_lists_that_is_needed_is_refused(tmp_path: Path) -> None:
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


def test_an_index_that_pandas_wrote_is_a_column_without_a_name(tmp_path: Path) -> None:
    pd.DataFrame(rows(), index=[5, 6, 8, 9]).to_parquet(tmp_path / "data.parquet")
    dataset = read_dataset(tmp_path / "data.parquet")
    assert [column.name for column in dataset.schema.features] == ["x"]
    assert "data.parquet: 1 column without a name ignored." in dataset.notes


def test_a_name_with_a_dot_is_a_name(tmp_path: Path) -> None:
    dataset = read_dataset(written(tmp_path, rows(**{"x.y": [1, 2, 3, 5]})))
    assert [column.name for column in dataset.schema.features] == ["x", "x.y"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        pytest.param(rows(x=[1, 2, np.inf, 3]), "'x' is infinite in row 2 of .*data.parquet", id="infinite"),
        pytest.param(rows(task=["a", "a", None, "b"]), "row 2 of data.parquet has nothing in 'task'", id="no task"),
        pytest.param({name: each[:0] for name, each in rows().items()}, "data.parquet has none", id="no rows"),
        pytest.param(
            {"task": ["a"], "x": [1]}, "Data.parquet|data.parquet must have a column 'target'", id="no target"
        ),
    ],
)
def test_bad_parquet_is_refused_by_row(tmp_path: Path, columns: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_dataset(written(tmp_path, columns))


def test_a_column_name_twice_is_refused(tmp_path: Path) -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["x", "x"])
    pq.write_table(table, tmp_path / "data.parquet")
    with pytest.raises(DataError, match=r"data\.parquet has 'x' more than once"):
        read_dataset(tmp_path / "data.parquet")


@pytest.mark.parametrize("kept", [slice(4, -100), slice(100, None)], ids=["the end is damaged", "the begin is damaged"])
def test_a_damaged_file_is_refused_in_one_sentence(tmp_path: Path, kept: slice) -> None:
    content = written(tmp_path, rows()).read_bytes()
    (tmp_path / "data.parquet").write_bytes(b"PAR1" + content[kept] + b"PAR1")
    with pytest.raises(DataError, match=r"readable Parquet file, however .*data\.parquet is not") as raised:
        read_dataset(tmp_path / "data.parquet")
    assert "\n" not in str(raised.value)


def test_rows_of_text_where_training_had_numbers_are_refused_by_row(tmp_path: Path) -> None:
    known = read_dataset(pd.DataFrame(rows()))
    path = written(tmp_path, rows(x=["1", "2", "three", "4"]))
    with pytest.raises(DataError, match=r"row 2 of data\.parquet says 'three'"):
        read_rows(path, schema=known.schema, tasks=known.tasks, spare=known.spare, need_target=False)


def test_a_parquet_file_that_is_cut_off_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pd.DataFrame({"task": ["a", "b"] * 50, "target": range(100)}).to_parquet(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match="A Parquet file must end as it begins"):
        read_dataset(path)


def test_a_pipe_is_refused_as_one(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(DataError, match="is a pipe or device; save them to a file"):
        read_dataset(path)
