"""The area under the ROC curve where rows are compared within strata."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.ranks import ranks_within
from mthn_automl.data.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Area:
    """An area under the curve and its standard error."""

    value: float
    error: float


def area_within(score: FloatArray, positive: NDArray[np.bool_], stratum: IntArray) -> Area:
    """Share of the pairs (positive, negative) of a stratum, over all strata, of which the positive has more.

    The error is DeLong's, or that of scores without meaning where this is larger: with few rows DeLong's is too small.
    There must be a pair.
    """
    sizes, found = np.bincount(stratum), np.bincount(stratum, positive)
    missed = sizes - found
    of_own_kind = ranks_within(score, 2 * stratum + positive)
    beaten = ranks_within(score, stratum) - of_own_kind  # rows of the other kind below each
    pairs = float((found * missed).sum())
    value = float(beaten[positive].sum() / pairs)
    others = np.where(positive, missed[stratum], found[stratum])
    centre = np.where(positive, value, 1 - value)
    observed = ((beaten - others * centre) ** 2).sum()
    by_chance = (found * missed * (sizes + 1)).sum() / 12
    return Area(value, float(np.sqrt(max(observed, by_chance)) / pairs))
