"""An address that cannot be joined is answered with a sentence: no traceback, and no waiting for Ray to give up.

Each check is a process of its own, as a search is. One head node with a token serves most of them.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.faults.head import TOKEN, Head, environment, free_port

pytestmark = [pytest.mark.faults, pytest.mark.ray]

CHECK = """
import sys
from mthn_automl.errors import ClusterError
from mthn_automl.tuning.runners.on_ray.cluster import check_cluster
try:
    print(check_cluster(sys.argv[1]))
except ClusterError as error:
    sys.exit(f"{error}")
"""
PRETEND = """
import json, sys
from ray._raylet import GcsClient
place = b"CLUSTER_METADATA", b"cluster"
client = GcsClient(address=sys.argv[1])
metadata = json.loads(client.internal_kv_get(place[0], namespace=place[1]))
metadata.update(json.loads(sys.argv[2]))
client.internal_kv_put(place[0], json.dumps(metadata).encode(), overwrite=True, namespace=place[1])
"""
AT_ONCE, PATIENCE = 15.0, 40.0


@dataclass(frozen=True)
class Checked:
    """What a check printed, and how long it took."""

    out: str
    error: str
    seconds: float


def check(address: str, settings: dict[str, str]) -> Checked:
    begins = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", CHECK, address], env=settings, capture_output=True, text=True, timeout=120
    )
    assert (done.returncode == 0) == (not done.stderr), done.stderr
    return Checked(done.stdout.strip(), done.stderr.strip(), time.monotonic() - begins)


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with Head() as started:
        yield started


def test_a_dead_address_is_named_at_once(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    checked = check(address, environment(tmp_path))
    assert checked.error.startswith(
        f"--address must name a running Ray cluster, however nothing answers at {address} (Connection refused); "
    )
    assert checked.seconds < AT_ONCE


def test_an_address_that_drops_what_it_is_sent_is_given_up(tmp_path: Path) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]  # the queue of a listener that never accepts is soon full
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        checked = check(f"127.0.0.1:{port}", environment(tmp_path))
        for each in waiting:
            each.close()
    assert f"however nothing answers at 127.0.0.1:{port} (" in checked.error
    assert checked.seconds < AT_ONCE


def test_a_host_that_nobody_knows_is_named(tmp_path: Path) -> None:
    checked = check("nowhere.invalid:6379", environment(tmp_path))
    assert "however nothing answers at nowhere.invalid:6379 (" in checked.error


@pytest.mark.slow
def test_a_port_that_is_none_of_ray_is_given_up(tmp_path: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        checked = check(f"127.0.0.1:{server.server_port}", environment(tmp_path))
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert f"what answers at 127.0.0.1:{server.server_port} does not speak as Ray's head node does" in checked.error
    assert checked.seconds < PATIENCE


def test_auto_where_no_cluster_was_started_says_so(tmp_path: Path) -> None:
    checked = check("auto", environment(tmp_path, RAY_TMPDIR=str(tmp_path)))
    assert checked.error.startswith("--address auto must find a Ray cluster that was started on this machine, however ")


def test_a_good_address_is_the_answer(head: Head) -> None:
    assert check(head.address, head.environment()).out == head.address


def test_auto_is_the_cluster_that_was_last_started_here(head: Head) -> None:
    found = check("auto", head.environment()).out
    assert found.rpartition(":")[2] == str(head.port)


def test_auto_is_what_the_environment_names(head: Head, tmp_path: Path) -> None:
    settings = head.environment() | {"RAY_ADDRESS": head.address, "RAY_TMPDIR": str(tmp_path)}
    assert check("auto", settings).out == head.address


@pytest.mark.parametrize("place", ["~/.ray/auth_token", "RAY_AUTH_TOKEN_PATH"])
def test_the_token_may_lie_in_a_file(head: Head, tmp_path: Path, place: str) -> None:
    file = tmp_path / ".ray" / "auth_token"
    file.parent.mkdir()
    file.write_text(TOKEN, encoding="utf-8")
    settings = environment(tmp_path, RAY_AUTH_MODE="token")
    if place == "RAY_AUTH_TOKEN_PATH":
        settings |= {place: str(file), "HOME": "/"}
    assert check(head.address, settings).out == head.address


def test_a_wrong_token_is_named(head: Head) -> None:
    checked = check(head.address, head.environment() | {"RAY_AUTH_TOKEN": TOKEN[::-1]})
    assert checked.error.startswith(f"The token must be that of the cluster {head.address}, however ")
    assert checked.seconds < PATIENCE


@pytest.mark.parametrize("settings", [{}, {"RAY_AUTH_TOKEN": TOKEN}, {"RAY_AUTH_MODE": "disabled"}], ids=str)
def test_a_token_that_is_not_sent_is_asked_for(head: Head, tmp_path: Path, settings: dict[str, str]) -> None:
    checked = check(head.address, environment(tmp_path, **settings))
    assert checked.error.startswith(f"The cluster {head.address} asks for a token, however RAY_AUTH_MODE is '")
    assert "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN" in checked.error
    assert checked.seconds < PATIENCE


@pytest.mark.parametrize("settings", [{}, {"RAY_AUTH_TOKEN_PATH": "/nowhere"}], ids=str)
def test_token_mode_without_a_token_is_named(head: Head, tmp_path: Path, settings: dict[str, str]) -> None:
    checked = check(head.address, environment(tmp_path, RAY_AUTH_MODE="token", **settings))
    assert checked.error.startswith("RAY_AUTH_MODE=token must come with a token, however RAY_AUTH_TOKEN is not set ")
    assert checked.seconds < PATIENCE


@pytest.fixture
def pretend(head: Head) -> Iterator[Head]:
    """The head node claims versions that no one has; whatever it said before is said again."""
    import ray

    yield head
    pretends(head, f'{{"ray_version": "{ray.__version__}", "python_version": "{sys.version.split()[0]}"}}')


def pretends(head: Head, versions: str) -> None:
    subprocess.run([sys.executable, "-c", PRETEND, head.address, versions], env=head.environment(), check=True)


@pytest.mark.parametrize(("what", "key"), [("Ray", "ray_version"), ("Python", "python_version")])
def test_another_version_is_named_before_joining(pretend: Head, what: str, key: str) -> None:
    pretends(pretend, f'{{"{key}": "3.0.1"}}')
    checked = check(pretend.address, pretend.environment())
    assert checked.error.startswith(
        f"{what} must have one version on all nodes, however it is 3.0.1 on the cluster {pretend.address} and "
    )


def test_another_patch_of_python_is_let_in_where_ray_is_told_to(pretend: Head) -> None:
    major, minor, *_ = sys.version_info
    pretends(pretend, f'{{"python_version": "{major}.{minor}.99"}}')
    settings = pretend.environment()
    assert f"however it is {major}.{minor}.99 on" in check(pretend.address, settings).error
    settings["RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL"] = "minor"
    assert check(pretend.address, settings).out == pretend.address


def test_a_machine_that_is_no_node_is_told_to_become_one() -> None:
    with Head() as head:
        head.kill_node()
        checked = check(head.address, head.environment())
    assert f"however this machine is none of the nodes of {head.address}; " in checked.error
