"""A model's one look at the sealed test rows."""

import time
from dataclasses import dataclass

from mthn_automl.analysis.statistics import bootstrap_interval
from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.data.scoring import error_over_rows, error_over_tasks, metric_named
from mthn_automl.tuning.final import Refitted


@dataclass(frozen=True)
class Tested:
    """One model on the test rows. prediction (rows, outputs)."""

    prediction: FloatArray
    error: float
    low: float
    high: float
    error_tasks: float
    low_tasks: float
    high_tasks: float
    undefined_tasks: int
    microseconds_per_row: float


def score(refitted: Refitted, test: Dataset, metric_name: str, seed: int) -> Tested:
    """Errors over rows and over tasks, with bootstrap intervals."""
    started = time.perf_counter()
    prediction = refitted.predict(test)
    spent = time.perf_counter() - started
    metric = metric_named(metric_name)
    over_tasks, undefined = error_over_tasks(metric, test.target, prediction, test.task)
    low, high = bootstrap_interval(metric, test.target, prediction, test.task, "rows", seed=seed)
    low_tasks, high_tasks = bootstrap_interval(metric, test.target, prediction, test.task, "tasks", seed=seed)
    return Tested(
        prediction=prediction,
        error=error_over_rows(metric, test.target, prediction),
        low=low,
        high=high,
        error_tasks=over_tasks,
        low_tasks=low_tasks,
        high_tasks=high_tasks,
        undefined_tasks=undefined,
        microseconds_per_row=1e6 * spent / len(test),
    )
