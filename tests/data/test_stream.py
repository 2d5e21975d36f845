from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.formats import blocks
from mthn_automl.data.read import read_dataset
from mthn_automl.data.stream import RowStream
from mthn_automl.errors import DataError, UsageError
from tests.data.again import again

ROWS = 60
META = pd.DataFrame({"task": ["t0", "t1", "t2", "n1"], "size": [1.0, 2.0, 3.0, 4.0], "kind": ["p", "q", "p", "q"]})
NEW_META = pd.DataFrame({"task": ["n5", "n3"], "size": [7.0, 8.0], "kind": ["q", "p"]})
SIZES = (3, 20, 1000)
"""Rows of a piece: of many tasks each, of a few pieces, of one piece that is larger than the file."""


def training() -> Dataset:
    number = np.arange(30)
    columns = {
        "task": [f"t{k % 3}" for k in number],
        "x": number / 7,
        "gappy": np.where(number % 4 == 0, np.nan, number),
        "word": np.array(["p", "q", "007"])[number % 3],
        "code": pd.Series(["1", "2.5", "3"] * 10, dtype="str"),
        "flag": pd.Series([True, False, None] * 10, dtype=object),
    }
    return read_dataset(pd.DataFrame({**columns, "target": number**2 / 3}), META)


def new_rows(**columns: Any) -> pd.DataFrame:
    """Known and new tasks, of which a new one appears every now and then, and a column that training has not."""
    number = np.arange(ROWS)
    made = {
        "task": [f"n{k // 9}" if k % 3 == 0 else f"t{k % 3}" for k in number],
        "extra": "anything",
        "flag": np.where(number % 5 == 0, None, number % 2 == 0),
        "word": np.array(["q", None, "007", "unknown"])[number % 4],
        "code": np.array(["1", "2.5", "3", None])[number % 4],
        "gappy": np.where(number > 30, np.nan, number),
        "x": number,
    }
    return pd.DataFrame({**made, **columns})


def to_csv(frame: pd.DataFrame, folder: Path) -> Path:
    frame.to_csv(folder / "new.csv", index=False)
    return folder / "new.csv"


def to_parquet(frame: pd.DataFrame, folder: Path) -> Path:
    frame.to_parquet(folder / "new.parquet", row_group_size=11)
    return folder / "new.parquet"


def stream_of(given: Any, known: Dataset, rows_at_once: int, meta: Any = None) -> RowStream:
    known_of = {"schema": known.schema, "tasks": known.tasks, "spare": known.spare}
    return RowStream(given, **known_of, meta=meta, rows_at_once=rows_at_once, allow_unknown=True)


def assert_same(stream: RowStream, whole: Dataset) -> None:
    pieces = list(stream)
    for name in ("task", "target", "row"):
        np.testing.assert_array_equal(np.concatenate([getattr(each, name) for each in pieces]), getattr(whole, name))
    for name in ("numeric", "codes"):
        found = np.concatenate([getattr(each.features, name) for each in pieces])
        np.testing.assert_array_equal(found, getattr(whole.features, name))
    for found, wanted in ((pieces[-1].tasks, whole.tasks), (pieces[-1].spare, whole.spare)):
        assert found.names == wanted.names
        assert found.metadata is not None
        np.testing.assert_equal(vars(found.metadata), vars(wanted.metadata))
    assert stream.notes == whole.notes


@pytest.mark.parametrize("write", [to_csv, to_parquet, lambda frame, _: frame], ids=["csv", "parquet", "frame"])
def test_pieces_are_the_whole_however_often_they_are_read(
    tmp_path: Path, write: Callable[[pd.DataFrame, Path], Any]
) -> None:
    known, given = training(), write(new_rows(), tmp_path)
    for meta in (None, NEW_META):
        whole = again(known, given, meta)
        for rows_at_once in (1, *SIZES):
            stream = stream_of(given, known, rows_at_once, meta)
            assert_same(stream, whole)
    assert_same(stream, whole)


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"word": ["1.50"] * 30 + ["q"] * 30}, id="names that begin as numbers"),
        pytest.param({"word": ["7"] * 30 + ["2.5"] * 30}, id="names that all are numbers"),
        pytest.param({"flag": ["TRUE"] * 30 + [""] * 30}, id="truth values with gaps"),
        pytest.param({"flag": ["TRUE"] * 30 + ["1"] * 30}, id="truth values, then numbers"),
        pytest.param({"x": ["1"] * 41 + ["inf", "1e999", "-"] + ["2"] * 16}, id="numbers that are none"),
        pytest.param({"x": [" 5"] * 30 + ["+7.5"] * 30}, id="numbers in disguise"),
        pytest.param({"extra": [np.inf] * 60}, id="infinity where nobody looks"),
    ],
)
def test_a_type_follows_from_the_whole_file(tmp_path: Path, columns: dict[str, Any]) -> None:
    known, path = training(), to_csv(new_rows(**columns), tmp_path)
    for rows_at_once in SIZES:
        assert_same(stream_of(path, known, rows_at_once), again(known, path))


