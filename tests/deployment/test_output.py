"""Predictions reach a file whole or not at all, and a stream piece by piece."""

import os
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pandas as pd
import pytest

from mthn_automl.deployment.output import WRITERS, write_predictions
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


@pytest.mark.parametrize("ending", WRITERS)
def test_every_known_ending_is_written_as_what_it_says_and_the_same_each_time(ending: str, tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_predictions(PIECES, tmp_path / f"{name}{ending}")
    read = pd.read_parquet if ending == ".parquet" else pd.read_csv
    pd.testing.assert_frame_equal(read(tmp_path / f"first{ending}"), WHOLE)
    assert len({each.read_bytes() for each in tmp_path.iterdir()}) == 1


@pytest.mark.parametrize("name", ["p.xlsx", "p.json", "p.csv.zst", "p.gz", "p.parquet.gz", "p.cvs"])
def test_an_ending_that_says_something_else_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"^--output must end in \.csv, \.csv\.gz, \.parquet or have no ending, however"
    ):
        write_predictions(PIECES, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


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
@pytest.mark.parametrize("name", ["p.csv", "p.parquet"])
def test_an_error_leaves_the_old_file_and_nothing_else(name: str, after: int, tmp_path: Path) -> None:
    (tmp_path / name).write_text("old")
    with pytest.raises(DataError, match="line 9"):
        write_predictions(broken(after), tmp_path / name)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {name: "old"}


@pytest.mark.parametrize("after", [0, 1])
def test_an_error_in_the_first_piece_or_at_the_end_of_it_leaves_stdout_and_links_alone(
    after: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "target.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("target.csv")
    for output in (None, tmp_path / "link.csv"):
        with pytest.raises(DataError, match="line 9"):
            write_predictions(broken(after), output)
    assert capsys.readouterr().out == ""
    assert (tmp_path / "target.csv").read_text() == "old"


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
