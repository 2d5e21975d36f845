"""A search has a Ray of its own: nobody else can reach it, and nothing of it is left, after a kill either."""

import ipaddress
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from mthn_automl.errors import ClusterError
from mthn_automl.tuning.runners.on_ray import alone
from tests.command import PROGRAM
from tests.faults import misbehaving
from tests.faults.runs import CHECKOUT, Started, results, search, trials_begun


def with_ray(test: Callable[..., None]) -> Callable[..., None]:
    return pytest.mark.faults(pytest.mark.ray(pytest.mark.slow(test)))


@dataclass(frozen=True)
class Seen:
    """A search in the middle of its trials.

    Attributes:
        listening: (address, port) of all its processes.
        could: what its owner could do, and what another user; None: only root can become one.
        permissions: of Ray's folder.
        home: files that were written to the user's home.
        alive: processes 30 s after the driver was killed.
        left: folders of Ray's after the driver was killed ...
        cleared: ... and after another search that ended well, by a user that there is not ...
        nameless: ... which only root can become.
        after: what that search answered.
        results: that it has.
    """

    listening: list[tuple[str, int]]
    could: dict[str, list[str]] | None
    permissions: int
    home: list[str]
    alive: list[str]
    left: list[str]
    cleared: list[str]
    nameless: bool
    after: "subprocess.CompletedProcess[str]"
    results: int


def listening(processes: list[int]) -> Iterator[tuple[str, int]]:
    for process in processes:
        with suppress(psutil.Error):
            for connection in psutil.Process(process).net_connections("inet"):
                if connection.status == psutil.CONN_LISTEN:
                    yield connection.laddr.ip, connection.laddr.port


def tried(user: str, temporary: Path, processes: list[int], ports: list[int]) -> list[str]:
    numbers = [",".join(map(str, each)) for each in (processes, ports)]
    words = [sys.executable, "-m", "tests.faults.stranger", user, str(temporary), *numbers]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    done = subprocess.run(words, cwd=CHECKOUT, env=plain, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))


