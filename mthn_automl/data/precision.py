"""Numbers that differ because one of them was stored in single precision."""

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray


def same(values: FloatArray | IntArray, others: FloatArray | IntArray | float) -> NDArray[np.bool_]:
    """Whether each value is the other, or either is what single precision makes of the other; whole numbers are exact.

    Example:
        >>> same(np.array([0.1, np.float32(0.1), 0.13]), 0.1).tolist()
        [True, True, False]
        >>> same(np.array([1_700_000_033.0]), 1_700_000_031.0).tolist()
        [False]
    """
    first, second = np.asarray(values, dtype=np.float64), np.asarray(others, dtype=np.float64)
    with np.errstate(all="ignore"):
        single_first, single_second = (each.astype(np.float32).astype(np.float64) for each in (first, second))
        fractions = (first != np.trunc(first)) | (second != np.trunc(second))
    near = (single_first == second) | (first == single_second)
    return np.asarray((first == second) | (near & fractions))
