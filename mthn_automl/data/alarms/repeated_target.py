"""Two targets that are the same column, or one a line through the other."""

from collections.abc import Iterator
from itertools import combinations
from shlex import quote
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted

SEES: Final = Sees.TASKS
ROWS = 10
"""Fewest rows in which both are known."""
EXACT = 1e-9


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """Pairs of targets that are equal up to a factor and a constant."""
    named = list(zip(dataset.schema.targets, dataset.target.T, strict=False))
    for (first, one), (second, other) in combinations(named, 2):
        known = np.isfinite(one) & np.isfinite(other)
        if known.sum() >= ROWS and (slope := _slope(one[known], other[known])) is not None:
            yield _alarm(first, second, slope, bool((one[known] == other[known]).all()), int(known.sum()))


def _slope(one: FloatArray, other: FloatArray) -> float | None:
    """By which `other` is a line through `one`."""
    one, other = one - one.mean(), other - other.mean()
    if not one.any() or not other.any():
        return None
    slope = float((one * other).sum() / (one**2).sum())
    return slope if np.abs(other - slope * one).max() <= EXACT * np.abs(other).max() else None


def _alarm(first: str, second: str, slope: float, same: bool, rows: int) -> Alarm:
    how = "equal" if same else f"the same up to a factor of {slope:.6g} and a constant"
    return Alarm(
        name="repeated_target",
        columns=(first, second),
        sentence=f"The targets '{first}' and '{second}' are {how} in all {counted(rows, 'row')} that have both.",
        advice=f"`--ignore {quote(second)}` leaves one out; else it counts twice in the error.",
        evidence={"slope": slope, "rows": rows},
    )
