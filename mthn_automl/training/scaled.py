"""Values kept once in single precision, and how each fold scales them: value x scale + shift."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.encoding import Encoder
from mthn_automl.data.preprocess import Preprocessor
from mthn_automl.data.scaling import FAR, Scaling, median_and_spread
from mthn_automl.data.schema import Problem

SAMPLE = 100_000
"""Rows that a column's median and spread are taken from; they need only be near the middle of the values."""

LARGEST_SINGLE = 1e30


@dataclass(frozen=True)
class Scaled:
    """Rows for any number of folds, on the way to which nothing but scale and shift differs.

    Attributes:
        values: (rows, width) float32, NaN where missing.
        scale: (folds, width) float32.
        shift: (folds, width) float32.
        gaps: whether any value is missing.
        far: whether any is so large that a fold's scale may exceed FAR.
        squashed: so many leading columns are squashed when they are scaled.
        middle: (numeric columns,) what these, the leading columns, are stored relative to ...
        spread: (numeric columns,) ... and in units of.
    """

    values: FloatArray
    scale: FloatArray
    shift: FloatArray
    gaps: bool = False
    far: bool = False
    squashed: int = 0
    middle: FloatArray = field(default_factory=lambda: np.zeros(0))
    spread: FloatArray = field(default_factory=lambda: np.ones(0))

    @property
    def identity(self) -> bool:
        """Whether every fold takes the values as they are."""
        return bool((self.scale == 1.0).all() and (self.shift == 0.0).all())


def scaled_features(table: Table, folds: Sequence[Preprocessor]) -> Scaled:
    """The columns of `Preprocessor.transform` for every fold; a constant where the data have no feature at all.

    Numbers are stored relative to the median of all rows, in units of their usual spread, so that one mistyped cell
    in one fold costs the others no digits. Scaling by a fold undoes that: no fold sees another's statistics.
    """
    width = max(1, folds[0].width)
    if folds[0].width == 0:
        ones = np.ones((len(folds), width), dtype=np.float32)
        return Scaled(np.ones((len(table), width), dtype=np.float32), ones, 0.0 * ones)
    middle, spread = median_and_spread(table.numeric[sample(len(table))])
    stored = Scaling.of(middle, spread)
    every_category = replace(folds[0], seen=tuple((True,) * len(each) for each in folds[0].seen))
    values = every_category.matrix(
        table, lambda numeric: np.clip(stored.standardised(numeric), -LARGEST_SINGLE, LARGEST_SINGLE)
    )
    scale, shift = zip(*(_of_fold(each, middle, spread) for each in folds), strict=True)
    return replace(_checked(values, np.stack(scale), np.stack(shift), len(middle)), middle=middle, spread=spread)


def scaled_target(dataset: Dataset, folds: Sequence[Encoder]) -> Scaled:
    """Targets as the kind of problem scales them by each fold's training rows; of counts, exposures behind them."""
    if dataset.schema.problem is Problem.COUNT:
        return _with_exposures(dataset, folds)
    logarithm, scalings = folds[0].logarithm, [each.target for each in folds]
    target = dataset.target if logarithm is None else logarithm.taken(dataset.target)
    as_it_is = all(set(each.mean) == {0.0} and set(each.scale) == {1.0} for each in scalings)
    targets = target.shape[1]
    middle, spread = (
        (np.zeros(targets), np.ones(targets)) if as_it_is else median_and_spread(target[sample(len(target))])
    )
    values = Scaling.of(middle, spread).standardised(target).astype(np.float32)
    scale, shift = zip(*(each.of_stored(middle, spread) for each in scalings), strict=True)
    gaps = bool(np.isnan(target).any())
    return Scaled(values, np.stack(scale).astype(np.float32), np.stack(shift).astype(np.float32), gaps)


def scaled_counts(dataset: Dataset, training: Sequence[IntArray]) -> Scaled | None:
    """What each target of each row counts in the loss: nothing where it is missing, else as the row is weighted.

    Each fold scales them to a mean of 1 over its training rows, so that penalties weigh as much as without gaps and
    weights. None where everything counts alike.

    Shape:
        (rows, targets), or (rows, 1) where no target is missing.
    """
    known = ~np.isnan(dataset.target)
    if known.all():
        if dataset.weight is None:
            return None
        known = known[:, :1]
    counts = (known if dataset.weight is None else known * dataset.weight[:, None]).astype(np.float32)
    means = [float(counts[rows].mean(dtype=np.float64)) for rows in training]
    scale = np.array([1.0 / mean if mean > 0 else 1.0 for mean in means], dtype=np.float32)
    scale = np.tile(scale[:, None], counts.shape[1])
    return Scaled(counts, scale, np.zeros_like(scale))


def _with_exposures(dataset: Dataset, folds: Sequence[Encoder]) -> Scaled:
    """Counts are not stored relative to a middle: a zero must stay one."""
    values = np.concatenate([dataset.target, dataset.exposures[:, None]], axis=1).astype(np.float32)
    scale = [np.append(1.0 / each.target.arrays[1], 1.0) for each in folds]
    return Scaled(values, np.stack(scale).astype(np.float32), np.zeros((len(folds), values.shape[1]), np.float32))


def sample(rows: int) -> slice:
    """At least SAMPLE of so many rows, where there are as many, at equal distances."""
    return slice(None, None, max(1, rows // SAMPLE))


def _of_fold(fold: Preprocessor, middle: FloatArray, spread: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Scale and shift of every column: numbers, indicators, then categories, 0 for those the fold did not see.

    The indices of wide columns stay as they are: networks learn nothing of a category that the fold did not see.
    """
    seen = [float(each) for column, wide in zip(fold.seen, fold.wide, strict=True) if not wide for each in column]
    seen += [1.0] * sum(fold.wide)
    numeric_scale, numeric_shift = fold.scaling.of_stored(middle, spread)
    scale = np.concatenate([numeric_scale, np.ones(sum(fold.flagged)), np.array(seen)])
    shift = np.concatenate([numeric_shift, np.zeros(len(scale) - len(middle))])
    return scale.astype(np.float32), shift.astype(np.float32)


def _checked(values: FloatArray, scale: FloatArray, shift: FloatArray, numeric: int) -> Scaled:
    """numeric: leading columns that may have gaps and lie far away."""
    leading = values[:, :numeric]
    if numeric == 0 or len(values) == 0:
        return Scaled(values, scale, shift)
    with np.errstate(all="ignore"):
        largest = np.fmax(np.fmax.reduce(leading, axis=0), -np.fmin.reduce(leading, axis=0))
        reach = largest * np.abs(scale[:, :numeric]).max(axis=0) + np.abs(shift[:, :numeric]).max(axis=0)
    gaps = any(bool(np.isnan(leading[:, column]).any()) for column in range(numeric))
    return Scaled(values, scale, shift, gaps, bool((reach > FAR).any()))
