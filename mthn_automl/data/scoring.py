"""A metric by its name, and the error of rows by it. Lower is better: a score such as accuracy becomes 1 - accuracy."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

import numpy as np

from mthn_automl.data import metrics
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.kind import kind_of
from mthn_automl.data.metrics.parts.scores import Scores, mean_of_defined
from mthn_automl.data.schema import Problem
from mthn_automl.errors import UsageError, did_you_mean

NUMBERS: Final = frozenset(each for each in Problem if not kind_of(each).has_classes)
CLASSES: Final = frozenset(Problem) - NUMBERS


@dataclass(frozen=True)
class Metric:
    """A named error.

    Attributes:
        name: that of its file.
        problems: the kinds of problem it is defined for.
        scores: target (n, d), NaN where one is missing, and prediction (n, outputs), both float64, made ready to be
            scored.
        is_score: higher was better, so the error is 1 - score.
        least: the least value of a target that it is defined for.
        counts_unseen: whether rows of a class that training never saw can be counted, as never predicted rightly.
    """

    name: str
    problems: frozenset[Problem]
    scores: Callable[[FloatArray, FloatArray], Scores]
    is_score: bool = False
    least: float = -np.inf
    counts_unseen: bool = False

    @property
    def error_name(self) -> str:
        """How the error is called beside a number or an axis: `rmse`, `1 - accuracy`."""
        return f"1 - {self.name}" if self.is_score else self.name

    def prepare(self, target: FloatArray, prediction: FloatArray, weight: FloatArray | None = None) -> Scores:
        """Target (n, d) and prediction (n, outputs) made ready to be scored, in double precision.

        weight: (n,) above zero, what each row counts; None: all count alike.
        """
        scores = self.scores(np.asarray(target, dtype=np.float64), np.asarray(prediction, dtype=np.float64))
        return scores if weight is None else scores.times(weight)

    def function(self, target: FloatArray, prediction: FloatArray, weight: FloatArray | None = None) -> float:
        """The error of target (n, d) and prediction (n, outputs); NaN where undefined. weight: as of `prepare`."""
        if len(target) == 0:
            return float("nan")
        return float(self.prepare(target, prediction, weight).weighted(np.ones((1, len(target))))[0])


def metric_named(name: str) -> Metric:
    """The metric of that name.

    Raises:
        UsageError: no metric has that name.
    """
    if name not in metrics.names():
        raise UsageError(
            f"The metric must be one of those known, however it is '{name}'; {did_you_mean(name, metrics.names())}"
        )
    metric: Metric = import_module(f"{metrics.__name__}.{name}").METRIC
    return metric


def default_metric(problem: Problem) -> str:
    """`rmse` for regression, `log_loss` for classes, `poisson_deviance` for counts."""
    return kind_of(problem).metric


def check_metric(name: str, problem: Problem) -> Metric:
    """The metric of that name.

    Raises:
        UsageError: no metric has that name, or it is not defined for this kind of problem.
    """
    metric = metric_named(name)
    if problem not in metric.problems:
        fitting = ", ".join(each for each in metrics.names() if problem in metric_named(each).problems)
        raise UsageError(f"--metric must suit the problem, however '{name}' is not for {problem}; known: {fitting}.")
    return metric


def error_over_rows(
    metric: Metric, target: FloatArray, prediction: FloatArray, weight: FloatArray | None = None
) -> float:
    """The error of all rows pooled; NaN where undefined. weight: as of `Metric.prepare`."""
    return metric.function(target, prediction, weight)


def error_by_task(
    metric: Metric, target: FloatArray, prediction: FloatArray, task: IntArray, weight: FloatArray | None = None
) -> FloatArray:
    """(tasks present,) errors in the order of the task numbers, NaN where the metric is undefined.

    weight: as of `Metric.prepare`.
    """
    if len(target) == 0:
        return np.empty(0)
    present, group = np.unique(task, return_inverse=True)
    return metric.prepare(target, prediction, weight).by_group(group, len(present))


def error_by_target(
    metric: Metric, target: FloatArray, prediction: FloatArray, weight: FloatArray | None = None
) -> FloatArray:
    """(targets,) errors of each target of a regression over the rows that have it; NaN where undefined.

    weight: as of `Metric.prepare`.
    """
    columns = zip(target.T, prediction.T, strict=True)
    return np.array([metric.function(one[:, None], other[:, None], weight) for one, other in columns])


def error_over_tasks(
    metric: Metric, target: FloatArray, prediction: FloatArray, task: IntArray, weight: FloatArray | None = None
) -> tuple[float, int]:
    """The mean of the tasks' own errors, and the number of tasks left out because theirs is undefined.

    task: (n,) task numbers. weight: of rows within their task, as of `Metric.prepare`; tasks count alike. R2 is
    undefined for one row or constant targets, ROC AUC for rows of one class, F1 of two classes where class 1 neither
    occurs nor is predicted, and every metric where no target is known.
    """
    errors = error_by_task(metric, target, prediction, task, weight)
    return float(mean_of_defined(errors)), int(np.isnan(errors).sum())
