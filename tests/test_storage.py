"""Files are there whole or not at all."""

import errno
import json
import math
import os
import pickle
import resource
import shutil
import stat
from pathlib import Path
from unittest.mock import Mock

import pytest

from mthn_automl import storage
from mthn_automl.errors import StorageError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_is_written_is_read_again_and_by_others_too(tmp_path: Path) -> None:
    """JSON in the order of its content and with a line end, text in UTF-8 as it is."""
    path = tmp_path / "new" / "a.json"
    storage.write_json(path, {"b": [1, None], "a": "é"})
    assert storage.read_json(path) == {"b": [1, None], "a": "é"}
    text = path.read_text(encoding="utf-8")
    assert (list(json.loads(text)), text[-2:]) == (["b", "a"], "}\n")
    storage.write_text(path.with_name("a.txt"), "é\r\n\n")
    assert path.with_name("a.txt").read_bytes() == "é\r\n\n".encode()
    assert names(path.parent) == ["a.json", "a.txt"]


def test_who_may_read_a_file_stays_as_it_was_or_is_as_the_umask_says(tmp_path: Path) -> None:
    private, new = tmp_path / "private", tmp_path / "new"
    private.touch()
    private.chmod(0o600)
    before = os.umask(0o027)
    try:
        for each in (private, new):
            storage.write_text(each, "new")
    finally:
        os.umask(before)
    assert [stat.S_IMODE(each.stat().st_mode) for each in (private, new)] == [0o600, 0o640]


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file to a group that is not its own")
def test_the_group_stays_and_where_it_cannot_the_file_is_no_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "shared"
    path.touch()
    os.chown(path, -1, 4242)
    path.chmod(0o664)
    storage.write_text(path, "new")
    assert (path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (4242, 0o664)

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "fchown", refuse)
    storage.write_text(path, "newer")
    assert (path.stat().st_gid, stat.S_IMODE(path.stat().st_mode)) == (os.getgid(), 0o604)


@pytest.mark.parametrize(
    ("step", "error"),
    [("fsync", OSError("disk full")), ("fchmod", KeyboardInterrupt()), ("replace", OSError("disk full"))],
    ids=["as it is made safe", "as it gets the mode of the old one", "as it takes the place of the old one"],
)
def test_a_write_that_fails_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    path = tmp_path / "a.txt"
    storage.write_text(path, "old")
    monkeypatch.setattr(os, step, Mock(side_effect=error))
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


def test_a_file_is_there_when_its_last_piece_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with storage.replacing(path) as file:
        file.write(b"one, ")
        assert not path.exists()
        file.write(b"two")
    assert path.read_bytes() == b"one, two"


def test_an_error_between_pieces_and_content_that_is_no_json_leave_the_old_content_and_nothing_else(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.json"
    storage.write_json(path, {"error": 1.0})

    def write_in_part() -> None:
        with storage.replacing(path) as file:
            file.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_in_part()
    with pytest.raises(ValueError, match="not JSON compliant"):
        storage.write_json(path, {"error": math.nan})
    assert storage.read_json(path) == {"error": 1.0}
    assert names(tmp_path) == ["a.json"]


def test_a_copy_of_a_folder_takes_the_place_of_an_old_one_whole(tmp_path: Path) -> None:
    for name, files in {"source": ("a", "b"), "target": ("a", "old"), "target.new": ("left",)}.items():
        for file in files:
            storage.write_text(tmp_path / name / file, name)
    storage.copying(tmp_path / "source", tmp_path / "target")
    assert names(tmp_path) == ["source", "target"]
    assert {path.name: path.read_text() for path in (tmp_path / "target").iterdir()} == {"a": "source", "b": "source"}


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), KeyboardInterrupt()], ids=["no room", "a signal"])
def test_a_copy_that_fails_leaves_the_old_folder_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    for name in ("source", "target"):
        storage.write_text(tmp_path / name / "a", name)
    monkeypatch.setattr(shutil, "copyfile", Mock(side_effect=error))
    with pytest.raises((StorageError, KeyboardInterrupt)):
        storage.copying(tmp_path / "source", tmp_path / "target")
    assert names(tmp_path) == ["source", "target"]
    assert (tmp_path / "target" / "a").read_text() == "target"


def test_a_reader_of_the_old_file_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    storage.write_text(path, "old")
    with path.open(encoding="utf-8") as reader:
        storage.write_text(path, "new")
        assert reader.read() == "old"
    assert path.read_text(encoding="utf-8") == "new"


NO_ROOM = "There must be room for {path}, however the system says '{reason}'; free some space."
NO_LEAVE = "{path} must be writable, however the system says '{reason}'; make its folder writable."


def test_a_file_that_finds_no_room_or_may_not_be_written_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    no_room, no_leave = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG), (errno.EROFS, errno.EACCES, errno.EPERM)
    for code in (*no_room, *no_leave):
        with pytest.raises(StorageError) as ended, storage.writing(path):
            raise OSError(code, os.strerror(code), "somewhere below")
        sentence = NO_ROOM if code in no_room else NO_LEAVE
        assert str(ended.value) == sentence.format(path=path, reason=os.strerror(code))
    assert storage.refusal(PermissionError(errno.EACCES, "Permission denied", "data.csv")) is None, "it is of reading"


def test_an_error_of_another_kind_and_one_that_is_a_sentence_already_pass_as_they_are(tmp_path: Path) -> None:
    for error in (IsADirectoryError(errno.EISDIR, "Is a directory"), StorageError("a sentence")):
        with pytest.raises(type(error)) as ended, storage.writing(tmp_path):
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
