"""`-` is standard input for every table: it is read once, and one table is read from it."""

import io
import sys
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest

from mthn_automl.data.problems import planted
from mthn_automl.errors import UsageError
from mthn_automl.run.folder import fingerprint
from mthn_automl.run.job import resume, search
from tests.command import Ended, in_process

DATA, META = planted(tasks=6, rows=12)
FEW = {"architectures": "ridge", "trials": 1, "runner": "local", "no_ablation": True}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, table in (("data", DATA), ("meta", META)):
        table.to_csv(tmp_path / f"{name}.csv", index=False)
    return tmp_path


def piped(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))


@pytest.mark.parametrize("words", [("-",), ("data.csv", "--meta", "-"), ("data.csv", "--test", "-")])
def test_each_table_may_be_piped_in(folder: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]) -> None:
    name = "meta.csv" if "--meta" in words else "data.csv"
    piped(monkeypatch, folder / name)
    ended = in_process(folder, "check", *words, "--json")
    assert ended == Ended(0, in_process(folder, "check", *(name if w == "-" else w for w in words), "--json").out, "")


@pytest.mark.parametrize("command", ["check", "search", "predict"])
def test_two_tables_from_it_are_refused(folder: Path, command: str) -> None:
    ended = in_process(folder, command, *(["model"] if command == "predict" else []), "-", "--meta", "-")
    assert (ended.code, ended.out) == (2, "")
    assert "One table can be read from standard input, however DATA and --meta are '-'" in ended.err


def test_a_search_of_it_keeps_what_identifies_it_and_goes_on_with_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = (folder / "data.csv").read_bytes()
    piped(monkeypatch, folder / "data.csv")
    found = search("-", folder / "meta.csv", output=folder / "run", **FEW)
    assert f'"sha256": "{sha256(content).hexdigest()}"' in (found.folder / "data_fingerprint.json").read_text()
    with pytest.raises(UsageError, match="came from standard input; --data FILE must give them again"):
        resume(found.folder, trials=1)
    assert resume(found.folder, trials=1, data=folder / "data.csv").leaderboard["trials"].sum() == 2


def test_tables_of_arrow_are_identified_as_those_of_pandas() -> None:
    assert fingerprint(pa.Table.from_pandas(DATA, preserve_index=False)) == fingerprint(DATA)
