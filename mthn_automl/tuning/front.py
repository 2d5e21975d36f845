"""The Pareto front: what no other point beats in every respect."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray


def pareto_front(points: FloatArray | IntArray) -> NDArray[np.bool_]:
    """Which points nothing dominates, every column being minimised.

    Args:
        points: (n, k). Of equal points the first is kept; a point with a NaN is never on the front.

    Returns:
        (n,) mask.
    """
    values = np.asarray(points, dtype=np.float64)
    front = np.zeros(len(values), dtype=np.bool_)
    kept = np.empty((0, values.shape[1]))
    for row in _from_the_best_on(values):
        # Sorted, a point can only be dominated, or equalled, by one before it.
        if not (kept <= values[row]).all(axis=1).any():
            front[row] = True
            kept = np.vstack([kept, values[row]])
    return front


def _from_the_best_on(values: FloatArray) -> IntArray:
    """Row numbers without NaN, sorted by the first column, then the next; equal rows in their order."""
    known = np.flatnonzero(~np.isnan(values).any(axis=1))
    return np.asarray(known[np.lexsort(values[known].T[::-1])])


class Front:
    """The Pareto front of a study's trials, kept up as they end."""

    def __init__(self) -> None:
        self.values: dict[int, tuple[float, ...]] = {}

    def add(self, number: int, values: Sequence[float]) -> None:
        """A trial of that number, in whatever order they end; of equal ones that of the lowest number is kept."""
        point = tuple(values)
        for other, kept in self.values.items():
            if all(a <= b for a, b in zip(kept, point, strict=True)) and (kept != point or other < number):
                return
        self.values = {
            other: kept
            for other, kept in self.values.items()
            if not all(a <= b for a, b in zip(point, kept, strict=True))
        }
        self.values[number] = point
