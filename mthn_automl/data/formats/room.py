"""Bounds: memory is held against what is free before it is taken, and sentences stay short."""

from mthn_automl.data import memory
from mthn_automl.errors import DataError
from mthn_automl.machine import in_words

LONGEST = 1 << 26
"""Bytes of a line of text, or of a cell that spans lines: beyond it, a line break or quote is missing."""

SUSPICIOUS_BYTES, SUSPICIOUS_RATIO = 1 << 30, 500
"""What unpacks to so much, and to so many times its size, was packed to fill memory."""


def refuse_beyond(need: int, name: str, remedy: str = "give fewer rows or columns") -> None:
    """Raise a DataError if so many bytes are not free; `name` is what needs them."""
    free = memory.free_bytes()
    if need > free:
        raise DataError(
            f"The data must fit in memory, however {name} needs about {in_words(need)} once it is read, and "
            f"{in_words(free)} are free; {remedy}, or use a machine with more memory."
        )


def printable(words: str) -> str:
    """A name as a sentence can show it: names may hold line breaks, whatever moves a cursor, and a book."""
    shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in words[:200])
    return shown if len(words) <= 200 else f"{shown}..."
