"""What every way of splitting must do."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset


class Way(Protocol):
    """A module of `data/splits`.

    Attributes:
        FORWARD: whether a fold trains on the folds before it only, and not on those behind it.
        WHAT: what it holds out, in words.
    """

    @property
    def FORWARD(self) -> bool: ...  # noqa: N802

    @property
    def WHAT(self) -> str: ...  # noqa: N802

    def seal(self, dataset: Dataset, share: float, seed: int) -> NDArray[np.bool_]:
        """(rows,) true for test rows; none of them where the share is 0, and never all.

        Raises:
            DataError: the rows cannot be split so; what must hold, and what was found.
        """

    def most_folds(self, dataset: Dataset) -> int:
        """So many folds can be dealt of these rows, which are not test rows; 0: not even a hold-out."""

    def deal(self, dataset: Dataset, folds: int, seed: int) -> IntArray:
        """(rows,) int64 fold of each row, -1 for always in training; each fold has rows, and rows to train on.

        One fold is a hold-out of about a fifth.
        """