NOISE = re.compile(r"ray|raylet|gcs|tune|torch|warning|optuna|\(pid", re.IGNORECASE)
PHASES = ("search", "ensemble", "test", "usual", "ablation", "report", "figures")
SAID = re.compile(rf"({'|'.join(PHASES)})  |1 worker on 1 node|[A-Z0-9].*\.$")
READS_ALONE = ("--clear-groups", "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
"""An installation in the home of root can be read, and nothing written."""

BECOMING = ("setpriv", "--reuid=54321", "--regid=54321", *READS_ALONE)


def without_a_name(words: list[object], temporary: Path, becoming: list[str]) -> "subprocess.CompletedProcess[str]":
    """The command by a user that has neither a name nor a home, where one can become that."""
    given = {"HOME": "/", "XDG_RUNTIME_DIR": "", "TMPDIR": str(temporary), "PYTHONPATH": str(CHECKOUT)}
    return subprocess.run(
        [*becoming, *PROGRAM, *map(str, words)],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder, short = tmp_path_factory.mktemp("alone"), Path(f"/tmp/a{os.getpid()}")
    home = folder / "home"
    for each in (short, short / "after", home, folder / "first"):
        each.mkdir()
    (short / "ray").mkdir(mode=0o700)
    environment = {"TMPDIR": str(short), "XDG_RUNTIME_DIR": "", "HOME": str(home), "SLOW_SECONDS": "600"}
    words, after = (
        search(each, misbehaving.space(each, what), what, 2, "--runner", "ray", "--workers", 1)
        for each, what in ((folder / "first", "slow"), (short / "after", "good"))
    )
    try:
        with Started(*words, **environment) as started:
            started.wait_for(lambda: bool(trials_begun(folder / "first" / "run")))
            [private] = short.glob(f"{alone.PREFIX}*")
            processes = sorted(started.processes())
            found = list(dict.fromkeys(listening(processes)))
            root = os.geteuid() == 0
            ports = [port for _, port in found]
            could = {user: tried(user, short, processes, ports) for user in ("owner", "nobody")} if root else None
            permissions = private.stat().st_mode & 0o777
            started.kill_driver()
            alive = started.left()
        left = [each.name for each in short.glob(f"{alone.PREFIX}*")]
        for each in (short, short / "after"):
            each.chmod(0o777)
        nameless = root and shutil.which("setpriv") is not None
        again = without_a_name(after, short, [*BECOMING] if nameless else [])
        cleared = [each.name for each in short.glob(f"{alone.PREFIX}*")]
        written = [each.name for each in home.rglob("*")]
        count = len(results(short / "after" / "run"))
        return Seen(found, could, permissions, written, alive, left, cleared, nameless, again, count)
    finally:
        subprocess.run(["rm", "-rf", str(short)], check=True)


@with_ray
def test_it_listens_on_loopback_alone(seen: Seen) -> None:
    assert seen.listening
    addresses = {ipaddress.ip_address(each.removeprefix("::ffff:")) for each, _ in seen.listening}
    assert all(each.is_loopback for each in addresses), seen.listening


@with_ray
def test_another_user_can_neither_read_its_token_nor_its_folder_nor_ask_its_ports(seen: Seen) -> None:
    if seen.could is None:
        pytest.skip("only root can become another user")
    assert {each.split()[0] for each in seen.could["owner"]} == {"listed", "read", "asked"}
    assert (seen.could["nobody"], seen.permissions) == ([], 0o700)


@with_ray
def test_nothing_is_left_of_it_after_a_kill_either(seen: Seen) -> None:
    assert (seen.alive, seen.left, seen.cleared, seen.home) == ([], [], [], [])


@with_ray
def test_neither_ray_nor_what_it_stands_on_says_a_word(seen: Seen) -> None:
    out, err = seen.after.stdout.splitlines(), seen.after.stderr.splitlines()
    assert out[0].split()[0] == "architecture"
    assert out[-1].startswith("    mthn-automl predict ")
    assert [line for line in out + err if NOISE.search(line)] == []
    assert {line for line in err if not SAID.match(line)} == set()


@with_ray
def test_a_user_without_a_name_or_a_home_searches_beside_the_folder_of_another(seen: Seen) -> None:
    assert (seen.after.returncode, seen.results) == (0, 2), seen.after.stderr
    if not seen.nameless:
        pytest.skip("only root can become a user that there is not, by setpriv")


def test_what_the_environment_says_of_a_cluster_is_as_before_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "set_up", lambda **_: None)
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379")
    monkeypatch.setenv("RAY_AUTH_TOKEN", "of the cluster")
    monkeypatch.delenv("RAY_AUTH_MODE", raising=False)
    before = dict(os.environ)
    with alone.alone():
        assert "RAY_ADDRESS" not in os.environ
        assert (os.environ["RAY_AUTH_MODE"], os.environ["RAY_AUTH_TOKEN"]) == ("token", alone.TOKEN)
        folder = Path(os.environ["RAY_TMPDIR"])
        assert folder.stat().st_mode & 0o777 == 0o700
    assert (dict(os.environ), folder.exists()) == (before, False)


def test_the_next_search_clears_up_what_nobody_holds_and_leaves_what_is_in_use_or_not_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alone, "set_up", lambda **_: None)
    monkeypatch.setattr(alone, "LONGEST_FOLDER", 200)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / f"{alone.PREFIX}other").mkdir()
    (tmp_path / f"{alone.PREFIX}killed").mkdir()
    (tmp_path / f"{alone.PREFIX}killed" / alone.LOCK).touch()
    (tmp_path / f"{alone.PREFIX}link").symlink_to(tmp_path)
    with alone.alone(), alone.alone():
        assert len(list(tmp_path.glob(f"{alone.PREFIX}*"))) == 4
    assert {each.name for each in tmp_path.iterdir()} == {f"{alone.PREFIX}other", f"{alone.PREFIX}link"}


def test_where_no_folder_is_short_enough_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alone, "LONGEST_FOLDER", 10)
    with (
        pytest.raises(ClusterError, match=r"^Ray's sockets must lie in a folder with a path of at most .* TMPDIR"),
        alone.alone(),
    ):
        pass


def test_without_a_loopback_interface_a_search_says_so_at_once(tmp_path: Path) -> None:
    """In a network namespace of its own, where it is down."""
    apart = ["unshare", "--net", "--map-root-user"]
    if subprocess.run([*apart, "true"], capture_output=True).returncode != 0:
        pytest.skip("this system lets nobody make a network namespace")
    program = "from mthn_automl.tuning.runners.on_ray.alone import alone\nwith alone(): pass"
    done = subprocess.run(
        [*apart, sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, timeout=60
    )
    assert (
        "ClusterError: Ray's processes must reach each other at 127.0.0.1, however this machine says: " in done.stderr
    )
