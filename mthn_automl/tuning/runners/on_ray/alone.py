"""A Ray for one search on this machine: on loopback alone, with a token of its own, in a private folder.

Nothing here imports Ray, which reads some of these variables when it is imported.
"""

import fcntl
import importlib
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from mthn_automl.errors import ClusterError

PREFIX: Final = "mthn-ray-"
LOCK: Final = "in-use"
LONGEST_FOLDER: Final = 40
"""Bytes of its path. Sockets lie up to 66 below (`/ray/session_<date>_<time>_<pid>/sockets/plasma_store`), and the
paths of sockets end at 107."""

TOKEN: Final = secrets.token_hex(32)
"""Of this process: Ray reads it once, and keeps it."""

ON_LOOPBACK: Final = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
"""Set to 0, Ray takes this machine for one that forms no cluster, and listens on 127.0.0.1 alone."""


GUARDIAN: Final = Path(__file__).with_name("guardian.py")
LONGEST_END: Final = 5.0
"""Seconds that the end of a search waits for its guardian, which goes on by itself."""

OF_CLUSTERS: Final = ("RAY_ADDRESS", "RAY_AUTH_TOKEN_PATH")

_loopback: bool = False
"""How Ray is set up in this process."""


def import_ray() -> None:
    """Import Ray as `alone` needs it."""
    with _environment():
        set_up(loopback=True)


@contextmanager
def alone() -> Iterator[None]:
    """Whatever Ray is started inside is this process's own; what the environment says of a cluster does not count.

    Raises:
        ClusterError: no process can be reached by the loopback interface, there is no folder for sockets, or Ray was
            imported before `import_ray` and cannot be set up again.
    """
    _expect_loopback()
    with _private_folder() as folder, _environment(RAY_TMPDIR=str(folder)):
        set_up(loopback=True)
        yield


def set_up(*, loopback: bool) -> None:
    """Make Ray listen as is asked for: it reads the environment when it is imported, and then no more.

    Raises:
        ClusterError: this version of Ray cannot be set up again.
    """
    global _loopback
    if "ray" not in sys.modules:
        importlib.import_module("ray")
    elif _loopback is not loopback:
        from mthn_automl.tuning.runners.on_ray import private

        private.read_environment_again(loopback=loopback)
    _loopback = loopback


@contextmanager
def _environment(**more: str) -> Iterator[None]:
    settings = {ON_LOOPBACK: "0", "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": TOKEN, **more}
    before = {name: os.environ.get(name) for name in (*settings, *OF_CLUSTERS)}
    _put({**dict.fromkeys(OF_CLUSTERS), **settings})
    try:
        yield
    finally:
        _put(before)


def _put(variables: Mapping[str, str | None]) -> None:
    """Into the environment; None: out of it."""
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _expect_loopback() -> None:
    """Without it Ray would wait for its own processes for minutes."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname(), timeout=5).close()
    except OSError as error:
        said = error.strerror or error
        raise ClusterError(
            f"Ray's processes must reach each other at 127.0.0.1, however this machine says: {said}; bring that "
            "interface up, or search in this process with --runner local."
        ) from error


@contextmanager
def _private_folder() -> Iterator[Path]:
    """A folder that this user alone can enter, removed afterwards, as are those of searches that were killed."""
    roots = list(_roots())
    for root in roots:
        _remove_abandoned(root)
        with suppress(OSError):
            folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=root))
            break
    else:
        raise ClusterError(
            f"Ray's sockets must lie in a folder with a path of at most {LONGEST_FOLDER - len(PREFIX) - 9} characters, "
            f"however none of {', '.join(map(str, _temporary()))} is short enough and can be written; "
            "set TMPDIR to one that is, or search in this process with --runner local."
        )
    lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with _guarded(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


@contextmanager
def _guarded(folder: Path) -> Iterator[None]:
    """A process of its own session ends what is left of Ray at the end of the block, were it by a kill of this one."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    guardian = subprocess.Popen(
        [sys.executable, "-P", str(GUARDIAN), str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=plain,
        start_new_session=True,
        text=True,
    )
    assert guardian.stdin is not None
    with suppress(OSError):  # it could not start: the next search clears up
        guardian.stdin.write(f"{TOKEN}\n")
        guardian.stdin.flush()
    try:
        yield
    finally:
        with suppress(OSError):
            guardian.stdin.write("ended\n")
            guardian.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            guardian.wait(LONGEST_END)


def _temporary() -> list[Path]:
    named = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp", "/var/tmp"]
    return [Path(each) for each in dict.fromkeys(named) if each]


def _roots() -> Iterator[Path]:
    """Folders that are short enough, the user's own first."""
    for path in _temporary():
        if path.is_dir() and len(os.fsencode(path / (PREFIX + 8 * "x"))) <= LONGEST_FOLDER:
            yield path


def _remove_abandoned(root: Path) -> None:
    """Folders of this user's that no living process holds."""
    with suppress(OSError):
        for folder in root.glob(PREFIX + "*"):
            with suppress(OSError):
                _remove_if_abandoned(folder)


def _remove_if_abandoned(folder: Path) -> None:
    if folder.is_symlink() or folder.stat().st_uid != os.geteuid():
        return
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
