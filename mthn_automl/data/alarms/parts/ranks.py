"""Ranks within groups."""

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray


def ranks_within(values: FloatArray | IntArray, group: IntArray) -> FloatArray:
    """(n,) ranks from 1 on within each group; equal values share the mean of their ranks. NaN come last, as equals."""
    if len(values) == 0:
        return np.empty(0)
    order = np.lexsort((values, group))
    moved, inside = values[order], group[order]
    starts = np.concatenate([[True], inside[1:] != inside[:-1]])
    fresh = starts.copy()
    fresh[1:] |= ~((moved[1:] == moved[:-1]) | ((moved[1:] != moved[1:]) & (moved[:-1] != moved[:-1])))
    first = np.flatnonzero(fresh)
    sizes = np.diff(np.append(first, len(values)))
    begin = np.maximum.accumulate(np.where(starts, np.arange(len(values)), 0))[first]
    ranks = np.empty(len(values))
    ranks[order] = np.repeat(first - begin + (sizes + 1) / 2, sizes)
    return ranks


def ranks_of(values: FloatArray | IntArray) -> FloatArray:
    """(n,) ranks from 1 on."""
    return ranks_within(values, np.zeros(len(values), dtype=np.int64))
