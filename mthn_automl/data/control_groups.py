"""What a container leaves to this process: its control groups, version 1 or 2, on Linux only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")
MEMBERSHIP: Final = Path("/proc/self/cgroup")


def control_groups(controller: str, root: Path = ROOT, membership: Path = MEMBERSHIP) -> Iterator[tuple[Path, int]]:
    """Folders of the groups of this process that a controller limits, its own first, and the version of each."""
    try:
        groups = [line.split(":", 2) for line in membership.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return
    for _, controllers, path in groups:
        if not controllers:
            top, version = root, 2
        elif controller in controllers.split(","):
            top, version = root / controller, 1
        else:
            continue
        inside = top / path.strip("/")
        yield from ((folder, version) for folder in (inside, *inside.parents) if folder.is_relative_to(top))


def container_cpus(root: Path = ROOT, membership: Path = MEMBERSHIP) -> float | None:
    """Processors that the groups of this process allow, such as 1.5; None without a limit."""
    allowed = [_quota(folder, version) for folder, version in control_groups("cpu", root, membership)]
    return min((each for each in allowed if each is not None), default=None)


def _quota(folder: Path, version: int) -> float | None:
    """The time in each period over the period; None where there is no such group, or no limit."""
    try:
        if version == 2:
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        else:
            quota, period = (
                (folder / f"cpu.cfs_{name}_us").read_text(encoding="utf-8") for name in ("quota", "period")
            )
        return float(quota) / float(period) if float(quota) > 0 else None
    except (OSError, ValueError):  # no limit is the word max
        return None
