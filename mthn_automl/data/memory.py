"""What a table needs of memory, what this machine can give, and the refusal where it is not enough."""

from mthn_automl.errors import DataError
from mthn_automl.machine import free_bytes

BYTES_A_CELL_SEARCHED = 40
"""Beside what has been read: rows without the test rows, both as arrays of workers, and what fits copy."""

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
