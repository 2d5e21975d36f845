"""Rows that the user has named, in a column of the data or in a file."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset, Part

FORWARD: Final = False
WHAT: Final = "the rows named"


def seal(dataset: Dataset, share: float, seed: int) -> NDArray[np.bool_]:
    """(rows,) true where the user said test."""
    return np.asarray(_part(dataset) == Part.TEST)


def most_folds(dataset: Dataset) -> int:
    """One, where there are validation rows."""
    return int((_part(dataset) == Part.VALIDATION).any())


def deal(dataset: Dataset, folds: int, seed: int) -> IntArray:
    """Validation rows are the one fold, training rows always train."""
    return np.where(_part(dataset) == Part.VALIDATION, 0, -1)


def _part(dataset: Dataset) -> IntArray:
    assert dataset.keys.part is not None
    return dataset.keys.part
