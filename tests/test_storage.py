"""Files are there whole or not at all."""

import errno
import json
import math
import os
import pickle
import resource
import stat
from pathlib import Path

import pytest

from mthn_automl import storage
from mthn_automl.errors import StorageError


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


@pytest.mark.parametrize(
    ("step", "error"),
    [
        pytest.param("fsync", OSError("disk full"), id="as it is made safe"),
        pytest.param("chmod", KeyboardInterrupt(), id="as it is opened to others"),
        pytest.param("replace", OSError("disk full"), id="as it takes the place of the old one"),
    ],
)
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


def test_an_error_between_pieces_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    storage.write_text(path, "old")

    def write_in_part() -> None:
        with storage.replacing(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
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


NO_ROOM = "There must be room for {path}, however the system says '{reason}'; free some space."
NO_LEAVE = "{path} must be writable, however the system says '{reason}'; make its folder writable."


@pytest.mark.parametrize(
    ("sentence", "codes"),
    [
        pytest.param(NO_ROOM, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG), id="finds no room"),
        pytest.param(NO_LEAVE, (errno.EROFS, errno.EACCES, errno.EPERM), id="may not be written"),
    ],
)
def test_a_file_is_named_with_what_to_do_that(tmp_path: Path, sentence: str, codes: tuple[int, ...]) -> None:
    path = tmp_path / "a.txt"
    for code in codes:
        with pytest.raises(StorageError) as ended, storage.writing(path):
            raise OSError(code, os.strerror(code), "somewhere below")
        assert str(ended.value) == sentence.format(path=path, reason=os.strerror(code))


def test_no_leave_to_read_is_not_taken_for_a_disk_that_is_read_only() -> None:
    assert storage.refusal(PermissionError(errno.EACCES, "Permission denied", "data.csv")) is None


def test_an_error_of_another_kind_passes_as_it_is(tmp_path: Path) -> None:
    error = IsADirectoryError(errno.EISDIR, "Is a directory")
    with pytest.raises(IsADirectoryError) as ended, storage.writing(tmp_path):
        raise error
    assert ended.value is error


def test_an_error_that_is_a_sentence_already_passes_through_blocks_further_out(tmp_path: Path) -> None:
    error = StorageError("a sentence")
    with pytest.raises(StorageError) as ended, storage.writing(tmp_path):
        raise error
    assert ended.value is error


def test_a_real_file_that_finds_no_room_leaves_the_old_content_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    storage.write_bytes(path, b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(StorageError, match=r"room for .*a\.bin, however the system says 'File too large'; free"):
            storage.write_bytes(path, bytes(1001))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.bin"]


def test_a_sentence_survives_the_way_between_processes() -> None:
    error = pickle.loads(pickle.dumps(StorageError("a sentence")))  # noqa: S301 (Ray does the same)
    assert (type(error), str(error), error.exit_code) == (StorageError, "a sentence", 1)
