"""What metrics are made of: means over rows, or ranks, made ready to be scored many times.

A target is (n, targets), NaN where one is missing, or (n, 1) holding the class index; a prediction is (n, targets), or
(n, classes) of probabilities. All metrics but ROC AUC are functions of means over rows (`Means`), so that thousands of
resamples, or the errors of thousands of tasks, cost one matrix product. An error that is undefined is NaN.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray


class Scores(Protocol):
    """One prediction made ready to be scored many times."""

    def weighted(self, weights: FloatArray) -> FloatArray:
        """Errors (resamples,) with each row counted as often as `weights` (resamples, n) says."""

    def by_group(self, group: IntArray, groups: int) -> FloatArray:
        """Errors (groups,) of the rows of each group; group: (n,) of 0 .. groups - 1."""

    def times(self, weight: FloatArray) -> "Scores":
        """The same with each row counted as often as `weight` (n,) says, whenever it is counted."""


@dataclass(frozen=True)
class Means:
    """A metric that is a function of means over rows.

    Attributes:
        parts: (n, k) of which the means are taken, each times what it counts.
        finish: (..., k) -> (...), from these means to the error.
        counts: (n, k), or (n, 1) for all k, what a row counts in each mean; None: all count alike.
    """

    parts: FloatArray
    finish: Callable[[FloatArray], FloatArray]
    counts: FloatArray | None = None

    def weighted(self, weights: FloatArray) -> FloatArray:
        counts = weights.sum(axis=1)[:, None] if self.counts is None else weights @ self.counts
        return self._finished(weights @ self.parts, counts)

    def by_group(self, group: IntArray, groups: int) -> FloatArray:
        if self.counts is None:
            counts: FloatArray | IntArray = np.bincount(group, minlength=groups)[:, None]
        else:
            counts = _sums_by_group(self.counts, group, groups)
        return self._finished(_sums_by_group(self.parts, group, groups), counts)

    def times(self, weight: FloatArray) -> "Means":
        column = weight[:, None]
        return Means(column * self.parts, self.finish, column if self.counts is None else column * self.counts)

    def _finished(self, sums: FloatArray, counts: FloatArray | IntArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.finish(sums / counts)


def _sums_by_group(parts: FloatArray, group: IntArray, groups: int) -> FloatArray:
    """(groups, k) of parts (n, k)."""
    return np.stack([np.bincount(group, weights=part, minlength=groups) for part in parts.T], axis=-1)


@dataclass(frozen=True)
class Ranks:
    """1 - ROC AUC, averaged over the columns in which both kinds of row occur.

    Attributes:
        positive: (n, columns) 1 for a row of the one kind, 0 for one of the other.
        scores: (n, columns), higher for rows that are taken for positive.
        order: (n, columns) indices that sort `scores`.
        weight: (n,) what each row counts; None: all count alike.
    """

    positive: FloatArray
    scores: FloatArray
    order: IntArray
    weight: FloatArray | None = None

    @classmethod
    def of(cls, positive: FloatArray, scores: FloatArray) -> "Ranks":
        return cls(positive, scores, np.argsort(scores, axis=0))

    def weighted(self, weights: FloatArray) -> FloatArray:
        weights = weights if self.weight is None else weights * self.weight
        columns = [self._area(column, weights) for column in range(self.scores.shape[1])]
        return np.asarray(1 - mean_of_defined(np.stack(columns, axis=-1)))

    def by_group(self, group: IntArray, groups: int) -> FloatArray:
        rows = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group, minlength=groups))[:-1])
        weight = np.ones(len(group)) if self.weight is None else self.weight
        alone = [(Ranks.of(self.positive[each], self.scores[each]), weight[each]) for each in rows]
        return np.array([ranks.weighted(of_rows[None])[0] for ranks, of_rows in alone])

    def times(self, weight: FloatArray) -> "Ranks":
        return replace(self, weight=weight if self.weight is None else weight * self.weight)

    def _area(self, column: int, weights: FloatArray) -> FloatArray:
        """Share of pairs (positive, negative) in the right order, ties counted half."""
        order = self.order[:, column]
        score, positive, weight = self.scores[order, column], self.positive[order, column], weights[:, order]
        if len(score) == 0 or np.isnan(score[-1]):
            return np.full(len(weights), np.nan)
        ties = np.flatnonzero(np.concatenate([[True], score[1:] != score[:-1]]))
        above = np.add.reduceat(weight * positive, ties, axis=1)
        negative = np.add.reduceat(weight * (1 - positive), ties, axis=1)
        below = np.cumsum(negative, axis=1) - negative / 2
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray((above * below).sum(axis=1) / (above.sum(axis=1) * negative.sum(axis=1)))


def mean_of_defined(values: FloatArray) -> FloatArray:
    """The mean over the last axis of what is not NaN; NaN where nothing is left."""
    defined = ~np.isnan(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(defined, values, 0.0).sum(axis=-1) / defined.sum(axis=-1))


def first(means: FloatArray) -> FloatArray:
    """The `finish` of a metric that is a plain mean."""
    return np.asarray(means[..., 0])


def over_targets(errors: FloatArray, target: FloatArray, finish: Callable[[FloatArray], FloatArray] = first) -> Means:
    """The mean of errors (n, targets) over rows and targets; each target (n, targets) that is known counts alike."""
    known = ~np.isnan(target)
    if known.all():
        return Means(errors.mean(axis=1, keepdims=True), finish)
    share = known.mean(axis=1, keepdims=True)
    return Means(np.where(known, errors, 0.0).mean(axis=1, keepdims=True), finish, share)


def occurs(target: FloatArray, prediction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """True and predicted class as ones and zeros, (n, classes); a prediction that is not finite is no class."""
    classes = np.arange(prediction.shape[1])
    chosen = np.where(np.isfinite(prediction).all(axis=1), prediction.argmax(axis=1), -1)
    return (target == classes).astype(np.float64), (chosen[:, None] == classes).astype(np.float64)
