"""Names of tasks, classes and categories, and how sentences list them."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from mthn_automl.data.arrays import IntArray

LONGEST_SHOWN: Final = 60
"""Letters of a cell."""


def positions(names: Sequence[str], known: Sequence[str]) -> IntArray:
    """(names,) int64 first index of each name in `known`, -1 where it is not among them."""
    index_of = {name: index for index, name in reversed(list(enumerate(known)))}
    return np.array([index_of.get(name, -1) for name in names], dtype=np.int64)


def listed(names: Sequence[str], most: int = 5) -> str:
    """The names in quotes for a sentence, cut short after `most` of them."""
    shown = ", ".join(f"'{name}'" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def counted(number: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def short(cell: str) -> str:
    """A cell as a sentence shows it; it may hold a book."""
    return cell if len(cell) <= LONGEST_SHOWN else f"{cell[:LONGEST_SHOWN]}..."


def number_aware(name: str) -> tuple[int, float, str]:
    """Sort key that puts '2' before '10' and numbers before words."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name
