"""How large residuals are expected to be: by task, shrunk towards the mean of all, and for counts by the prediction.

Each row's own scale is that of the other rows, as the next row will find it, so that scores of rows that were
predicted out of fold and of the next row are alike.
"""

from dataclasses import dataclass, replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray

STRENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, np.inf)
"""Rows that the mean of all tasks counts as, beside a task's own; infinitely many: tasks are alike."""

POWERS = (0.0, 0.5, 1.0)
"""Of a count's expectation, that its residuals are in proportion to: as of normal, Poisson and log-normal errors."""

FLOOR = 0.1
"""That is added to an expected count before the power is taken, in units of their mean."""

CLEARLY = 1e-4
"""That the likelihood of more freedom must be higher, a row."""

LEAST = 1e-6
"""Of the mean residual: nothing is believed to have less."""


@dataclass(frozen=True)
class Scale:
    """What residuals are expected to be like.

    Attributes:
        task: (tasks,) of each task of training; none: all are alike, at 1.
        power: of predictions.
        floor: that is added to predictions before.
    """

    task: tuple[float, ...] = ()
    power: float = 0.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        if not all(0 < each < np.inf for each in self.task):
            raise ValueError("scales of tasks must be finite and above 0, however one is not")
        if self.power not in POWERS or not 0 <= self.floor < np.inf or (self.power and not self.floor):
            raise ValueError(f"a scale cannot have power {self.power} and floor {self.floor}")

    def of_rows(self, prediction: FloatArray, task: IntArray) -> FloatArray:
        """(rows,) of rows; those of tasks beyond the known have a 1 for their task."""
        by_prediction = (np.maximum(prediction, 0.0) + self.floor) ** self.power
        if not self.task:
            return np.asarray(by_prediction)
        known = np.append(np.array(self.task), 1.0)
        return np.asarray(by_prediction * known[np.minimum(task, len(self.task))])


def fitted(
    residual: FloatArray,
    prediction: FloatArray,
    task: IntArray,
    weight: FloatArray,
    tasks: int,
    *,
    counts: bool,
    by_task: bool,
) -> tuple[Scale, FloatArray]:
    """The scale that makes absolute residuals likeliest, each by the others, and (rows,) the scale of each by these.

    Residuals are taken to be of a Laplace distribution, whose mean is what is estimated: a far one moves it little.

    Args:
        residual: (rows,) from 0 on, finite.
        counts: whether it may depend on the prediction.
        by_task: whether it may depend on the task.
    """
    floor = FLOOR * float(prediction.mean()) if counts else 0.0
    lowest, found = np.inf, (Scale(), np.ones_like(residual))
    for power in POWERS if floor > 0 else (0.0,):
        by_prediction = Scale((), power, floor if power else 0.0)
        unit = by_prediction.of_rows(prediction, task)
        for strength in reversed(STRENGTHS if by_task else STRENGTHS[-1:]):
            of_task, of_row, mean = _by_task(residual / unit, task, weight, tasks, strength)
            loss = float(np.average(np.log(of_row * unit) + residual / (of_row * unit), weights=weight))
            if loss < lowest - CLEARLY:
                alike = np.isinf(strength)
                scale = by_prediction if alike else replace(by_prediction, task=tuple((of_task / mean).tolist()))
                lowest, found = loss, (scale, unit if alike else unit * of_row / mean)
    return found


def _by_task(
    residual: FloatArray, task: IntArray, weight: FloatArray, tasks: int, strength: float
) -> tuple[FloatArray, FloatArray, float]:
    """(tasks,) mean residuals shrunk towards that of all; (rows,) the same without the row itself; the mean of all."""
    weighted, tiny = residual * weight, np.finfo(np.float64).tiny
    mean = max(float(weighted.sum() / weight.sum()), tiny)
    others = (weighted.sum() - weighted) / np.maximum(weight.sum() - weight, tiny)
    if np.isinf(strength):
        return np.full(tasks, mean), np.maximum(others, LEAST * mean), mean
    sums, counts = np.bincount(task, weighted, tasks), np.bincount(task, weight, tasks)
    of_task = (strength * mean + sums) / (strength + counts)
    of_row = (strength * others + sums[task] - weighted) / (strength + np.maximum(counts[task] - weight, 0.0))
    return of_task, np.maximum(of_row, LEAST * mean), mean
