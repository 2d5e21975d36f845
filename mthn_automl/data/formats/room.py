"""Bounds: memory is held against what is free before it is taken, and sentences stay short."""

from mthn_automl.data import memory
from mthn_automl.errors import DataError

LONGEST = 1 << 26
"""Bytes of a line of text, or of a cell that spans lines: beyond it, a line break or quote is missing."""

SUSPICIOUS_BYTES, SUSPICIOUS_RATIO = 1 << 30, 500
"""What unpacks to so much, and to so many times its size, was packed to fill memory."""

UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def refuse_beyond(need: int, name: str, remedy: str = "give fewer rows or columns") -> None:
    """Raise a DataError if so many bytes are not free; `name` is what needs them."""
    free = memory.free_bytes()
    if need > free:
        raise DataError(
            f"The data must fit in memory, however {name} needs about {in_words(need)} once it is read, and "
            f"{in_words(free)} are free; {remedy}, or use a machine with more memory."
        )


def in_words(size: float) -> str:
    """`3.2 GB`, `110 kB`."""
    for unit, name in UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}" if size < 10 * unit else f"{size / unit:.0f} {name}"
    return f"{size:.0f} bytes"


def printable(words: str) -> str:
    """A name as a sentence can show it: names may hold line breaks, whatever moves a cursor, and a book."""
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in words[:200])
    return shown if len(words) <= 200 else f"{shown}..."
