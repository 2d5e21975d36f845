"""Names of tasks, classes and categories: text, whatever type the column has."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import IntArray

_WHOLE = re.compile(r"(-?\d+)\.0+")


def canonical(value: object) -> str:
    """The value as text, with 3.0 written as 3: whole numbers become floats where a cell of theirs is missing."""
    text = str(value)
    match = _WHOLE.fullmatch(text)
    return match.group(1) if match else text


def label_codes(column: pd.Series) -> tuple[IntArray, list[str]]:
    """(rows,) int64 index into the distinct names, -1 where missing, and the names in order of appearance."""
    return named_codes(*pd.factorize(column))


def named_codes(codes: IntArray, values: Sequence[object] | pd.Index | np.ndarray) -> tuple[IntArray, list[str]]:
    """`label_codes` of a column that has been factorized: values of the same name become one."""
    if len(values) == 0:
        return np.full(len(codes), -1, dtype=np.int64), []
    merged, names = pd.factorize(np.array([canonical(value) for value in values], dtype=object))
    if len(names) == len(values):
        return codes.astype(np.int64, copy=False), [str(name) for name in names]
    return np.append(merged, -1)[codes].astype(np.int64, copy=False), [str(name) for name in names]


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
