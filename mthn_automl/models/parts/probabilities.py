"""From scores of the classes that a fold holds to probabilities of all classes of the schema."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, softmax

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset

SMALLEST = 1e-6


@dataclass(frozen=True)
class Classes:
    """The classes of a problem, and which of them the training rows hold.

    A model learns one score a present class; only one score for two of them, and none at all for a single one.

    Shape:
        scores (rows, scores) -> probabilities (rows, count).

    Example:
        >>> Classes(count=3, present=(0, 2)).probabilities(np.zeros((1, 1))).round(3)
        array([[0.5, 0. , 0.5]])

    Attributes:
        count: classes of the schema.
        present: indices of those that occur in the training rows.
    """

    count: int
    present: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.present or not set(self.present) <= set(range(self.count)):
            raise ValueError(f"the classes present must be some of {self.count}, however they are {self.present}")

    @classmethod
    def of(cls, training: Dataset) -> "Classes | None":
        """None where the target is no class."""
        if not training.schema.classes:
            return None
        return cls(len(training.schema.classes), tuple(np.unique(training.target[:, 0]).astype(int).tolist()))

    @property
    def scores(self) -> int:
        """Columns of scores that a model learns."""
        return {1: 0, 2: 1}.get(len(self.present), len(self.present))

    def labels(self, target: FloatArray) -> IntArray:
        """(rows,) position of each training row's class among the present ones; target: (rows, 1)."""
        return np.searchsorted(np.array(self.present), target[:, 0].astype(np.int64))

    def indicators(self, target: FloatArray) -> FloatArray:
        """(rows, scores) with a one in the column of each row's class, the first class left out of two."""
        return np.eye(len(self.present))[self.labels(target)][:, len(self.present) - self.scores :]

    def probabilities(self, scores: FloatArray) -> FloatArray:
        """(rows, count) in (0, 1), rows summing to 1; scores: (rows, scores), logits. Absent classes get about 1e-6."""
        spread = np.full((len(scores), self.count), SMALLEST)
        spread[:, list(self.present)] = np.maximum(self._of_present(scores), SMALLEST)
        return spread / spread.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]

    def _of_present(self, scores: FloatArray) -> FloatArray:
        if self.scores == 0:
            return np.ones((len(scores), 1))
        if self.scores == 1:
            second = expit(scores)
            return np.concatenate([1.0 - second, second], axis=1)
        return softmax(scores, axis=1)
