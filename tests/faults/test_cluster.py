"""What is sent to a cluster's nodes, and what a worker there sees of it; addresses that are none."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import mthn_automl
from mthn_automl.errors import ClusterError
from mthn_automl.tuning.runners.on_ray.cluster import check_cluster
from mthn_automl.tuning.runners.on_ray.code import shipped
from tests.faults.head import Head

OURS = Path(mthn_automl.__file__).parent
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
there = resources()
print(json.dumps([there.cpus, there.gpus, there.nodes, *ray.get(seen.remote(), timeout=60)]))
"""


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path, as a user's own code is: a module, a package, and what is no source."""
    (tmp_path / "whole").mkdir()
    for name in ("alone.py", "whole/__init__.py", "whole/inner.py", "compiled.pyc"):
        (tmp_path / name).write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def head() -> Iterator[Head]:
    with Head("--num-gpus=2") as started:
        yield started


def test_this_package_is_always_sent() -> None:
    assert shipped([]) == shipped(["mthn_automl"]) == shipped(["mthn_automl.models.ridge"]) == [OURS]


def test_a_package_of_ones_own_is_sent_whole_and_a_module_alone(own: Path) -> None:
    assert shipped(["whole.inner", "alone", "whole"]) == [OURS, own / "whole", own / "alone.py"]


@pytest.mark.parametrize("name", ["numpy", "sklearn.linear_model", "typing_extensions", "json", "sys"])
def test_what_every_node_has_stays_here(name: str) -> None:
    assert shipped([name]) == [OURS]


@pytest.mark.parametrize("name", ["nowhere", "__main__", "", ".relative"])
def test_code_that_nobody_can_import_is_refused(name: str) -> None:
    with pytest.raises(ClusterError, match=r"must be importable by name, however there is no module '.*'; add its"):
        shipped([name])


def test_code_without_its_source_is_refused(own: Path) -> None:
    with pytest.raises(ClusterError, match=r"must be Python source, however the module 'compiled' is .*\.pyc; "):
        shipped(["compiled"])


@pytest.mark.ray
def test_workers_import_what_was_sent_and_the_cluster_is_counted(own: Path, head: Head) -> None:
    done = joined(head, own)
    assert done.returncode == 0, done.stderr
    *counts, alone, ours, inner = json.loads(done.stdout)
    assert counts == [1, 2, 1]
    assert [str(head.folder) in each for each in (alone, ours, inner)] == [True, True, True]


@pytest.mark.ray
def test_a_cluster_that_refuses_does_so_in_one_line(own: Path, head: Head) -> None:
    """A job whose own runtime environment names modules too: Ray merges no two lists."""
    job = {"runtime_env": {"py_modules": [str(own / "whole")]}}
    done = joined(head, own, RAY_JOB_CONFIG_JSON_ENV_VAR=json.dumps(job))
    assert done.returncode == 1
    assert done.stderr.startswith(f"The cluster {head.address} must let a search join, however Ray says: ")
    assert "Failed to merge the Job's runtime env" in done.stderr
    assert done.stderr.count("\n") == 1


def joined(head: Head, own: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    before = head.environment(**settings)
    paths = {"PYTHONPATH": f"{before['PYTHONPATH']}:{own}"}
    return subprocess.run(
        [sys.executable, "-c", JOIN, head.address],
        cwd=head.folder,  # workers of this machine would look into the driver's folder first
        env=before | paths,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(
    "address",
    [
        *("", "6379", "localhost", "localhost:", ":6379", "localhost:port", "localhost:0", "localhost:65536"),
        *("http://localhost:8265", "a b:6379", "user@localhost:6379", "localhost:6379/path", "[::1:6379"),
    ],
)
def test_a_malformed_address_is_told_what_one_looks_like(address: str) -> None:
    with pytest.raises(ClusterError, match=r"^--address must be HOST:PORT, such as 10\.0\.0\.1:6379, or auto, however"):
        check_cluster(address)


def test_a_ray_client_is_refused_with_the_reason() -> None:
    with pytest.raises(ClusterError, match=r"however 'ray://a:10001' is of a Ray Client, whose driver stands outside"):
        check_cluster("ray://a:10001")
