"""Names of tasks, classes and categories, and how sentences list them."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from mthn_automl.data.arrays import IntArray

JOINER: Final = " / "
_SLASHES: Final = re.compile(r"(?<![^ ])/(/*)(?![^ ])")
"""Slashes that stand alone between blanks."""


def joined_name(parts: Sequence[str]) -> str:
    """One name of several, such as `north / pears`; slashes that stand alone in one of them are one more.

    No other parts give the same name, and `parts_of` gives them back.
    """
    return parts[0] if len(parts) == 1 else JOINER.join(_SLASHES.sub(r"//\1", each) for each in parts)


def parts_of(name: str) -> list[str]:
    """What `joined_name` was given, of several parts."""
    return [_SLASHES.sub(r"\1", each) for each in name.split(JOINER)]


def name_by(some: Sequence[str], columns: Sequence[str], name: str) -> str:
    """The name that some of the columns give, where all of them give `name`; empty where it has not as many parts."""
    if tuple(some) == tuple(columns):
        return name
    parts = parts_of(name)
    if len(parts) != len(columns):
        return ""
    return joined_name([parts[list(columns).index(each)] for each in some])


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


def number_aware(name: str) -> tuple[int, float, str]:
    """Sort key that puts '2' before '10' and numbers before words."""
    try:
        return 0, float(name), name
    except ValueError:
        return 1, 0.0, name
