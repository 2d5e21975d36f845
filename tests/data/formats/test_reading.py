import io
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from openpyxl import Workbook

from mthn_automl.data.formats.opening import open_table
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.formats.table_file import TableFile
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError, UsageError
from tests.data.formats.kinds import KINDS
from tests.data.formats.test_odd_input import book


def written(folder: Path, content: str | bytes, **reading: str) -> TableFile:
    path = folder / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return open_table(path, "the data", Reading(**reading))


def test_a_delimiter_that_is_given_is_taken(tmp_path: Path) -> None:
    for given, content in ((":", "a,b:c\n1,2:3\n"), ("tab", "a,b\tc\n1,2\t3\n"), (r"\t", "a,b\tc\n1,2\t3\n")):
        file = written(tmp_path, content, delimiter=given)
        assert file.read().to_pydict() == {"a,b": ["1,2"], "c": ["3"]}
    assert written(tmp_path, "a:b\n1:2\n", delimiter=":").notes == ("data.csv: cells are separated by ':'.",)


def test_a_delimiter_that_is_given_is_taken_below_a_line_that_says_another(tmp_path: Path) -> None:
    assert written(tmp_path, "sep=;\na|b\n1|2\n", delimiter="|").read().to_pydict() == {"a": ["1"], "b": ["2"]}


def test_merged_cells_are_said_where_a_row_lacks_what_a_person_sees(tmp_path: Path) -> None:
    workbook = Workbook()
    sheet = workbook.active
    for row in range(12):
        sheet.append(["task", "x", "target"] if row == 0 else [f"t{row}" if row in (1, 7) else None, row, row**2])
    sheet.merge_cells("A2:A7")
    sheet.merge_cells("A8:A12")
    workbook.save(tmp_path / "data.xlsx")
    said = "2 ranges of merged cells: the value is in the first cell alone, and the others are empty; unmerge them"
    with pytest.raises(DataError, match=f"row 3 of data.xlsx has nothing in 'task'; fill it in. data.xlsx has {said}"):
        read_dataset(tmp_path / "data.xlsx")
    assert any(said in note for note in open_table(tmp_path / "data.xlsx", "the data").notes)


def test_an_encoding_that_is_given_is_taken_and_its_errors_have_a_line(tmp_path: Path) -> None:
    content = "x,y\n\u0416,1\n".encode("cp1251")
    assert written(tmp_path, content, encoding="cp1251").read()["x"].to_pylist() == ["\u0416"]
    assert written(tmp_path, content).read()["x"].to_pylist() == ["\xc6"]
    for encoding, same in (("UTF16", "utf-16-le"), ("utf-16-le", "utf-16-le"), ("U8", "utf-8")):
        marked = "\ufeffx,y\n\u0416,1\n".encode(same)
        assert written(tmp_path, marked, encoding=encoding).read().to_pydict() == {"x": ["\u0416"], "y": ["1"]}
    with pytest.raises(DataError, match=r"line 2 of data.csv is not UTF-8"):
        written(tmp_path, content, encoding="utf-8").read()
    with pytest.raises(DataError, match=r"line 3 of data.csv is not ascii"):
        written(tmp_path, b"x,y\n1,2\n3,\xff\n", encoding="ascii")


def test_options_that_cannot_be_meant_are_refused() -> None:
    for reading, message in (
        (lambda: Reading(delimiter=";;"), r"one ASCII character.*however it is ';;'"),
        (lambda: Reading(delimiter='"'), r"one ASCII character"),
        (lambda: Reading(delimiter=""), r"one ASCII character"),
        (lambda: Reading(delimiter="\xa6"), r"one ASCII character"),
        (lambda: Reading(encoding="utf-9"), r"one that Python knows.*however it is 'utf-9'"),
        (lambda: Reading(encoding="hex"), r"one that Python knows"),
        (lambda: Reading(encoding="a\0b"), r"one that Python knows"),
    ):
        refused(reading, message)


def refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make()


def test_a_sheet_is_taken_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "data.xlsx"
    path.write_bytes(book(["x"], [1], sheets=("One", "Two")))
    assert open_table(path, "the data", Reading(sheet="Two")).notes == ()
    with pytest.raises(DataError, match=r"has no 'Tow'; did you mean 'Two'"):
        open_table(path, "the data", Reading(sheet="Tow"))


def test_an_option_that_means_nothing_for_a_format_is_said(tmp_path: Path) -> None:
    path = KINDS["Parquet"].write(pa.table({"x": [1]}), tmp_path / "data.parquet")
    notes = open_table(path, "the data", Reading(delimiter=";", sheet="One")).notes
    assert notes == tuple(
        f"data.parquet: --{option} has no meaning for the format Parquet." for option in ("delimiter", "sheet")
    )


def test_an_option_of_files_means_nothing_for_a_frame() -> None:
    notes = open_table(pa.table({"x": [1]}), "the data", Reading(encoding="utf-8")).notes
    assert notes == ("the data: --encoding has no meaning for a DataFrame.",)


def test_a_hidden_sheet_is_not_the_first(tmp_path: Path) -> None:
    workbook = Workbook()
    workbook.active.append(["hidden"])
    workbook.active.sheet_state = "hidden"
    seen = workbook.create_sheet("Seen")
    seen.append(["x"])
    seen.append([1])
    workbook.save(tmp_path / "data.xlsx")
    file = open_table(tmp_path / "data.xlsx", "the data")
    assert file.names == ("x",)
    assert "sheet 'Seen' is read" in file.notes[0]


def test_standard_input_is_read_whatever_its_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = pa.table({"x": ["a", "b", None], "y": ["1", "2", "3"]})
    for name in ("comma", "UTF-16", "gzip", "Parquet", "Feather", "JSON lines", "workbook"):
        content = KINDS[name].write(table, tmp_path / "data.bin").read_bytes()
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        file = open_table("-", "the data")
        assert file.name == "standard input"
        assert file.read().to_pydict() == table.to_pydict()
        assert sum(map(len, file.pieces(2))) == 3
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(DataError, match="standard input is empty"):
        open_table(Path("-"), "the data")


def test_a_workbook_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "data.xlsx"
    path.write_bytes(book(["x"], [1]))
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UsageError, match=r"pip install '\.\[excel\]'` in a clone of"):
        open_table(path, "the data")


def test_what_is_neither_file_nor_frame_is_refused() -> None:
    for given in (None, 3, {"x": [1]}, b"x,y\n1,2\n"):
        with pytest.raises(UsageError, match=r"must be a file or a DataFrame, however the data are of type"):
            open_table(given, "the data")
