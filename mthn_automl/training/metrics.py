"""Errors by name. Lower is better throughout: a score such as accuracy is reported as 1 - accuracy.

A target is (n, targets), or (n, 1) holding the class index; a prediction is (n, targets), or (n, classes) of
probabilities. All metrics but ROC AUC are functions of means over rows (`Means`), so that thousands of resamples,
or the errors of thousands of tasks, cost one matrix product. An error that is undefined is NaN.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Protocol

import numpy as np

from mthn_automl.data.dataset import FloatArray, IntArray
from mthn_automl.data.schema import Problem
from mthn_automl.errors import UsageError, did_you_mean

REGRESSION: Final = frozenset({Problem.REGRESSION})
CLASSES: Final = frozenset({Problem.BINARY, Problem.MULTICLASS})
SMALLEST_PROBABILITY: Final = float(np.finfo(np.float64).eps)
SMALLEST_VARIANCE: Final = 1e-12  # of the mean square; below it, rounding is all there is


class Scores(Protocol):
    """One prediction made ready to be scored many times."""

    def weighted(self, weights: FloatArray) -> FloatArray:
        """Errors (resamples,) with each row counted as often as `weights` (resamples, n) says."""

    def by_group(self, group: IntArray, groups: int) -> FloatArray:
        """Errors (groups,) of the rows of each group; group: (n,) of 0 .. groups - 1."""


@dataclass(frozen=True)
class Means:
    """A metric that is `finish`, (..., k) -> (...), of the means over rows of `parts`, (n, k)."""

    parts: FloatArray
    finish: Callable[[FloatArray], FloatArray]

    def weighted(self, weights: FloatArray) -> FloatArray:
        return self._finished(weights @ self.parts, weights.sum(axis=1))

    def by_group(self, group: IntArray, groups: int) -> FloatArray:
        sums = [np.bincount(group, weights=part, minlength=groups) for part in self.parts.T]
        return self._finished(np.stack(sums, axis=-1), np.bincount(group, minlength=groups))

    def _finished(self, sums: FloatArray, counts: FloatArray | IntArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.finish(sums / counts[:, None])


@dataclass(frozen=True)
class Ranks:
    """1 - ROC AUC, averaged over the columns in which both kinds of row occur.

    positive: (n, columns) bool. scores, order: (n, columns), the latter sorting the former.
    """

    positive: FloatArray
    scores: FloatArray
    order: IntArray

    @classmethod
    def of(cls, positive: FloatArray, scores: FloatArray) -> "Ranks":
        return cls(positive, scores, np.argsort(scores, axis=0))

    def weighted(self, weights: FloatArray) -> FloatArray:
        columns = [self._area(column, weights) for column in range(self.scores.shape[1])]
        return np.asarray(1 - _mean_of_defined(np.stack(columns, axis=-1)))

    def by_group(self, group: IntArray, groups: int) -> FloatArray:
        rows = np.split(np.argsort(group, kind="stable"), np.cumsum(np.bincount(group, minlength=groups))[:-1])
        alone = (Ranks.of(self.positive[each], self.scores[each]) for each in rows)
        return np.array([each.weighted(np.ones((1, len(each.scores))))[0] for each in alone])

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


@dataclass(frozen=True)
class Metric:
    """A named error.

    problems: the kinds of problem it is defined for. prepare: (target, prediction) -> Scores.
    is_score: higher was better, so the error is 1 - score.
    """

    name: str
    problems: frozenset[Problem]
    prepare: Callable[[FloatArray, FloatArray], Scores]
    is_score: bool = False

    @property
    def error_name(self) -> str:
        """How the error is called beside a number or an axis: `rmse`, `1 - accuracy`."""
        return f"1 - {self.name}" if self.is_score else self.name

    def function(self, target: FloatArray, prediction: FloatArray) -> float:
        """The error of target (n, d) and prediction (n, outputs); NaN where undefined."""
        if len(target) == 0:
            return float("nan")
        return float(self.prepare(target, prediction).weighted(np.ones((1, len(target))))[0])


def default_metric(problem: Problem) -> str:
    """`rmse` for regression, `log_loss` for classes."""
    return "rmse" if problem is Problem.REGRESSION else "log_loss"


def check_metric(name: str, problem: Problem) -> Metric:
    """The metric of that name.

    Raises:
        UsageError: no metric has that name, or it is not defined for this kind of problem.
    """
    fitting = [each.name for each in METRICS.values() if problem in each.problems]
    if name not in METRICS:
        raise UsageError(f"--metric must name a metric, however '{name}' is none; {did_you_mean(name, METRICS)}")
    if name not in fitting:
        choices = ", ".join(fitting)
        raise UsageError(f"--metric must suit the problem, however '{name}' is not for {problem}; known: {choices}.")
    return METRICS[name]


def error_over_rows(metric: Metric, target: FloatArray, prediction: FloatArray) -> float:
    """The error of all rows pooled; NaN where undefined."""
    return metric.function(target, prediction)


def error_by_task(metric: Metric, target: FloatArray, prediction: FloatArray, task: IntArray) -> FloatArray:
    """(tasks present,) errors in the order of the task numbers, NaN where the metric is undefined."""
    if len(target) == 0:
        return np.empty(0)
    present, group = np.unique(task, return_inverse=True)
    return metric.prepare(target, prediction).by_group(group, len(present))


def error_over_tasks(metric: Metric, target: FloatArray, prediction: FloatArray, task: IntArray) -> tuple[float, int]:
    """The mean of the tasks' own errors, and the number of tasks left out because theirs is undefined.

    task: (n,) task numbers. R2 is undefined for one row or constant targets, ROC AUC for rows of one class,
    F1 of two classes where class 1 neither occurs nor is predicted.
    """
    errors = error_by_task(metric, target, prediction, task)
    return float(_mean_of_defined(errors)), int(np.isnan(errors).sum())


def _mean_of_defined(values: FloatArray) -> FloatArray:
    """The mean over the last axis of what is not NaN; NaN where nothing is left."""
    defined = ~np.isnan(values)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(defined, values, 0.0).sum(axis=-1) / defined.sum(axis=-1))


def first(means: FloatArray) -> FloatArray:
    """The `finish` of a metric that is a plain mean."""
    return np.asarray(means[..., 0])


def _wide(target: FloatArray, prediction: FloatArray) -> tuple[FloatArray, FloatArray]:
    return np.asarray(target, dtype=np.float64), np.asarray(prediction, dtype=np.float64)


def _squared(target: FloatArray, prediction: FloatArray) -> FloatArray:
    target, prediction = _wide(target, prediction)
    return np.asarray(((target - prediction) ** 2).mean(axis=1, keepdims=True))


def _mse(target: FloatArray, prediction: FloatArray) -> Scores:
    return Means(_squared(target, prediction), first)


def _rmse(target: FloatArray, prediction: FloatArray) -> Scores:
    return Means(_squared(target, prediction), lambda means: np.sqrt(first(means)))


def _mae(target: FloatArray, prediction: FloatArray) -> Scores:
    target, prediction = _wide(target, prediction)
    return Means(np.abs(target - prediction).mean(axis=1, keepdims=True), first)


def _r2(target: FloatArray, prediction: FloatArray) -> Scores:
    """1 - R2 = SSE / SST, averaged over the targets that vary."""
    target, prediction = _wide(target, prediction)
    centred = target - target.mean(axis=0)  # keeps the difference of squares below exact
    return Means(np.hstack([(target - prediction) ** 2, centred, centred**2]), _unexplained)


def _unexplained(means: FloatArray) -> FloatArray:
    squared_error, mean, square = np.split(means, 3, axis=-1)
    variance = square - mean**2
    varies = variance > SMALLEST_VARIANCE * square
    return _mean_of_defined(np.where(varies, squared_error / np.where(varies, variance, 1.0), np.nan))


def _log_loss(target: FloatArray, prediction: FloatArray) -> Scores:
    target, prediction = _wide(target, prediction)
    likelihood = np.take_along_axis(prediction, target.astype(np.int64), axis=1)
    return Means(-np.log(np.clip(likelihood, SMALLEST_PROBABILITY, 1.0)), first)


def _occurs(target: FloatArray, prediction: FloatArray) -> tuple[FloatArray, FloatArray]:
    """True and predicted class as ones and zeros, (n, classes); a prediction that is not finite is no class."""
    target, prediction = _wide(target, prediction)
    classes = np.arange(prediction.shape[1])
    chosen = np.where(np.isfinite(prediction).all(axis=1), prediction.argmax(axis=1), -1)
    return (target == classes).astype(np.float64), (chosen[:, None] == classes).astype(np.float64)


def _accuracy(target: FloatArray, prediction: FloatArray) -> Scores:
    true, chosen = _occurs(target, prediction)
    return Means(1 - (true * chosen).sum(axis=1, keepdims=True), first)


def _balanced_accuracy(target: FloatArray, prediction: FloatArray) -> Scores:
    """1 - recall averaged over the classes that occur."""
    true, chosen = _occurs(target, prediction)
    return Means(np.hstack([true * chosen, true]), _unrecalled)


def _unrecalled(means: FloatArray) -> FloatArray:
    found, true = np.split(means, 2, axis=-1)
    return 1 - _mean_of_defined(found / true)


def _f1(target: FloatArray, prediction: FloatArray) -> Scores:
    """1 - F1 of class 1 of two, otherwise averaged over the classes that occur or are predicted."""
    true, chosen = _occurs(target, prediction)
    kept = slice(1, 2) if true.shape[1] == 2 else slice(None)
    true, chosen = true[:, kept], chosen[:, kept]
    return Means(np.hstack([true * chosen, true + chosen]), lambda means: 1 - _harmonic(means))


def _harmonic(means: FloatArray) -> FloatArray:
    found, either = np.split(means, 2, axis=-1)
    return _mean_of_defined(2 * found / either)


def _roc_auc(target: FloatArray, prediction: FloatArray) -> Scores:
    """Class 1 against class 0 of two, otherwise each class that occurs against the rest."""
    target, prediction = _wide(target, prediction)
    classes = np.arange(prediction.shape[1])
    kept = classes[1:] if len(classes) == 2 else classes
    return Ranks.of((target == kept).astype(np.float64), prediction[:, kept])


METRICS: Final[Mapping[str, Metric]] = MappingProxyType(
    {
        each.name: each
        for each in (
            Metric("rmse", REGRESSION, _rmse),
            Metric("mse", REGRESSION, _mse),
            Metric("mae", REGRESSION, _mae),
            Metric("r2", REGRESSION, _r2, is_score=True),
            Metric("log_loss", CLASSES, _log_loss),
            Metric("accuracy", CLASSES, _accuracy, is_score=True),
            Metric("balanced_accuracy", CLASSES, _balanced_accuracy, is_score=True),
            Metric("roc_auc", CLASSES, _roc_auc, is_score=True),
            Metric("f1", CLASSES, _f1, is_score=True),
        )
    }
)
