"""The journal file of Optuna's studies, a record a line: mended when it is opened, and readable whatever befalls it."""

import json
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from mthn_automl.errors import RunError
from mthn_automl.storage import writing


def open_storage(journal: Path) -> JournalStorage:
    """Open the journal; what a killed process or a power cut left half-done is mended first.

    A last line without its end would be glued to the next record, and a left-over lock would hold up the first
    write for half a minute. The caller holds the lock of the run.

    Raises:
        StorageError: there is no room to write in, or nothing may be written.
        RunError: a record before the last one cannot be read.
    """
    with writing(journal):
        journal.parent.mkdir(parents=True, exist_ok=True)
        _cut_broken_end(journal)
        for leftover in _leftover_locks(journal):
            leftover.unlink(missing_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            backend = _Journal(str(journal), lock_obj=_Lock(str(journal)))
            try:
                return JournalStorage(backend)
            except ValueError as error:
                raise RunError(_damage(journal)) from error


class _Journal(JournalFileBackend):
    """A record that cannot be appended whole leaves no part of itself, to which the next one would be glued."""

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        with writing(Path(self._file_path)):
            try:
                super().append_logs(logs)
            except BaseException:
                _cut_torn_line(Path(self._file_path))
                raise


class _Lock(JournalFileOpenLock):
    """Optuna's own renames the lock before it removes it, which a full disk may refuse: it would stay behind."""

    def release(self) -> None:
        Path(self._lock_file).unlink(missing_ok=True)


def _leftover_locks(journal: Path) -> Iterable[Path]:
    return journal.parent.glob(f"{journal.name}.lock*")


def _cut_torn_line(journal: Path) -> None:
    """The part of a record behind the last line end."""
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(journal, whole)


def _cut_broken_end(journal: Path) -> None:
    """A torn line, and a last record that a power cut has left as zeros in part.

    Each record is on the disk before the next is written, so that no other can be hurt by that.
    """
    if not journal.exists():
        return
    os.close(os.open(journal, os.O_RDWR))  # a folder that is read-only is found out before anything is searched
    _cut_torn_line(journal)
    content = journal.read_bytes()
    last = content[content.rfind(b"\n", 0, len(content) - 1) + 1 :]
    if last and not _readable(last):
        os.truncate(journal, len(content) - len(last))


def _readable(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _damage(journal: Path) -> str:
    lines = enumerate(journal.read_bytes().splitlines(), start=1)
    where = next((f"line {number} is none" for number, line in lines if not _readable(line)), "it cannot be read")
    return f"{journal} must hold a record a line, however {where}; put back a copy of it, or start a new run."
