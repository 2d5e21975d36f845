"""Numbers that differ because one of them was stored in single precision."""

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray


def same(values: FloatArray | IntArray, others: FloatArray | IntArray | float) -> NDArray[np.bool_]:
    """Whether each value is the other, or either is what single precision makes of the other.

    Example:
        >>> same(np.array([0.1, np.float32(0.1), 0.13]), 0.1).tolist()
        [True, True, False]
    """
    with np.errstate(over="ignore"):
        single, single_others = np.float32(values), np.float32(others)
    return np.asarray((values == others) | (single == others) | (values == single_others))
