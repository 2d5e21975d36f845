"""From a Table to a design matrix, with statistics of training rows only; stored as JSON beside a model."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mthn_automl.data.dataset import FloatArray, IntArray, Table
from mthn_automl.data.schema import Column

FAR = 1e6
"""Standard deviations at which a number is cut off, so that one mistyped cell cannot overflow single precision."""

SQUASH = 3.0
"""No squashed number is larger; numbers well below it stay almost as they are."""

ROWS_AT_ONCE = 1 << 18
"""Rows worked on at a time, so that what lies between a large table and its matrix stays small."""


@dataclass(frozen=True)
class Preprocessor:
    """Standardised numbers, missing indicators and one-hot categories.

    A missing number becomes the training mean (0 after scaling), with an indicator column where `flagged`.
    `seen[c][k]` says whether category k of categorical column c occurred in training; others give zeros, as
    missing ones do, so that the width of the matrix depends on the schema and never on the rows of a fold.
    squashed: scaled numbers z become z / sqrt(1 + (z / SQUASH)^2).
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    flagged: tuple[bool, ...]
    seen: tuple[tuple[bool, ...], ...]
    squashed: bool = False

    @classmethod
    def fit(cls, columns: Sequence[Column], table: Table, flagged: Sequence[bool]) -> "Preprocessor":
        """Statistics of all rows of `table`. `flagged`: numeric columns given an indicator (see `missing_columns`)."""
        mean, scale = moments(table.numeric)
        sizes = [len(column.categories) for column in columns if column.categories is not None]
        seen = [
            np.bincount(codes[codes >= 0], minlength=size) > 0 for codes, size in zip(table.codes.T, sizes, strict=True)
        ]
        return cls(
            tuple(mean.tolist()),
            tuple(scale.tolist()),
            tuple(bool(each) for each in flagged),
            tuple(tuple(each.tolist()) for each in seen),
        )

    @property
    def width(self) -> int:
        """Columns of the matrix that `transform` returns."""
        return len(self.mean) + sum(self.flagged) + sum(len(each) for each in self.seen)

    def transform(self, table: Table) -> FloatArray:
        """(rows, width) float32: scaled numbers, then indicators, then one-hot categories."""
        matrix = np.zeros((len(table), self.width), dtype=np.float32)
        flagged, numbers = np.flatnonzero(self.flagged), len(self.mean)
        for first in range(0, len(table), ROWS_AT_ONCE):
            numeric, part = table.numeric[first : first + ROWS_AT_ONCE], matrix[first : first + ROWS_AT_ONCE]
            part[:, :numbers] = self._numbers(numeric)
            part[:, numbers : numbers + len(flagged)] = np.isnan(numeric[:, flagged])
        begin = numbers + len(flagged)
        for codes, seen in zip(table.codes.T, self.seen, strict=True):
            rows = _seen_rows(codes, np.array(seen, dtype=bool))
            matrix[rows, begin + codes[rows]] = 1.0
            begin += len(seen)
        return matrix

    def _numbers(self, numeric: FloatArray) -> FloatArray:
        scaled = (numeric - np.array(self.mean)) / np.array(self.scale)
        near = np.clip(np.nan_to_num(scaled, nan=0.0), -FAR, FAR)
        return np.asarray(near / np.sqrt(1.0 + (near / SQUASH) ** 2) if self.squashed else near)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Preprocessor":
        return cls(
            tuple(stored["mean"]),
            tuple(stored["scale"]),
            tuple(stored["flagged"]),
            tuple(tuple(each) for each in stored["seen"]),
            stored.get("squashed", False),
        )


def missing_columns(table: Table) -> tuple[bool, ...]:
    """Which numeric columns miss a value anywhere: asked once of all non-test rows, so that folds agree."""
    return tuple(bool(np.isnan(column).any()) for column in table.numeric.T)


def moments(numeric: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each column over its known values; 0 and 1 where there are none."""
    parts = [numeric[first : first + ROWS_AT_ONCE] for first in range(0, len(numeric), ROWS_AT_ONCE)] or [numeric]
    count = np.maximum(sum((~np.isnan(part)).sum(axis=0) for part in parts), 1)
    mean = sum(_known(part).sum(axis=0) for part in parts) / count
    spread = np.sqrt(sum((_known(part - mean) ** 2).sum(axis=0) for part in parts) / count)
    tiny = 1e-12 * np.abs(mean)
    return mean, np.where(spread > tiny, spread, 1.0)


def _known(numeric: FloatArray) -> FloatArray:
    """Zero where missing."""
    return np.where(np.isnan(numeric), 0.0, numeric)


def one_hot(codes: IntArray, seen: np.ndarray) -> FloatArray:
    """(rows, categories) with a one at each row's category, and none where it is missing or was not seen."""
    encoded = np.zeros((len(codes), len(seen)), dtype=np.float32)
    rows = _seen_rows(codes, seen)
    encoded[rows, codes[rows]] = 1.0
    return encoded


def _seen_rows(codes: IntArray, seen: np.ndarray) -> IntArray:
    """Rows whose category is known and occurred in training."""
    return np.flatnonzero((codes >= 0) & np.append(seen, False)[codes])
