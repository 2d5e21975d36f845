"""The journal file of Optuna's studies, a record a line: mended when it is opened, and readable whatever befalls it."""

import json
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from mthn_automl.errors import MthnError, RunError
from mthn_automl.storage import cut_torn_line, writing


class Journal(JournalFileBackend):
    """A record that cannot be appended whole leaves no part of itself, to which the next one would be glued."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._alone = _Lock(path)
        self._held = False
        self._on_disk_at_once = True
        super().__init__(str(path), lock_obj=self._alone)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs).encode()
        with writing(self.path), self.held():
            try:
                with self.path.open("ab") as file:
                    file.write(lines)
                    file.flush()
                    if self._on_disk_at_once:
                        os.fsync(file.fileno())
            except BaseException:
                cut_torn_line(self.path)
                raise

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else writes meanwhile; taking the lock once for several records is quicker. Blocks may be nested."""
        if self._held:
            yield
            return
        self._alone.acquire()
        self._held = True
        try:
            yield
        finally:
            self._held = False
            self._alone.release()

    @contextmanager
    def later(self) -> Iterator[None]:
        """Records of this block reach the disk with the next one after it; a power cut may lose them, a kill cannot."""
        self._on_disk_at_once = False
        try:
            with self.held():
                yield
        finally:
            self._on_disk_at_once = True


class _Lock(JournalFileOpenLock):
    """Optuna's own renames the lock before it removes it, which a full disk may refuse: it would stay behind."""

    def __init__(self, path: Path) -> None:
        super().__init__(str(path))
        self.path = path

    def release(self) -> None:
        for lock in _locks(self.path):
            lock.unlink(missing_ok=True)


def open_journal(path: Path) -> tuple[Journal, JournalStorage]:
    """Open the journal; what a killed process or a power cut left half-done is mended first.

    A last line without its end would be glued to the next record, and a left-over lock would hold up the first
    write for half a minute. The caller holds the lock of the run.

    Raises:
        StorageError: there is no room to write in, or nothing may be written.
        RunError: a record before the last one cannot be read.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        _cut_broken_end(path)
        for leftover in _locks(path):
            leftover.unlink(missing_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            journal = Journal(path)
            with reading(path):
                return journal, JournalStorage(journal)


@contextmanager
def reading(journal: Path) -> Iterator[None]:
    """A block that makes something of the records of a journal.

    Raises:
        RunError: in place of whatever a record raises that says something else than it must.
    """
    try:
        yield
    except (MthnError, OSError):
        raise
    except Exception as error:
        raise RunError(_damage(journal, error)) from error


def _locks(journal: Path) -> Iterable[Path]:
    """Of a journal that one process alone may write: its own, or what a killed one has left."""
    return journal.parent.glob(f"{journal.name}.lock*")


def _cut_broken_end(journal: Path) -> None:
    """A torn line, and a last record that a power cut has left as zeros in part.

    Each record is on the disk before the next is written, so that no other can be hurt by that.
    """
    if not journal.exists():
        return
    os.close(os.open(journal, os.O_RDWR))  # a folder that is read-only is found out before anything is searched
    cut_torn_line(journal)
    content = journal.read_bytes()
    last = content[content.rfind(b"\n", 0, len(content) - 1) + 1 :]
    if last and not _readable(last):
        os.truncate(journal, len(content) - len(last))


def _readable(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _damage(journal: Path, error: Exception) -> str:
    lines = enumerate(journal.read_bytes().splitlines(), start=1)
    unreadable = f"one says what it cannot ({type(error).__name__}: {error})"
    where = next((f"line {number} is none" for number, line in lines if not _readable(line)), unreadable)
    return f"{journal} must hold a record a line, however {where}; put back a copy of it, or start a new run."
