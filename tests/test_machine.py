"""What a container leaves of processors and memory, by the files that Linux shows."""

from pathlib import Path

import psutil
import pytest

from mthn_automl import machine
from mthn_automl.errors import FormatError
from mthn_automl.machine import container_cpus
from mthn_automl.received import Received

GROUPS = {
    "no limit": ("0::/a/b", {"a/b/cpu.max": "max 100000"}, None),
    "two processors": ("0::/a/b", {"a/b/cpu.max": "200000 100000"}, 2.0),
    "a limit further up": ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "150000 100000"}, 1.5),
    "the lower of two": ("0::/a/b", {"a/b/cpu.max": "50000 100000", "a/cpu.max": "150000 100000"}, 0.5),
    "version 1": (
        "4:cpu,cpuacct:/x\n5:memory:/y",
        {"cpu/x/cpu.cfs_quota_us": "300000", "cpu/x/cpu.cfs_period_us": "100000"},
        3.0,
    ),
    "version 1 without a limit": (
        "4:cpu:/x",
        {"cpu/x/cpu.cfs_quota_us": "-1", "cpu/x/cpu.cfs_period_us": "100000"},
        None,
    ),
    "other controllers": ("5:memory:/y", {}, None),
}


@pytest.mark.parametrize(("membership", "files", "wanted"), GROUPS.values(), ids=GROUPS)
def test_the_processors_that_a_container_leaves(
    membership: str, files: dict[str, str], wanted: float | None, tmp_path: Path
) -> None:
    (tmp_path / "membership").write_text(membership)
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    assert container_cpus(tmp_path, tmp_path / "membership") == wanted


def test_without_control_groups_there_is_no_limit(tmp_path: Path) -> None:
    assert container_cpus(tmp_path, tmp_path / "nothing") is None


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content)


def test_the_limit_of_a_container_counts_that_of_its_parents_in_either_version_of_control_groups(
    tmp_path: Path,
) -> None:
    root, membership = tmp_path / "cgroup", tmp_path / "self"
    assert machine.container_bytes(root, membership) is None
    membership.write_text("0::/outer/inner\n")
    group(root / "outer" / "inner", memory__max="max\n", memory__current="10\n", memory__stat="inactive_file 1\n")
    group(root / "outer", memory__max="1000\n", memory__current="700\n", memory__stat="anon 9\ninactive_file 100\n")
    assert machine.container_bytes(root, membership) == 400
    membership.write_text("5:cpu,cpuacct:/a\n4:memory:/a\n")
    files = {"memory__limit_in_bytes": "1000", "memory__usage_in_bytes": "300", "memory__stat": "total_inactive_file 5"}
    group(root / "memory" / "a", **files)
    assert machine.container_bytes(root, membership) == 705


def test_the_smaller_of_machine_and_container_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "container_bytes", lambda: None)
    assert 0 < machine.free_bytes() <= psutil.virtual_memory().total
    monkeypatch.setattr(machine, "container_bytes", lambda: 17)
    assert machine.free_bytes() == 17


def test_a_file_of_a_folder_that_was_received_is_held_against_the_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "weights").write_bytes(b"0" * 18)
    monkeypatch.setattr(machine, "container_bytes", lambda: 17)
    with pytest.raises(FormatError, match="it has 18 bytes, and 17 are allowed"):
        Received(tmp_path, "a whole folder").bytes("weights")
