"""Wide columns as kernels see them: categories are as near to each other as their target means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder
from mthn_automl.models.parts.target_means import TargetMeans, training_means
from mthn_automl.received import typed


@dataclass(frozen=True)
class WideMeans:
    """The target means of the categories of each wide column, in units of their spread over the training rows.

    Shape:
        rows -> (rows, wide columns x outputs).

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> rows = read_dataset(cubic(tasks=2, rows=4)[0])
        >>> WideMeans.fit(Encoder.fit(rows, Flags.of(rows)), rows, rows.target, seed=0)[1].shape
        (8, 0)

    Attributes:
        means: of each wide column.
    """

    means: tuple[TargetMeans, ...]

    @classmethod
    def fit(
        cls, encoder: Encoder, training: Dataset, target: FloatArray, *, seed: int
    ) -> "tuple[WideMeans, FloatArray]":
        """Also what stands for the training rows themselves: cross-fitted, so that no row sees its own target.

        Shape:
            target (rows, outputs).
        """
        means, columns = [], [np.zeros((len(training), 0))]
        for codes, categories in _wide(encoder, training):
            own = training_means(codes, target, categories, training.weight, sure_from=np.inf, seed=seed)
            spread = np.where(own.std(axis=0) > 0.0, own.std(axis=0), 1.0)
            means.append(TargetMeans(TargetMeans.fit(codes, target, categories, training.weight).table / spread))
            columns.append(own / spread)
        return cls(tuple(means)), np.concatenate(columns, axis=1)

    def of(self, encoder: Encoder, rows: Dataset) -> FloatArray:
        """What stands for any other rows."""
        wide = zip(self.means, _wide(encoder, rows), strict=True)
        return np.concatenate([np.zeros((len(rows), 0)), *(mean.of(codes) for mean, (codes, _) in wide)], axis=1)

    @property
    def width(self) -> int:
        """Columns that stand for wide ones."""
        return sum(int(each.table.shape[1]) for each in self.means)

    @property
    def parameters(self) -> int:
        """All target means."""
        return sum(each.table.size for each in self.means)

    def to_state(self) -> dict[str, Any]:
        return {"means": [vars(each) for each in self.means]}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "WideMeans":
        """The means whose `to_state` this is. Raises ValueError: they are none."""
        return typed(state, cls)


def _wide(encoder: Encoder, rows: Dataset) -> Iterator[tuple[IntArray, int]]:
    """Codes (rows,) of each wide column, and how many categories it has."""
    columns = zip(rows.features.codes.T, encoder.features.seen, encoder.features.wide, strict=True)
    return ((codes, len(seen)) for codes, seen, wide in columns if wide)
