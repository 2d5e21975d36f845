"""Files that are there whole or not at all."""

import errno
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from mthn_automl.errors import StorageError

BLOCK = 1 << 16
"""Bytes read at a time from the end of a file."""

NAMED = 60
"""Characters of a file's name that the name of its temporary one has: names end at 255 bytes."""

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
NO_WRITING = frozenset({errno.EROFS})
OTHER_KIND = frozenset({errno.EISDIR, errno.ENOTDIR, errno.EEXIST})
NO_LEAVE = frozenset({errno.EACCES, errno.EPERM})
"""As NO_WRITING, where it is known that the system refused to write: reading may be refused with them, too."""


@contextmanager
def replacing(path: Path, *, on_disk: bool = True) -> Iterator[IO[bytes]]:
    """A file to write piece by piece, which takes the place of `path` in one step when the block ends.

    A reader, or a crash, sees the old content or the new, never a part; an error in the block leaves the old one.
    Who may read it stays as it was, or is as the user's umask says.
    on_disk: False for what nothing depends on, and a power cut may leave empty; it is quicker.

    Raises:
        StorageError: there is no room, or nothing may be written there.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name[:NAMED]}.{secrets.token_hex(4)}")
        try:
            with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as stream:
                with suppress(FileNotFoundError):
                    _as_it_was(stream.fileno(), path.stat())
                yield stream
                stream.flush()
                if on_disk:
                    os.fsync(stream.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _as_it_was(descriptor: int, was: os.stat_result) -> None:
    """Give a new file the group and the mode of the old one; what no longer is its group's may not read it either."""
    mode = stat.S_IMODE(was.st_mode)
    if os.fstat(descriptor).st_gid != was.st_gid:
        try:
            os.fchown(descriptor, -1, was.st_gid)
        except PermissionError:
            mode &= ~stat.S_IRWXG
    os.fchmod(descriptor, mode)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """A block that writes `path`, or files below it.

    Raises:
        StorageError: in place of an OSError that says there is no room, or that nothing may be written there.
    """
    try:
        yield
    except StorageError:
        raise
    except OSError as error:
        if error.errno in NO_LEAVE:
            raise StorageError(_not_writable(path, error)) from error
        sentence = refusal(error, path)
        if sentence is None:
            raise
        raise StorageError(sentence) from error


def refusal(error: OSError, path: Path | None = None) -> str | None:
    """What to say where nothing more can be written; None for an error of another kind.

    path: what was written, where the error itself does not name it.
    """
    named = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else None
    place = path or named
    if error.errno in NO_ROOM:
        wanted = "what this command writes" if place is None else str(place)
        return f"There must be room for {wanted}, however the system says '{error.strerror}'; free some space."
    if error.errno in NO_WRITING:
        return _not_writable(place, error)
    if error.errno == errno.ENAMETOOLONG:
        return f"What is written must have a name that the system allows, however {place} is too long; shorten it."
    return None


def of_another_kind(error: OSError) -> str | None:
    """What to say where a folder is in the place of a file, or a file in that of a folder; None for another error."""
    if error.errno not in OTHER_KIND or not isinstance(error.filename, str | bytes):
        return None
    wanted = "a file" if error.errno == errno.EISDIR else "a folder"
    place = os.fsdecode(error.filename2 or error.filename)
    return f"{place} must be {wanted}, however the system says '{error.strerror}'; move it out of the way."


def _not_writable(path: Path | None, error: OSError) -> str:
    wanted = "What this command writes" if path is None else str(path)
    return f"{wanted} must be writable, however the system says '{error.strerror}'; make its folder writable."


def write_bytes(path: Path, content: bytes, *, on_disk: bool = True) -> None:
    """Replace the file in one step, as `replacing` does."""
    with replacing(path, on_disk=on_disk) as stream:
        stream.write(content)


def write_text(path: Path, content: str, *, on_disk: bool = True) -> None:
    """As `write_bytes`, in UTF-8."""
    write_bytes(path, content.encode("utf-8"), on_disk=on_disk)


def write_json(path: Path, content: Any, *, on_disk: bool = True) -> None:
    """Indented, in the order of the content; NaN is refused, since JSON has none."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n", on_disk=on_disk)


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def copying(source: Path, target: Path) -> None:
    """A copy of the files of `source` at `target`, there whole or not at all."""
    staged = target.with_name(f"{target.name}.new")
    shutil.rmtree(staged, ignore_errors=True)
    try:
        with writing(target):
            staged.mkdir()
            for each in filter(Path.is_file, source.iterdir()):
                shutil.copyfile(each, staged / each.name)
            shutil.rmtree(target, ignore_errors=True)
            os.replace(staged, target)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def cut_torn_line(path: Path) -> None:
    """Take away what stands behind the last line end of a file to which lines are appended; nothing where none is."""
    if not path.is_file():
        return
    with path.open("rb") as stream:
        end = whole = stream.seek(0, os.SEEK_END)
        while whole > 0:
            begin = max(0, whole - BLOCK)
            stream.seek(begin)
            found = stream.read(whole - begin).rfind(b"\n")
            if found >= 0:
                whole = begin + found + 1
                break
            whole = begin
    if whole < end:
        os.truncate(path, whole)
