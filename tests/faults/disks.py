"""Disks that a test fills and makes read-only while real processes write on them, as far as it is allowed to here."""

import resource
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEGABYTES = 16


class Disk:
    """A folder on the machine's own disk.

    It counts as full for a process that may let no file grow any more. It counts as read-only when its files are
    immutable, or, where only root may make them so and the tests are not root, when nobody has leave to write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, process: "subprocess.Popen[str]") -> None:
        """From now on no write of the process, and of no other, finds room."""
        _, hard = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, hard))

    def make_room(self) -> None:
        """Nothing is in the way of a new process."""

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Nothing in the folder can be written, changed or removed, by root neither."""
        freeze = next(filter(self._frozen_by, (_immutable, _without_leave)))
        try:
            yield
        finally:
            freeze(self.folder, False)

    def _frozen_by(self, freeze: Callable[[Path, bool], bool]) -> bool:
        """Whether it is frozen now; if it could not be, it is as before."""
        if freeze(self.folder, True) and not _writable(self.folder):
            return True
        freeze(self.folder, False)
        return False


def _immutable(folder: Path, wanted: bool) -> bool:
    return _done("chattr", "-R", "+i" if wanted else "-i", str(folder))


def _without_leave(folder: Path, wanted: bool) -> bool:
    return _done("chmod", "-R", "a-w" if wanted else "u+w", str(folder))


def _writable(folder: Path) -> bool:
    probe = folder / "probe"
    try:
        probe.touch()
    except OSError:
        return False
    probe.unlink()
    return True


class Mounted(Disk):
    """A small file system in memory: as full and as read-only as any."""

    def fill(self, process: "subprocess.Popen[str]") -> None:
        with suppress(OSError), self._filler.open("ab", buffering=0) as stream:
            while True:
                stream.write(bytes(4096))

    def make_room(self) -> None:
        self._filler.unlink(missing_ok=True)

    @property
    def _filler(self) -> Path:
        return self.folder / "filler"

    @contextmanager
    def read_only(self) -> Iterator[None]:
        _mount("-o", "remount,ro", str(self.folder))
        try:
            yield
        finally:
            _mount("-o", "remount,rw", str(self.folder))


@contextmanager
def small_disk(folder: Path) -> Iterator[Disk]:
    """A file system of its own at `folder` where mounting is allowed, else the folder as it is."""
    folder.mkdir()
    if not _done("mount", "-t", "tmpfs", "-o", f"size={MEGABYTES}m", "tmpfs", str(folder)):
        yield Disk(folder)
        return
    try:
        yield Mounted(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def _done(*words: str) -> bool:
    """Whether a command is there, and does what it is to do."""
    try:
        return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False
