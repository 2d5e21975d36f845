"""From a Table to a design matrix, with statistics of training rows only; stored as JSON beside a model."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mthn_automl.data.dataset import FloatArray, IntArray, Table
from mthn_automl.data.schema import Column

FAR = 1e6
"""Standard deviations at which a number is cut off, so that one mistyped cell cannot overflow single precision."""


@dataclass(frozen=True)
class Preprocessor:
    """Standardised numbers, missing indicators and one-hot categories.

    A missing number becomes the training mean (0 after scaling), with an indicator column where `flagged`.
    `seen[c][k]` says whether category k of categorical column c occurred in training; others give zeros, as
    missing ones do, so that the width of the matrix depends on the schema and never on the rows of a fold.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    flagged: tuple[bool, ...]
    seen: tuple[tuple[bool, ...], ...]

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
        parts = [self._numbers(table.numeric), np.isnan(table.numeric[:, np.array(self.flagged, dtype=bool)])]
        parts += [one_hot(codes, np.array(seen)) for codes, seen in zip(table.codes.T, self.seen, strict=True)]
        return np.concatenate([np.asarray(part, dtype=np.float32) for part in parts], axis=1)

    def _numbers(self, numeric: FloatArray) -> FloatArray:
        scaled = (numeric - np.array(self.mean)) / np.array(self.scale)
        return np.asarray(np.clip(np.nan_to_num(scaled, nan=0.0), -FAR, FAR))

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Preprocessor":
        return cls(
            tuple(stored["mean"]),
            tuple(stored["scale"]),
            tuple(stored["flagged"]),
            tuple(tuple(each) for each in stored["seen"]),
        )


def missing_columns(table: Table) -> tuple[bool, ...]:
    """Which numeric columns miss a value anywhere: asked once of all non-test rows, so that folds agree."""
    return tuple(bool(np.isnan(column).any()) for column in table.numeric.T)


def moments(numeric: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each column over its known values; 0 and 1 where there are none."""
    known = ~np.isnan(numeric)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, numeric, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, numeric - mean, 0.0) ** 2).sum(axis=0) / count)
    tiny = 1e-12 * np.abs(mean)
    return mean, np.where(spread > tiny, spread, 1.0)


def one_hot(codes: IntArray, seen: np.ndarray) -> FloatArray:
    """(rows, categories) with a one at each row's category, and none where it is missing or was not seen."""
    kept = (codes >= 0) & np.append(seen, False)[codes]
    encoded = np.zeros((len(codes), len(seen)), dtype=np.float32)
    encoded[np.flatnonzero(kept), codes[kept]] = 1.0
    return encoded
