"""How many processors a container leaves, by the files that Linux shows."""

from pathlib import Path

import pytest

from mthn_automl.data.control_groups import container_cpus

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
