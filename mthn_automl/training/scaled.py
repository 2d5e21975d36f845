"""Numbers kept once in single precision, and how each fold scales them: value x scale + shift."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mthn_automl.data.dataset import FloatArray, IntArray, Table
from mthn_automl.data.encoding import Encoder
from mthn_automl.data.preprocess import FAR, SQUASH, Preprocessor, one_hot

SAMPLE = 100_000
"""Rows that a column's median and spread are taken from; they need only be near the middle of the numbers."""

LARGEST_SINGLE = 1e30


@dataclass(frozen=True)
class Scaled:
    """values (rows, width) float32, NaN where missing; scale, shift (folds, width) float32.

    gaps: whether any value is missing. far: whether any is so large that a fold's scale may exceed FAR. squashed: so
    many leading columns are squashed when they are scaled. middle, spread (numbers,): what the leading columns, which
    hold numbers, are stored relative to.
    """

    values: FloatArray
    scale: FloatArray
    shift: FloatArray
    gaps: bool = False
    far: bool = False
    squashed: int = 0
    middle: FloatArray | None = None
    spread: FloatArray | None = None

    def only(self, folds: Sequence[int]) -> "Scaled":
        """The given folds; the values are shared, not copied."""
        return replace(self, scale=self.scale[list(folds)], shift=self.shift[list(folds)])

    @property
    def identity(self) -> bool:
        """Whether every fold takes the values as they are."""
        return bool((self.scale == 1.0).all() and (self.shift == 0.0).all())

    def of_fold(self, fold: int, rows: IntArray | slice = slice(None)) -> FloatArray:
        """(rows, width) float32 as networks of the fold see them."""
        taken = self.values[rows] * self.scale[fold] + self.shift[fold]
        if self.gaps or self.far:
            taken = np.clip(np.nan_to_num(taken, nan=0.0), -FAR, FAR)
        own = taken[:, : self.squashed]
        return np.concatenate([own / np.sqrt(1.0 + (own / SQUASH) ** 2), taken[:, self.squashed :]], axis=1)


def scaled_features(table: Table, folds: Sequence[Preprocessor]) -> Scaled:
    """The columns of `Preprocessor.transform` for every fold; a constant where the data have no feature at all.

    With several folds numbers are stored relative to the median of all rows, in units of their usual spread, so that
    one mistyped cell in one fold costs the others no digits. Scaling by a fold undoes that: no fold sees another's
    statistics.
    """
    if folds[0].width == 0:
        return _plain(np.ones((len(table), 1), dtype=np.float32), len(folds))
    numbers = table.numeric.shape[1]
    middle, spread = _reference(table.numeric, folds)
    values = np.empty((len(table), folds[0].width), dtype=np.float32)
    for column in range(numbers):
        standard = (table.numeric[:, column] - middle[column]) / spread[column]
        values[:, column] = np.clip(standard, -LARGEST_SINGLE, LARGEST_SINGLE)
    place = numbers
    for column in np.flatnonzero(folds[0].flagged).tolist():
        values[:, place] = np.isnan(table.numeric[:, column])
        place += 1
    for codes, seen in zip(table.codes.T, folds[0].seen, strict=True):
        values[:, place : place + len(seen)] = one_hot(codes, np.ones(len(seen), dtype=bool))
        place += len(seen)
    scale, shift = zip(*(_of_fold(each, middle, spread) for each in folds), strict=True)
    return replace(_checked(values, np.stack(scale), np.stack(shift), numbers), middle=middle, spread=spread)


def scaled_target(target: FloatArray, folds: Sequence[Encoder]) -> Scaled:
    """Targets standardised by each fold's training rows, or class indices as they are."""
    means = np.array([each.target_mean for each in folds])
    scales = np.array([each.target_scale for each in folds])
    if len(folds) == 1:
        return _plain(folds[0].encode_target(target), 1)
    plain = (means == 0.0).all() and (scales == 1.0).all()
    middle, spread = (np.zeros_like(means[0]), np.ones_like(means[0])) if plain else _robust(target)
    values = ((target - middle) / spread).astype(np.float32)
    return Scaled(values, (spread / scales).astype(np.float32), ((middle - means) / scales).astype(np.float32))


def _plain(values: FloatArray, folds: int) -> Scaled:
    width = values.shape[1]
    return Scaled(values, np.ones((folds, width), dtype=np.float32), np.zeros((folds, width), dtype=np.float32))


def _reference(numeric: FloatArray, folds: Sequence[Preprocessor]) -> tuple[FloatArray, FloatArray]:
    """What numbers are stored relative to: with one fold its own scale, so that nothing is left to do."""
    if len(folds) == 1:
        return np.array(folds[0].mean), np.array(folds[0].scale)
    return _robust(numeric)


def _robust(numeric: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Median and spread (of the middle half, else of all) of each column over a sample of its known values."""
    sample = numeric[:: max(1, len(numeric) // SAMPLE)]
    middle, spread = np.zeros(numeric.shape[1]), np.ones(numeric.shape[1])
    for column in range(numeric.shape[1]):
        known = sample[:, column][~np.isnan(sample[:, column])]
        if len(known):
            low, middle[column], high = np.quantile(known, (0.25, 0.5, 0.75))
            width = high - low if high > low else known.std()
            tiny = 1e-12 * abs(middle[column])
            spread[column] = width if np.isfinite(width) and width > tiny else 1.0
    return middle, spread


def _of_fold(fold: Preprocessor, middle: FloatArray, spread: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scale and shift of every column: numbers, indicators, then categories, 0 for those the fold did not see."""
    seen = [float(each) for column in fold.seen for each in column]
    own_scale, own_mean = np.array(fold.scale), np.array(fold.mean)
    scale = np.concatenate([spread / own_scale, np.ones(sum(fold.flagged)), np.array(seen)])
    shift = np.concatenate([(middle - own_mean) / own_scale, np.zeros(len(scale) - len(middle))])
    return scale.astype(np.float32), shift.astype(np.float32)


def _checked(values: FloatArray, scale: FloatArray, shift: FloatArray, numbers: int) -> Scaled:
    own = values[:, :numbers]
    if numbers == 0 or len(own) == 0:
        return Scaled(values, scale, shift)
    with np.errstate(all="ignore"):
        largest = np.fmax(np.fmax.reduce(own, axis=0), -np.fmin.reduce(own, axis=0))
        reach = largest * np.abs(scale[:, :numbers]).max(axis=0) + np.abs(shift[:, :numbers]).max(axis=0)
    gaps = any(bool(np.isnan(own[:, column]).any()) for column in range(numbers))
    return Scaled(values, scale, shift, gaps, bool((reach > FAR).any()))
