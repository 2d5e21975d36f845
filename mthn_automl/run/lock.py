"""Only one process at a time works on a run: a lock that goes with the process, however it ends."""

import errno
import fcntl
import json
import os
import secrets
import socket
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mthn_automl.errors import RunError
from mthn_automl.storage import read_json, writing

NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})


class RunLock:
    """The lock of a run, free at first. While it is held its file says who holds it, as one line of JSON:

    `{"pid": 4711, "host": "name of the machine", "token": "random, another each time"}`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._token: str | None = None
        self._close: weakref.finalize[..., RunLock] | None = None
        self._depth = 0

    @property
    def token(self) -> str:
        """What the file holds while this object has the lock: who reads it there sees the same folder.

        Raises:
            RuntimeError: this object does not hold the lock.
        """
        if self._token is None:
            raise RuntimeError("A run must be locked before it has a token.")
        return self._token

    def take(self) -> None:
        """Hold the lock until `release`, or until nothing refers to this object any more; once is enough.

        Raises:
            RunError: another process holds it, or the file system has no locks.
            StorageError: its file cannot be written.
        """
        if self._close is not None:
            return
        with writing(self.path):
            file = self._opened()
            try:
                self._lock(file)
                self._token = _sign(file)
            except BaseException:
                os.close(file)
                raise
        self._close = weakref.finalize(self, os.close, file)

    def _opened(self) -> int:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o644)
        except (IsADirectoryError, FileNotFoundError) as error:
            raise RunError(f"{self.path} must be a file to lock, however: {error.strerror}; remove it.") from error

    def _lock(self, file: int) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunError(
                f"Another process is working on {self.path.parent}{_holder(self.path)}; wait for it or stop it."
            ) from error
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise
            raise RunError(
                f"A run must lie on a file system with locks, however that of {self.path.parent} has none "
                f"({error.strerror}); choose a folder on another one."
            ) from error

    def release(self) -> None:
        """Let others work on the run; nothing happens where the lock is not held."""
        if self._close is not None:
            self._close()
            self._close, self._token = None, None

    @contextmanager
    def held(self) -> Iterator[None]:
        """A block in which the lock is held, in a larger such block perhaps; the outermost releases it."""
        self.take()
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if not self._depth:
                self.release()

    @property
    def in_a_block(self) -> bool:
        """Whether such a block is open."""
        return self._depth > 0


def _sign(file: int) -> str:
    token = secrets.token_hex(16)
    line = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "token": token}) + "\n"
    os.pwrite(file, line.encode(), 0)
    os.ftruncate(file, len(line.encode()))
    os.fsync(file)
    return token


def _holder(path: Path) -> str:
    """Nothing where the file does not say it yet."""
    try:
        holder = read_json(path)
        return f", number {holder['pid']} on {holder['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return ""
