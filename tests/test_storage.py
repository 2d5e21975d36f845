"""Files are there whole or not at all."""

import json
import math
import os
import stat
from pathlib import Path

import pytest

from mthn_automl import storage


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    storage.write_json(tmp_path / "new" / "a.json", {"b": [1, None], "a": "é"})
    assert storage.read_json(tmp_path / "new" / "a.json") == {"b": [1, None], "a": "é"}
    assert names(tmp_path / "new") == ["a.json"]


def test_json_keeps_the_order_of_the_content_and_ends_with_a_line_end(tmp_path: Path) -> None:
    storage.write_json(tmp_path / "a.json", {"b": 1, "a": 2})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert list(json.loads(text)) == ["b", "a"]
    assert text.endswith("}\n")


def test_text_is_written_in_utf_8_as_it_is(tmp_path: Path) -> None:
    storage.write_text(tmp_path / "a.txt", "é\r\n\n")
    assert (tmp_path / "a.txt").read_bytes() == "é\r\n\n".encode()


@pytest.mark.parametrize("step", ["fsync", "chmod", "replace"])
@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()], ids=["full", "interrupted"])
def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    path = tmp_path / "a.txt"
    storage.write_text(path, "old")

    def fail(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        storage.write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.txt"]


def test_a_file_written_piece_by_piece_is_there_when_the_last_piece_is(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.csv"
    with storage.replacing(path) as file:
        file.write(b"one,")
        file.write(b"two")
        assert not path.exists()
    assert path.read_bytes() == b"one,two"
    assert names(tmp_path / "new") == ["a.csv"]


@pytest.mark.parametrize("error", [ValueError("a bad line"), KeyboardInterrupt()], ids=["error", "interrupted"])
def test_an_error_between_pieces_leaves_the_old_content_and_nothing_else(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a.csv"
    storage.write_text(path, "old")

    def write_in_part() -> None:
        with storage.replacing(path) as file:
            file.write(b"new")
            raise error

    with pytest.raises(type(error)):
        write_in_part()
    assert path.read_text(encoding="utf-8") == "old"
    assert names(tmp_path) == ["a.csv"]


def test_content_that_is_no_json_leaves_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    storage.write_json(path, {"error": 1.0})
    with pytest.raises(ValueError, match="not JSON compliant"):
        storage.write_json(path, {"error": math.nan})
    assert storage.read_json(path) == {"error": 1.0}
    assert names(tmp_path) == ["a.json"]


def test_the_file_may_be_read_by_others(tmp_path: Path) -> None:
    storage.write_text(tmp_path / "a.txt", "x")
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644


def test_a_reader_of_the_old_file_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    storage.write_text(path, "old")
    with path.open(encoding="utf-8") as reader:
        storage.write_text(path, "new")
        assert reader.read() == "old"
    assert path.read_text(encoding="utf-8") == "new"
