"""What a table needs of memory, what this machine can give, and the refusal where it is not enough."""

from pathlib import Path

import psutil

from mthn_automl.data.control_groups import MEMBERSHIP, ROOT, control_groups
from mthn_automl.errors import DataError

BYTES_A_CELL_SEARCHED = 40
"""Beside what has been read: rows without the test rows, both as arrays of workers, and what fits copy."""

NAMES = {
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: ("memory.max", "memory.current", "inactive_file"),
}
"""Files of a control group by its version: limit, use, and the line of the cache in its statistics."""

UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def refuse_search(rows: int, columns: int) -> None:
    """Raise a DataError if data that have been read leave too little memory to search with them."""
    need, free = BYTES_A_CELL_SEARCHED * rows * columns, free_bytes()
    if need > free:
        raise DataError(
            f"A search must hold its rows several times, however {_rounded(rows)} rows of {columns:,} columns need "
            f"about {_size(need)} more memory, and {_size(free)} are free; about {_rounded(int(rows * free / need))} "
            "rows would fit: give fewer, or use a machine with more memory."
        )


def free_bytes() -> int:
    """What can still be had of this machine's memory, and of the share that a container leaves to it."""
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


def _size(number: float) -> str:
    for unit, name in UNITS:
        if number >= unit:
            return f"{number / unit:.1f} {name}" if number < 10 * unit else f"{number / unit:.0f} {name}"
    return f"{number:.0f} bytes"


def _rounded(rows: int) -> str:
    """Two digits or more, since that is how well rows are known before they are read."""
    if rows >= 1_000_000:
        return f"{rows / 1e6:,.0f} million" if rows >= 10_000_000 else f"{rows / 1e6:.1f} million"
    return f"{round(rows, -3):,}" if rows >= 100_000 else f"{rows:,}"