def test_blocks_and_pieces_need_not_agree_and_what_only_the_slow_way_reads_is_streamed_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, path = training(), to_csv(new_rows(), tmp_path)
    whole = again(known, path)
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    assert_same(stream_of(path, known, 7), whole)
    path.write_text(path.read_text().replace("\nn2,", "\n   \nn2,"))
    assert_same(stream_of(path, known, 7), again(known, path))


def test_each_piece_has_its_rows_and_the_tasks_met_so_far(tmp_path: Path) -> None:
    pieces = list(stream_of(to_csv(new_rows(), tmp_path), training(), 25))
    assert [len(piece) for piece in pieces] == [25, 25, 10]
    assert pieces[0].tasks.names == ("t0", "t1", "t2", "n0", "n1", "n2")
    assert len(pieces[2].tasks) > len(pieces[0].tasks)


def test_lines_of_names_between_the_rows_are_left_out_as_in_training(tmp_path: Path) -> None:
    """Files joined by `cat`; such lines count as positions, and the note is about all of them."""
    known, plain = training(), again(training(), to_csv(new_rows(), tmp_path))
    names, *rows = (tmp_path / "new.csv").read_text().splitlines()
    joined = tmp_path / "joined.csv"
    joined.write_text("\n".join([names, *rows[:20], names, *rows[20:43], names, *rows[43:]]) + "\n")
    whole = again(known, joined)
    np.testing.assert_array_equal(whole.features.numeric, plain.features.numeric)
    assert whole.row.tolist() == [row for row in range(62) if row not in (20, 44)]
    assert "joined.csv: 2 lines of column names left out between the rows, the first line 22." in whole.notes
    for rows_at_once in (1, *SIZES):
        assert_same(stream_of(joined, known, rows_at_once), whole)
    joined.write_text(f"{names}\n{names}\n")
    assert len(again(known, joined)) == 0
    assert sum(len(piece) for piece in stream_of(joined, known, 1)) == 0


def test_a_line_of_names_is_one_where_a_single_column_is_read(tmp_path: Path) -> None:
    wide = read_dataset(pd.DataFrame({"x": range(8), "a": range(8), "b": range(8)}), target=("a", "b"), wide=True)
    (tmp_path / "new.csv").write_text("x\n1\nx\n2\n")
    assert again(wide, tmp_path / "new.csv").row.tolist() == [0, 0, 2, 2]


def replaced(column: str, row: int, cell: Any) -> pd.DataFrame:
    frame = new_rows()
    frame[column] = frame[column].astype(object)
    frame.loc[row, column] = cell
    return frame


WRONG = {
    "text in a column of numbers": replaced("x", 50, "many"),
    "a truth value in a column of numbers": replaced("x", 50, "True"),
    "numbers after a truth value": replaced("x", 0, "True"),
    "a number that is too large": replaced("x", 41, "1e200"),
    "no truth value": replaced("flag", 41, "yes"),
    "no task": replaced("task", 59, None),
    "no feature": new_rows().drop(columns="x"),
    "no task column": new_rows().rename(columns={"task": "tsk"}),
    "no column of training": new_rows()[["extra"]],
}


@pytest.mark.parametrize("frame", WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_told_as_for_the_whole_file(tmp_path: Path, frame: pd.DataFrame) -> None:
    known, path = training(), to_csv(frame, tmp_path)
    with pytest.raises(DataError) as wanted:
        again(known, path)
    for rows_at_once in SIZES:
        with pytest.raises(DataError) as found:
            list(stream_of(path, known, rows_at_once))
        assert str(found.value) == str(wanted.value)


def test_what_is_wrong_late_in_a_file_is_told_by_its_line_or_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    path = to_csv(new_rows(), tmp_path)
    *lines, last = path.read_text().splitlines()
    for end, message in (
        ([last, "1,2"], "line 62 of .* has 2"),
        ([last + ",1"], "line 61 of .* has 8"),
        ([last.replace(",", ',"', 1)], "line 61"),
    ):
        path.write_text("\n".join([*lines, *end]))
        with pytest.raises(DataError, match=message):
            list(stream_of(path, training(), 7))
    late = new_rows(x=[*map(str, range(50)), "many", *["1"] * 9])
    with pytest.raises(DataError, match=r"row 50 of new\.parquet says 'many'"):
        list(stream_of(to_parquet(late, tmp_path), training(), 7))


def test_metadata_must_describe_a_task_of_the_data_were_it_that_of_a_late_piece(tmp_path: Path) -> None:
    known, path, meta = training(), to_csv(new_rows(), tmp_path), NEW_META.assign(task=["n6", "unused"])
    assert_same(stream_of(path, known, 7, meta), again(known, path, meta))
    with pytest.raises(DataError, match=r"no task of the metadata \(such as 'y'\) is one of the data \(such as 'n0'\)"):
        list(stream_of(path, known, 7, NEW_META.assign(task=["y", "z"])))


def test_less_than_a_row_at_once_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="rows_at_once is 0"):
        stream_of(tmp_path / "new.csv", training(), 0)
