"""A model's one look at the sealed test rows."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from mthn_automl.analysis.statistics import bootstrap_interval
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.scoring import error_over_rows, error_over_tasks, metric_named


@dataclass(frozen=True)
class SealedErrors:
    """One model's errors on the sealed rows, with 95 % bootstrap intervals; lower is better.

    Attributes:
        error: over rows.
        low, high: its interval.
        error_tasks: the mean of the tasks' own errors.
        low_tasks, high_tasks: its interval.
        undefined_tasks: how many tasks are left out of that mean, since their error is undefined.
        microseconds: that predicting a row took.
        prediction: (rows, outputs).
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


def timed(predict: Callable[[Dataset], FloatArray], rows: Dataset) -> tuple[FloatArray, float]:
    """What a model predicts, (rows, outputs), and the microseconds that it takes a row."""
    started = time.perf_counter()
    prediction = predict(rows)
    return prediction, 1e6 * (time.perf_counter() - started) / len(rows)


def sealed_errors(
    prediction: FloatArray, microseconds: float, rows: Dataset, metric_name: str, seed: int
) -> SealedErrors:
    """The errors of what a model predicted for the sealed rows."""
    metric, weight = metric_named(metric_name), rows.weight
    over_tasks, undefined = error_over_tasks(metric, rows.target, prediction, rows.task, weight)
    interval = partial(bootstrap_interval, metric, rows.target, prediction, rows.task, seed=seed, weight=weight)
    (low, high), (low_tasks, high_tasks) = interval("rows"), interval("tasks")
    return SealedErrors(
        error=error_over_rows(metric, rows.target, prediction, weight),
        low=low,
        high=high,
        error_tasks=over_tasks,
        low_tasks=low_tasks,
        high_tasks=high_tasks,
        undefined_tasks=undefined,
        microseconds=microseconds,
        prediction=prediction,
    )
