"""A Ray cluster of one node, started by `ray start` in a process group of its own; nothing of it outlives its test."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

TOKEN = "5f" * 32
CHECKOUT = Path(__file__).parents[2]
SILENT = {"RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": str(CHECKOUT), "PYTHONWARNINGS": "ignore"}
START = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", "--num-cpus=1"]
START += ["--object-store-memory=80000000"]
_PATIENCE = 90.0


def environment(home: Path, **settings: str) -> dict[str, str]:
    """That of this process without whatever it says of Ray; `home` holds no token."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    return {**plain, **SILENT, "HOME": str(home), **settings}


def free_port() -> int:
    """One that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def begun(command: list[str], output: Path, settings: dict[str, str]) -> "subprocess.Popen[bytes]":
    """`ray start` in a process group of its own; settings: all of its environment."""
    with output.open("wb") as stream:
        return subprocess.Popen(
            command, env=settings, cwd=output.parent, stdout=stream, stderr=stream, start_new_session=True
        )


def wait_until_it_runs(process: "subprocess.Popen[bytes]", output: Path) -> None:
    ends = time.monotonic() + _PATIENCE
    while "Ray runtime started" not in (printed := output.read_text(errors="replace")):
        assert process.poll() is None, printed
        assert time.monotonic() < ends, printed
        time.sleep(0.1)


class Head:
    """A head node that asks for TOKEN; leaving kills its process group and expects that nothing is left of it.

    folder: where Ray keeps its files; short, since the paths of sockets may have 107 bytes.
    """

    def __init__(self, *options: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._command = [*START, "--head", f"--port={self.port}", *options, "--include-dashboard=false"]

    def environment(self, **settings: str) -> dict[str, str]:
        """Of one who may join: the token, and the folder in which Ray remembers this cluster."""
        return environment(
            self.folder, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=TOKEN, RAY_TMPDIR=str(self.folder), **settings
        )

    def __enter__(self) -> "Head":
        self.process = begun(self._command, self.folder / "output", self.environment())
        try:
            wait_until_it_runs(self.process, self.folder / "output")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        ends = time.monotonic() + 10
        while (left := self.living()) and time.monotonic() < ends:
            time.sleep(0.1)
        for each in left:
            each.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
        assert not left, left

    def living(self) -> list[psutil.Process]:
        """Processes of this cluster: each names its folder, as the path of a socket or of a log."""
        return [each for each in psutil.process_iter(["cmdline"]) if self._is_of(each)]

    def _is_of(self, process: psutil.Process) -> bool:
        return any(f"{self.folder}/" in word for word in process.info["cmdline"] or ())

    def kill_node(self) -> None:
        """End the only node, so that the tables of the cluster go on without one."""
        os.kill(self.process.pid, signal.SIGSTOP)  # it would end the rest when it sees the node die
        raylets = [each for each in self.living() if Path(each.info["cmdline"][0]).name == "raylet"]
        for each in raylets:
            each.kill()
