"""What a target might be other than it was taken for, in sentences that name the option which says so."""

from typing import Final

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.schema import Problem

FEW_GRADES: Final = 10
"""Distinct whole numbers up to which a target may be grades."""

MANY_CLASSES: Final = 100
"""From which on classes are asked about."""

FEW_EVENTS: Final = 10
"""Below which the smallest of whole numbers must lie for them to be asked about as counts."""

SKEWED: Final = 1.0
"""Skewness from which on a positive target is said to be skewed, where that of its logarithm is smaller."""


def doubts_of_numbers(name: str, values: FloatArray, problem: Problem) -> tuple[str, ...]:
    """Of one target that was taken for numbers. values: (rows,)."""
    if problem is Problem.COUNT:
        return _of_fractions(name, values)
    distinct = np.unique(values)
    whole = bool((distinct == np.floor(distinct)).all())
    if whole and len(distinct) <= FEW_GRADES:
        grades = (
            f"'{name}' holds {len(distinct)} whole numbers alone, from {distinct[0]:g} to {distinct[-1]:g}: --problem "
            "ordinal takes them for classes in that order, --problem multiclass for classes without one"
        )
        return (grades, *_of_counts(name, distinct))
    if whole:
        return _of_counts(name, distinct)
    if distinct[0] >= 0 and distinct[-1] <= 1:
        return (
            f"'{name}' lies between 0 and 1, as shares do, and is predicted as any number: where it is a number of "
            "events over a number of trials, --problem count of the events with --offset of the trials keeps it from "
            "falling below 0",
        )
    if distinct[0] > 0 and is_skewed(values):
        return (
            f"'{name}' is positive and skewed, so that its largest values outweigh all others in squared errors: "
            "--metric rmsle or mae measures the usual ones, and the search then tries its logarithm",
        )
    return ()


def doubts_of_classes(name: str, count: int, *, numeric: bool) -> tuple[str, ...]:
    """Of one target that was taken for so many classes. numeric: whether they are all numbers."""
    if count <= MANY_CLASSES:
        return ()
    other = "--problem regression takes it for numbers" if numeric else "--target names another column"
    return (f"'{name}' has {count:,} classes, which is unusual, and each costs time and memory: {other}",)


def is_skewed(values: FloatArray) -> bool:
    """Whether values, all above 0, have a long tail that their logarithms have not."""
    before = _skewness(values)
    return before > SKEWED and abs(_skewness(np.log(values))) < before


def _of_counts(name: str, distinct: FloatArray) -> tuple[str, ...]:
    if not 0 <= distinct[0] < FEW_EVENTS:
        return ()
    return (
        f"'{name}' holds whole numbers from {distinct[0]:g} on: --problem count takes them for counts, which are never "
        "predicted below 0, with --offset where they are of unequal times or sizes",
    )


def _of_fractions(name: str, values: FloatArray) -> tuple[str, ...]:
    broken = int((values != np.floor(values)).sum())
    if not broken:
        return ()
    return (
        f"'{name}' is taken for counts, though {broken:,} of {len(values):,} are no whole numbers: where they are "
        "rates, give the counts, and with --offset what these are of",
    )


def _skewness(values: FloatArray) -> float:
    centred = values - values.mean()
    spread = np.sqrt(np.mean(centred**2))
    return float(np.mean((centred / spread) ** 3)) if spread > 0 else 0.0
