"""Targets with gaps: those that are known in the same rows are fitted together, each group on the rows that it has."""

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray

Index = NDArray[np.integer] | slice
EVERYTHING = slice(None)


def known_together(target: FloatArray) -> list[tuple[Index, Index]]:
    """Rows and columns of each group of targets that are known in the same rows; not of targets known in none.

    Where nothing is missing that is one group, of everything, so that no array is copied.

    Shape:
        target (rows, targets).

    Example:
        >>> known_together(np.array([[1.0, np.nan, 2.0], [3.0, 4.0, 5.0]]))
        [(array([1]), array([1])), (array([0, 1]), array([0, 2]))]
    """
    known = ~np.isnan(target)
    if known.all():
        return [(EVERYTHING, EVERYTHING)]
    patterns, group = np.unique(known, axis=1, return_inverse=True)
    return [
        (np.flatnonzero(pattern), np.flatnonzero(group.ravel() == number))
        for number, pattern in enumerate(patterns.T)
        if pattern.any()
    ]


def part_of(target: FloatArray, rows: Index, columns: Index) -> FloatArray:
    """(those rows, those columns) of a target."""
    return target[rows][:, columns]


def weight_of(weight: FloatArray | None, rows: Index) -> FloatArray | None:
    """(those rows,) of weights; None: all count alike."""
    return None if weight is None else weight[rows]


def counts_of(target: FloatArray, weight: FloatArray | None) -> FloatArray:
    """(rows, targets) what each target of each row counts: nothing where it is missing, else the row's weight."""
    known = ~np.isnan(target)
    return known.astype(np.float64) if weight is None else known * weight[:, None]


def means_of(target: FloatArray, weight: FloatArray | None) -> FloatArray:
    """(targets,) weighted means over the rows that have each; 0, the standardised mean, where none has."""
    counts = counts_of(target, weight)
    total = counts.sum(axis=0)
    return np.asarray((counts * known_or_zero(target)).sum(axis=0) / np.where(total > 0, total, 1.0))


def known_or_zero(target: FloatArray) -> FloatArray:
    """Zero where missing."""
    return np.where(np.isnan(target), 0.0, target)


def rows_with(label: FloatArray) -> tuple[Index, FloatArray]:
    """The rows that have a label, and their labels; where none has one, all rows at 0, the standardised mean."""
    known = ~np.isnan(label)
    if known.all():
        return EVERYTHING, label
    if not known.any():
        return EVERYTHING, np.zeros_like(label)
    rows = np.flatnonzero(known)
    return rows, label[rows]
