"""What this machine can give to a process, and what a container leaves of it by control groups, on Linux."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path("/sys/fs/cgroup")
MEMBERSHIP: Final = Path("/proc/self/cgroup")

NAMES: Final = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}
"""Files of a control group by its version: limit, use, and the line of the cache in its statistics."""


UNITS: Final = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


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


def free_bytes() -> int:
    """What can still be had of this machine's memory, and of the share that a container leaves to it."""
    import psutil

    available = int(psutil.virtual_memory().available)
    left = container_bytes()
    return available if left is None else min(available, left)


def container_bytes(root: Path = ROOT, membership: Path = MEMBERSHIP) -> int | None:
    """What the control groups of this process still allow, None without a limit."""
    left = [_left(folder, *NAMES[version]) for folder, version in control_groups("memory", root, membership)]
    return min((each for each in left if each is not None), default=None)


def _left(folder: Path, limit: str, used: str, cache: str) -> int | None:
    """Bytes between a group's use and its limit; the cache of files, which gives way, is not counted as used."""
    try:
        allowed, taken = (int((folder / name).read_text(encoding="utf-8")) for name in (limit, used))
        lines = (folder / "memory.stat").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):  # no such group, or the limit is "max"
        return None
    cached = sum(int(line.split()[1]) for line in lines if line.split()[0] == cache)
    return max(allowed - taken + cached, 0)


def in_words(size: float) -> str:
    """Bytes in a sentence: `3.2 GB`, `110 kB`."""
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}" if size < 10 * unit else f"{size / unit:.0f} {name}"
    return f"{size:.0f} bytes"
