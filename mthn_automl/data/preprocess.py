"""From a Table to a design matrix, with statistics of training rows only; stored as JSON beside a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Table
from mthn_automl.data.scaling import Scaling, moments
from mthn_automl.data.schema import Column

NEVER_WIDE = 32
"""Categories that always get a column each."""

ONE_HOT_VALUES = 1 << 25
"""Of the one-hot columns of larger ones, all together: 128 MB."""

CELLS_AT_ONCE = 1 << 20
"""Cells scaled at a time, so that what lies between a large table and its matrix stays small."""


@dataclass(frozen=True)
class Preprocessor:
    """Scaled numbers, missing indicators, one-hot categories, and the indices of the categories of wide columns.

    A category that did not occur in training gives zeros, as a missing one does, so that the width of the matrix
    depends on the schema and never on the rows of a fold. A wide column, whose one-hot columns would fill the memory,
    gives one number instead: where its category stands among those of all wide columns, -1 in place of zeros.

    Attributes:
        scaling: of the numeric columns; a missing number becomes their mean.
        flagged: whether a numeric column is given an indicator of what it misses.
        seen: whether category k of categorical column c occurred in training, as `seen[c][k]`.
        wide: whether a categorical column is wide.
    """

    scaling: Scaling
    flagged: tuple[bool, ...]
    seen: tuple[tuple[bool, ...], ...]
    wide: tuple[bool, ...]

    def __post_init__(self) -> None:
        if len(self.wide) != len(self.seen):
            raise ValueError(f"'wide' must be of {len(self.seen)} columns, however it is of {len(self.wide)}")

    @classmethod
    def fit(
        cls,
        columns: Sequence[Column],
        table: Table,
        flagged: Sequence[bool],
        *,
        weight: FloatArray | None = None,
        wide: Sequence[bool] | None = None,
    ) -> "Preprocessor":
        """Statistics of all rows of `table`.

        Args:
            columns: of the table.
            table: the rows.
            flagged: numeric columns given an indicator (see `missing_columns`).
            weight: (rows,) what each row counts; None: all count alike.
            wide: categorical columns that are wide; None: none is.
        """
        sizes = [len(column.categories) for column in columns if column.categories is not None]
        seen = [
            np.bincount(codes[codes >= 0], minlength=size) > 0 for codes, size in zip(table.codes.T, sizes, strict=True)
        ]
        return cls(
            Scaling.of(*moments(table.numeric, weight)),
            tuple(bool(each) for each in flagged),
            tuple(tuple(each.tolist()) for each in seen),
            tuple([False] * len(seen) if wide is None else wide),
        )

    @property
    def width(self) -> int:
        """Columns of the matrix that `transform` returns."""
        return self.narrow + sum(self.wide)

    @property
    def narrow(self) -> int:
        """Columns without the wide ones, which are the last."""
        one_hot = sum(len(each) for each, wide in zip(self.seen, self.wide, strict=True) if not wide)
        return len(self.scaling) + sum(self.flagged) + one_hot

    @property
    def wide_categories(self) -> int:
        """Categories of all wide columns."""
        return sum(len(each) for each, wide in zip(self.seen, self.wide, strict=True) if wide)

    def transform(self, table: Table) -> FloatArray:
        """(rows, width) float32: scaled numbers, then indicators, one-hot categories, and indices of wide columns."""
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
        column, first_category = self.narrow, 0
        for codes, seen, wide in zip(table.codes.T, self.seen, self.wide, strict=True):
            rows = _seen_rows(codes, np.array(seen, dtype=bool))
            if wide:
                matrix[:, column] = -1.0
                matrix[rows, column] = first_category + codes[rows]
                column, first_category = column + 1, first_category + len(seen)
            else:
                matrix[rows, begin + codes[rows]] = 1.0
                begin += len(seen)
        return matrix


def most_one_hot(sizes: Sequence[int], rows: int) -> int:
    """Categories up to which a column is given a column each, where categorical columns of such sizes have `rows`."""
    rising = sorted(sizes)
    fitting = [size for size, total in zip(rising, np.cumsum(rising), strict=True) if total * rows <= ONE_HOT_VALUES]
    return max([NEVER_WIDE, *fitting])


def missing_columns(table: Table) -> tuple[bool, ...]:
    """Which numeric columns miss a value anywhere: asked once of all non-test rows, so that folds agree."""
    return tuple(bool(np.isnan(column).any()) for column in table.numeric.T)


def _seen_rows(codes: IntArray, seen: np.ndarray) -> IntArray:
    """Rows whose category is known and occurred in training."""
    return np.flatnonzero((codes >= 0) & np.append(seen, False)[codes])
