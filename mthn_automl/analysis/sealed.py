"""A model's one look at the sealed test rows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import numpy as np

from mthn_automl.analysis.statistics import bootstrap_interval, bootstrap_saving
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.metrics.parts.scores import Means, first
from mthn_automl.data.scoring import Metric, error_by_task, error_over_rows, error_over_tasks, metric_named


@dataclass(frozen=True)
class ErrorOfSome:
    """The error over some of the sealed rows; its interval is over their tasks.

    Attributes:
        error: over rows.
        low, high: its interval.
    """

    error: float
    low: float
    high: float


@dataclass(frozen=True)
class SealedErrors:
    """One model's errors on the sealed rows, with 95 % bootstrap intervals; lower is better.

    Attributes:
        error: over rows: all, or those of tasks never seen where trials are ranked by such.
        low, high: its interval, over what was held out: rows, groups, or tasks where some were never seen.
        error_tasks: the mean of the tasks' own errors.
        low_tasks, high_tasks: its interval.
        undefined_tasks: how many tasks are left out of that mean, since their error is undefined.
        microseconds: that predicting a row took.
        prediction: (rows, outputs), of all rows.
        new_rows: of rows of tasks that are known; None unless there are rows of tasks never seen, too.
        new_tasks: of rows of tasks never seen; None unless there are rows of known tasks, too.
    """

    error: float
    low: float
    high: float
    error_tasks: float
    low_tasks: float
    high_tasks: float
    undefined_tasks: int
    microseconds: float
    prediction: FloatArray = field(repr=False)
    new_rows: ErrorOfSome | None = None
    new_tasks: ErrorOfSome | None = None


def timed(predict: Callable[[Dataset], FloatArray], rows: Dataset) -> tuple[FloatArray, float]:
    """What a model predicts, (rows, outputs), and the microseconds that it takes a row."""
    started = time.perf_counter()
    prediction = predict(rows)
    return prediction, 1e6 * (time.perf_counter() - started) / len(rows)


def sealed_errors(
    prediction: FloatArray,
    microseconds: float,
    rows: Dataset,
    metric_name: str,
    seed: int,
    *,
    known_tasks: int,
    ranked_by_new_tasks: bool = False,
) -> SealedErrors:
    """The errors of what a model predicted for the sealed rows.

    Args:
        prediction: (rows, outputs).
        microseconds: that it took a row.
        rows: the sealed ones.
        metric_name: of the metric.
        seed: of the bootstrap.
        known_tasks: tasks of training; those numbered beyond them were never seen.
        ranked_by_new_tasks: whether trials are ranked by the error on tasks never seen.
    """
    metric, new = metric_named(metric_name), rows.task >= known_tasks
    both = bool(new.any() and not new.all())
    told, unit = _told(rows, known_tasks, ranked_by_new_tasks)
    asked, answer = rows.take(told), prediction[told]
    over_tasks, undefined = error_over_tasks(metric, asked.target, answer, asked.task, asked.weight)
    interval = partial(bootstrap_interval, metric, asked.target, answer, asked.task, seed=seed, weight=asked.weight)
    (low, high), (low_tasks, high_tasks) = interval("rows", unit=unit), interval("tasks")
    return SealedErrors(
        error=error_over_rows(metric, asked.target, answer, asked.weight),
        low=low,
        high=high,
        error_tasks=over_tasks,
        low_tasks=low_tasks,
        high_tasks=high_tasks,
        undefined_tasks=undefined,
        microseconds=microseconds,
        prediction=prediction,
        new_rows=_of_some(metric, rows, prediction, np.flatnonzero(~new), seed) if both else None,
        new_tasks=_of_some(metric, rows, prediction, np.flatnonzero(new), seed) if both else None,
    )


MEAN: Final = Metric("mean", frozenset(), lambda _, errors: Means(errors, first))
"""Of the errors of tasks, which count alike: to be compared as rows are."""


@dataclass(frozen=True)
class Saving:
    """By which share an error on the sealed rows is less than that of something else, with its 95 % interval."""

    less: float
    low: float
    high: float


def saving(
    errors: SealedErrors,
    other: SealedErrors,
    rows: Dataset,
    metric_name: str,
    seed: int,
    *,
    average: str,
    known_tasks: int,
    ranked_by_new_tasks: bool = False,
) -> Saving | None:
    """What one model saves of another's error, rows or tasks paired; None where that has none.

    Args:
        average: of `rows`, or of the errors of those `tasks` in which both are defined.
        errors, other, rows, metric_name, seed, known_tasks, ranked_by_new_tasks: as of `sealed_errors`.
    """
    told, unit = _told(rows, known_tasks, ranked_by_new_tasks)
    asked, (answer, compared) = rows.take(told), (each.prediction[told] for each in (errors, other))
    metric, target, weight = metric_named(metric_name), asked.target, asked.weight
    if average == "tasks":
        answer, compared = _of_tasks(metric, asked, answer, compared)
        metric, target, weight, unit = MEAN, answer, None, None
    theirs = metric.function(target, compared, weight)
    if not theirs > 0:
        return None
    low, high = bootstrap_saving(metric, target, answer, compared, seed=seed, weight=weight, unit=unit)
    return Saving(1 - metric.function(target, answer, weight) / theirs, low, high)


def _of_tasks(metric: Metric, rows: Dataset, *predictions: FloatArray) -> tuple[FloatArray, ...]:
    """(tasks, 1) errors of each prediction, in the tasks in which all are defined."""
    errors = [error_by_task(metric, rows.target, each, rows.task, rows.weight) for each in predictions]
    defined = np.isfinite(errors).all(axis=0)
    return tuple(each[defined, None] for each in errors)


def _told(rows: Dataset, known_tasks: int, ranked_by_new_tasks: bool) -> tuple[IntArray, IntArray | None]:
    """Which rows the error is of, and what of them was held out together."""
    new = rows.task >= known_tasks
    told = np.flatnonzero(new) if ranked_by_new_tasks and new.any() else np.arange(len(rows))
    asked = rows.take(told)
    return told, asked.task if new[told].any() else asked.group


def _of_some(metric: Metric, rows: Dataset, prediction: FloatArray, some: IntArray, seed: int) -> ErrorOfSome:
    asked, answer = rows.take(some), prediction[some]
    task, weight = asked.task, asked.weight
    low, high = bootstrap_interval(metric, asked.target, answer, task, "rows", seed=seed, weight=weight, unit=task)
    return ErrorOfSome(error_over_rows(metric, asked.target, answer, weight), low, high)
