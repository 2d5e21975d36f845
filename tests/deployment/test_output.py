"""Predictions reach a file whole or not at all, and a stream piece by piece."""

import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pandas as pd
import pyarrow as pa
import pytest

from mthn_automl.data.formats import readers, writers
from mthn_automl.data.formats.opening import open_table
from mthn_automl.data.formats.writers import excel
from mthn_automl.data.formats.writing import PACKINGS, endings
from mthn_automl.deployment.output import write_predictions
from mthn_automl.errors import DataError, UsageError

WHOLE = pd.DataFrame({"row": range(7), "task": list("aabbab,"), "prediction": [0.1, -2.0, 1e-9, 3.5, 1 / 3, 1e20, 0.0]})
PIECES = [WHOLE.iloc[:3], WHOLE.iloc[3:6], WHOLE.iloc[6:]]


def broken(after: int) -> Iterator[pd.DataFrame]:
    yield from PIECES[:after]
    raise DataError("line 9 is wrong")


def test_pieces_make_one_file_by_its_name_or_one_text_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_predictions(PIECES, tmp_path / "new" / "p.csv")
    assert (tmp_path / "new" / "p.csv").read_text() == WHOLE.to_csv(index=False)
    write_predictions(PIECES, tmp_path / "p.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "p.parquet"), WHOLE)
    write_predictions(PIECES, None)
    assert capsys.readouterr().out == WHOLE.to_csv(index=False)


def written(path: Path, pieces: list[pd.DataFrame] = PIECES) -> pd.DataFrame:
    """What is read again of what was written."""
    write_predictions(pieces, path)
    return open_table(path, "").read().to_pandas()


def as_numbers(table: pd.DataFrame) -> pd.DataFrame:
    """Where a format has text alone."""
    return table.astype(WHOLE.dtypes.to_dict())


def test_every_format_that_is_read_is_written() -> None:
    assert writers.names() == readers.names()


@pytest.mark.parametrize("packing", ["", *PACKINGS])
@pytest.mark.parametrize("ending", endings())
def test_what_was_written_is_read_as_what_it_was_to_the_last_bit(ending: str, packing: str, tmp_path: Path) -> None:
    found = written(tmp_path / f"first{ending}{packing}")
    pd.testing.assert_frame_equal(as_numbers(found), WHOLE, check_exact=True)
    if ending != ".xlsx":  # which holds the time when it was written
        before = (tmp_path / f"first{ending}{packing}").read_bytes()
        written(tmp_path / f"first{ending}{packing}")
        assert (tmp_path / f"first{ending}{packing}").read_bytes() == before


@pytest.mark.parametrize("name", ["P.CSV.GZ", "p.Csv.gZ", "P.TSV", "p.PARQUET", "p.Json.ZST"])
def test_an_ending_in_capitals_means_the_same(name: str, tmp_path: Path) -> None:
    write_predictions(PIECES, tmp_path / name)
    write_predictions(PIECES, tmp_path / f"x{name.lower()}")
    assert (tmp_path / name).read_bytes() == (tmp_path / f"x{name.lower()}").read_bytes()


@pytest.mark.parametrize("name", ["p.xls", "p.cvs", "p.2024.gz", "p.pickle", "p.tar.gz"])
def test_an_ending_of_no_format_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"^--output must end in \.arrow, \.csv, .*, or have no ending, however it is"):
        write_predictions(PIECES, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", ":x", '=HYPERLINK("http://x")', "#N/A", "\ttab", "plain"]


@pytest.mark.parametrize("ending", [".xlsx", ".csv", ".tsv", ".jsonl", ".parquet", ".feather"])
def test_text_that_looks_like_a_formula_is_written_as_the_text_it_is(ending: str, tmp_path: Path) -> None:
    table = pd.DataFrame({"task": FORMULAS, "prediction": 0.5})
    assert list(written(tmp_path / f"p{ending}", [table])["task"]) == FORMULAS


def test_a_workbook_has_no_formula_in_it(tmp_path: Path) -> None:
    write_predictions([pd.DataFrame({"task": FORMULAS, "=name": 0.5})], tmp_path / "p.xlsx")
    with zipfile.ZipFile(tmp_path / "p.xlsx") as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert 't="e"' not in sheet


@pytest.mark.parametrize(("cell", "found"), [("a" * 40_000, "begins 'aaa"), ("bell \x07", "no control characters")])
def test_what_no_cell_of_a_workbook_can_hold_is_refused(cell: str, found: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=found):
        write_predictions([pd.DataFrame({"task": [cell]})], tmp_path / "p.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_sheet_has_an_end_which_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excel, "MOST_ROWS", 7)
    with pytest.raises(DataError, match="at most 7 rows, however there are more predictions; write CSV or Parquet"):
        write_predictions(PIECES, tmp_path / "p.xlsx")


def test_names_of_rows_keep_their_type_and_gaps_through_all_pieces(tmp_path: Path) -> None:
    ids = [pa.chunked_array([each], pa.int64()) for each in ([1 << 60, 2], [None, 3], [None, None])]
    pieces = [pd.DataFrame({"id": each.to_pandas(types_mapper=pd.ArrowDtype), "prediction": 0.5}) for each in ids]
    for ending in (".parquet", ".feather", ".jsonl", ".json", ".csv"):
        found = written(tmp_path / f"p{ending}", pieces)["id"]
        known = found.dropna().astype(str).str.removesuffix(".0").tolist()
        assert (known[1:], len(found)) == (["2", "3"], 6)
    assert str(1 << 60) in (tmp_path / "p.csv").read_text()
    assert open_table(tmp_path / "p.parquet", "").read()["id"].to_pylist() == [1 << 60, 2, None, 3, None, None]


def test_what_is_read_is_not_written_by_whatever_name(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    data, weights, link = tmp_path / "data.csv", tmp_path / "model" / "weights", tmp_path / "link.csv"
    for each in (data, weights):
        each.write_text("old")
    link.symlink_to(data)
    for output in (data, weights, link, tmp_path / "model" / ".." / "data.csv"):
        with pytest.raises(UsageError, match=r"^--output must not be a file that is read, however .* is "):
            write_predictions(PIECES, output, [tmp_path / "model", data])
    assert (data.read_text(), weights.read_text()) == ("old", "old")
    write_predictions(PIECES, tmp_path / "other.csv", [tmp_path / "model", data])


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize("name", ["p.csv", "p.parquet", "p.xlsx", "p.json.gz", "p.feather"])
def test_an_error_leaves_the_old_file_and_nothing_else(name: str, after: int, tmp_path: Path) -> None:
    (tmp_path / name).write_text("old")
    with pytest.raises(DataError, match="line 9"):
        write_predictions(broken(after), tmp_path / name)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: "old"}


@pytest.mark.parametrize("after", [0, 1])
def test_an_error_in_the_first_piece_or_at_the_end_of_it_leaves_stdout_alone(
    after: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="line 9"):
        write_predictions(broken(after), None)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_error_leaves_what_a_link_leads_to(after: int, tmp_path: Path) -> None:
    (tmp_path / "target.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("target.csv")
    with pytest.raises(DataError, match="line 9"):
        write_predictions(broken(after), tmp_path / "link.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.csv", "target.csv"]
    assert (tmp_path / "target.csv").read_text() == "old"


def test_a_folder_is_no_output_and_the_longest_name_is_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--output must be a file, however .* is a folder; name a file in it"):
        write_predictions(PIECES, tmp_path)
    write_predictions(PIECES, tmp_path / f"{251 * 'p'}.csv")
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


def test_a_link_stays_a_link_and_a_pipe_a_pipe(tmp_path: Path) -> None:
    for name in ("p.csv", "p.parquet"):
        target, link = tmp_path / f"target-{name}", tmp_path / name
        link.symlink_to(target)
        write_predictions(PIECES, link)
        assert link.is_symlink()
        assert target.stat().st_size > 0
    os.mkfifo(tmp_path / "pipe")
    read: list[str] = []
    reader = Thread(target=lambda: read.append((tmp_path / "pipe").read_text()), daemon=True)
    reader.start()
    write_predictions(PIECES, tmp_path / "pipe")
    reader.join(timeout=30)
    assert read == [WHOLE.to_csv(index=False)]
    assert (tmp_path / "pipe").is_fifo()


def test_a_piece_is_on_stdout_before_the_last_has_come(capsys: pytest.CaptureFixture[str]) -> None:
    seen = []

    def pieces() -> Iterator[pd.DataFrame]:
        for piece in PIECES:
            yield piece
            seen.append(capsys.readouterr().out)

    write_predictions(pieces(), None)
    assert seen[1].startswith("row,task,prediction\n0,a,0.1\n")
