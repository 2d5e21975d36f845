"""From a Table to a design matrix, with statistics of training rows only; stored as JSON beside a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Table
from mthn_automl.data.scaling import Scaling, moments
from mthn_automl.data.schema import Column

CELLS_AT_ONCE = 1 << 20
"""Cells scaled at a time, so that what lies between a large table and its matrix stays small."""


@dataclass(frozen=True)
class Preprocessor:
    """Scaled numbers, missing indicators and one-hot categories.

    A category that did not occur in training gives zeros, as a missing one does, so that the width of the matrix
    depends on the schema and never on the rows of a fold.

    Attributes:
        scaling: of the numeric columns; a missing number becomes their mean.
        flagged: whether a numeric column is given an indicator of what it misses.
        seen: whether category k of categorical column c occurred in training, as `seen[c][k]`.
    """

    scaling: Scaling
    flagged: tuple[bool, ...]
    seen: tuple[tuple[bool, ...], ...]

    @classmethod
    def fit(
        cls, columns: Sequence[Column], table: Table, flagged: Sequence[bool], weight: FloatArray | None = None
    ) -> "Preprocessor":
        """Statistics of all rows of `table`, which `weight` (rows,) weighs.

        `flagged`: numeric columns given an indicator (see `missing_columns`).
        """
        sizes = [len(column.categories) for column in columns if column.categories is not None]
        seen = [
            np.bincount(codes[codes >= 0], minlength=size) > 0 for codes, size in zip(table.codes.T, sizes, strict=True)
        ]
        return cls(
            Scaling.of(*moments(table.numeric, weight)),
            tuple(bool(each) for each in flagged),
            tuple(tuple(each.tolist()) for each in seen),
        )

    @property
    def width(self) -> int:
        """Columns of the matrix that `transform` returns."""
        return len(self.scaling) + sum(self.flagged) + sum(len(each) for each in self.seen)

    def transform(self, table: Table) -> FloatArray:
        """(rows, width) float32: scaled numbers, then indicators, then one-hot categories."""
        return self.matrix(table, self.scaling.apply)

    def matrix(self, table: Table, scaled: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """As `transform`, with the numeric columns (rows, columns) as `scaled` makes them."""
        matrix = np.zeros((len(table), self.width), dtype=np.float32)
        flagged, begin = np.flatnonzero(self.flagged), len(self.scaling) + sum(self.flagged)
        rows_at_once = max(1, CELLS_AT_ONCE // max(1, len(self.scaling)))
        for first in range(0, len(table), rows_at_once):
            numeric, part = table.numeric[first : first + rows_at_once], matrix[first : first + rows_at_once]
            part[:, : len(self.scaling)] = scaled(numeric)
            part[:, len(self.scaling) : begin] = np.isnan(numeric[:, flagged])
        for codes, seen in zip(table.codes.T, self.seen, strict=True):
            rows = _seen_rows(codes, np.array(seen, dtype=bool))
            matrix[rows, begin + codes[rows]] = 1.0
            begin += len(seen)
        return matrix


def missing_columns(table: Table) -> tuple[bool, ...]:
    """Which numeric columns miss a value anywhere: asked once of all non-test rows, so that folds agree."""
    return tuple(bool(np.isnan(column).any()) for column in table.numeric.T)


def _seen_rows(codes: IntArray, seen: np.ndarray) -> IntArray:
    """Rows whose category is known and occurred in training."""
    return np.flatnonzero((codes >= 0) & np.append(seen, False)[codes])
