"""An address that cannot be joined is answered with a sentence: no traceback, and no waiting for Ray to give up.

One head node with a token serves most of it; what a worker of a cluster that can be joined sees comes last.
"""

import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from unittest.mock import patch

import pytest

from mthn_automl.errors import ClusterError
from mthn_automl.tuning.runners.on_ray.cluster import check_cluster
from tests.faults.head import TOKEN, Head, environment, free_port

pytestmark = [pytest.mark.faults, pytest.mark.ray]

PRETEND = """
import json, sys
from mthn_automl.tuning.runners.on_ray.private import head_node
key, namespace = b"CLUSTER_METADATA", b"cluster"
client = head_node(sys.argv[1])
metadata = json.loads(client.internal_kv_get(key, namespace=namespace))
metadata.update(json.loads(sys.argv[2]))
client.internal_kv_put(key, json.dumps(metadata).encode(), overwrite=True, namespace=namespace)
"""
AT_ONCE, PATIENCE = 15.0, 40.0


@dataclass(frozen=True)
class Checked:
    """What a check answered or complained of, and how many seconds it took."""

    answer: str
    error: str
    seconds: float


def check(address: str, settings: dict[str, str]) -> Checked:
    """settings: all of the environment."""
    begins = time.monotonic()
    answer, said = "", ""
    with patch.dict(os.environ, settings, clear=True):
        try:
            answer = check_cluster(address)
        except ClusterError as error:
            said = str(error)
    return Checked(answer, said, time.monotonic() - begins)


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with Head("--num-gpus=2") as started:
        yield started


def test_an_address_where_nobody_answers_and_auto_without_a_cluster_are_named_at_once(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    checked = check(address, environment(tmp_path))
    assert checked.error.startswith(
        f"--address must name a running Ray cluster, however nothing answers at {address} (Connection refused); "
    )
    assert checked.seconds < AT_ONCE
    unknown = check("nowhere.invalid:6379", environment(tmp_path))
    assert "however nothing answers at nowhere.invalid:6379 (" in unknown.error
    auto = check("auto", environment(tmp_path, RAY_TMPDIR=str(tmp_path)))
    assert auto.error.startswith("--address auto must find a Ray cluster that was started on this machine, however ")


@pytest.mark.soak
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


@contextmanager
def web_server() -> Iterator[str]:
    """The address of a server of web pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.soak
@pytest.mark.slow
def test_a_port_that_is_none_of_ray_is_given_up(tmp_path: Path) -> None:
    with web_server() as address:
        checked = check(address, environment(tmp_path))
    assert f"what answers at {address} does not speak as Ray's head node does" in checked.error
    assert checked.seconds < PATIENCE


def test_a_version_of_ray_without_what_a_look_takes_is_named(tmp_path: Path) -> None:
    (tmp_path / "ray").mkdir()
    (tmp_path / "ray" / "__init__.py").touch()
    with web_server() as address:
        checked = check(address, environment(tmp_path, PYTHONPATH=str(tmp_path)))
    assert checked.error.startswith("A cluster must be looked at before it is joined, however Ray ")
    assert "No module named 'ray._raylet'" in checked.error


def test_a_good_address_and_auto_are_the_cluster_and_the_token_may_lie_in_a_file(head: Head, tmp_path: Path) -> None:
    assert check(head.address, head.environment()).answer == head.address
    assert check("auto", head.environment()).answer.rpartition(":")[2] == str(head.port)
    named = head.environment() | {"RAY_ADDRESS": head.address, "RAY_TMPDIR": str(tmp_path)}
    assert check("auto", named).answer == head.address
    file = tmp_path / ".ray" / "auth_token"
    file.parent.mkdir()
    file.write_text(TOKEN, encoding="utf-8")
    at_home = environment(tmp_path, RAY_AUTH_MODE="token")
    for settings in (at_home, at_home | {"RAY_AUTH_TOKEN_PATH": str(file), "HOME": "/"}):
        assert check(head.address, settings).answer == head.address


def test_a_token_that_is_wrong_not_sent_or_not_there_is_named(head: Head, tmp_path: Path) -> None:
    checked = check(head.address, head.environment() | {"RAY_AUTH_TOKEN": TOKEN[::-1]})
    assert checked.error.startswith(f"The token must be that of the cluster {head.address}, however ")
    assert checked.seconds < PATIENCE
    for settings in ({}, {"RAY_AUTH_TOKEN": TOKEN}, {"RAY_AUTH_MODE": "disabled"}):
        checked = check(head.address, environment(tmp_path, **settings))
        assert checked.error.startswith(f"The cluster {head.address} asks for a token, however RAY_AUTH_MODE is '")
        assert "set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN" in checked.error
        assert checked.seconds < PATIENCE
    no_token = "RAY_AUTH_MODE=token must come with a token, however RAY_AUTH_TOKEN is not set "
    for settings in ({}, {"RAY_AUTH_TOKEN_PATH": "/nowhere"}):
        checked = check("127.0.0.1:6379", environment(tmp_path, RAY_AUTH_MODE="token", **settings))
        assert checked.error.startswith(no_token)
        assert checked.seconds < AT_ONCE


def pretends(head: Head, **versions: str) -> None:
    """The head node claims versions that no one has."""
    command = [sys.executable, "-c", PRETEND, head.address, json.dumps(versions)]
    subprocess.run(command, env=head.environment(), check=True)


@pytest.fixture
def pretend(head: Head) -> Iterator[Head]:
    """Whatever it says in a test, it says the truth again afterwards."""
    yield head
    pretends(head, ray_version=importlib.metadata.version("ray"), python_version=sys.version.split()[0])


def test_another_version_is_named_before_joining_but_another_patch_of_python_may_be_let_in(pretend: Head) -> None:
    says = f"{{}} must have one version on all nodes, however it is 3.0.1 on the cluster {pretend.address} and "
    for name, versions in (("Python", {"python_version": "3.0.1"}), ("Ray", {"ray_version": "3.0.1"})):
        pretends(pretend, **versions)
        assert check(pretend.address, pretend.environment()).error.startswith(says.format(name))
    major, minor, *_ = sys.version_info
    pretends(pretend, python_version=f"{major}.{minor}.99", ray_version=importlib.metadata.version("ray"))
    settings = pretend.environment()
    assert f"however it is {major}.{minor}.99 on" in check(pretend.address, settings).error
    settings["RAY_DEFAULT_PYTHON_VERSION_MATCH_LEVEL"] = "minor"
    assert check(pretend.address, settings).answer == pretend.address


@pytest.mark.soak
def test_a_machine_that_is_no_node_is_told_to_become_one() -> None:
    with Head() as head:
        head.kill_node()
        checked = check(head.address, head.environment())
    assert f"however this machine is none of the nodes of {head.address}; " in checked.error


JOIN = """
import json, sys
import ray
from mthn_automl.errors import ClusterError
from mthn_automl.tuning.runners.on_ray.cluster import join, resources

@ray.remote
def seen():
    import alone, mthn_automl, whole.inner
    return [alone.__file__, mthn_automl.__file__, whole.inner.__file__]

try:
    join(sys.argv[1], ["alone", "whole.inner"])
except ClusterError as error:
    sys.exit(f"{error}")
total = resources()
print(json.dumps([total.cpus, total.gpus, total.nodes, *ray.get(seen.remote(), timeout=60)]))
"""


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A folder of a user's own code: a module, and a package."""
    (tmp_path / "whole").mkdir()
    for name in ("alone.py", "whole/__init__.py", "whole/inner.py"):
        (tmp_path / name).touch()
    return tmp_path


def joined(head: Head, own: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    before = head.environment(**settings)
    return subprocess.run(
        [sys.executable, "-c", JOIN, head.address],
        cwd=head.folder,  # workers of this machine would look into the driver's folder first
        env=before | {"PYTHONPATH": f"{before['PYTHONPATH']}:{own}"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_workers_import_what_was_sent_and_the_cluster_is_counted(own: Path, head: Head) -> None:
    done = joined(head, own)
    assert done.returncode == 0, done.stderr
    *counts, alone, ours, inner = json.loads(done.stdout)
    assert counts == [1, 2, 1]
    assert [str(head.folder) in each for each in (alone, ours, inner)] == [True, True, True]


def test_a_cluster_that_refuses_does_so_in_one_line(own: Path, head: Head) -> None:
    """A job whose own runtime environment names modules too: Ray merges no two lists."""
    job = {"runtime_env": {"py_modules": [str(own / "whole")]}}
    done = joined(head, own, RAY_JOB_CONFIG_JSON_ENV_VAR=json.dumps(job))
    assert done.returncode == 1
    assert done.stderr.startswith(f"The cluster {head.address} must let a search join, however Ray says: ")
    assert "Failed to merge the Job's runtime env" in done.stderr
    assert done.stderr.count("\n") == 1
