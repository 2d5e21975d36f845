"""Statistics of each task's target, with what the luck of its rows does to them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset


@dataclass(frozen=True)
class Statistic:
    """A number of each task.

    Attributes:
        name: in words, `the mean`.
        of: the column.
        values: (tasks,) NaN where a task has no rows.
        error: (tasks,) the standard error, about.
        line: whether a column that is a line through it is suspicious too.
    """

    name: str
    of: str
    values: FloatArray
    error: FloatArray
    line: bool = True


@dataclass(frozen=True)
class _Rows:
    """The rows of a target by task.

    Attributes:
        ordered: (rows,) the target, by task and within each task from the least to the most.
        starts: (tasks with rows,) where each begins.
        sizes: (tasks with rows,).
        first: (tasks with rows,) of the file; `last` likewise.
    """

    ordered: FloatArray
    starts: IntArray
    sizes: IntArray
    first: FloatArray
    last: FloatArray

    @classmethod
    def of(cls, target: FloatArray, task: IntArray) -> "_Rows":
        """Of rows in the order of the file."""
        sizes = np.bincount(task)
        sizes = sizes[sizes > 0]
        starts = np.cumsum(sizes) - sizes
        in_file = target[np.argsort(task, kind="stable")]
        ordered = target[np.lexsort((target, task))]
        return cls(ordered, starts, sizes, in_file[starts], in_file[starts + sizes - 1])

    @property
    def mean(self) -> FloatArray:
        return np.asarray(np.add.reduceat(self.ordered, self.starts) / self.sizes)

    @property
    def deviation(self) -> FloatArray:
        """(tasks with rows,) that of all tasks where there is one row."""
        squares = np.add.reduceat((self.ordered - np.repeat(self.mean, self.sizes)) ** 2, self.starts)
        pooled = squares.sum() / max((self.sizes - 1).sum(), 1)
        return np.sqrt(np.where(self.sizes > 1, squares / np.maximum(self.sizes - 1, 1), pooled))

    def place(self, index: IntArray) -> FloatArray:
        """(tasks with rows,) the index-th from the least, as far as there are so many."""
        return self.ordered[self.starts + np.clip(index, 0, self.sizes - 1)]

    def numbers(self) -> Iterator[tuple[str, FloatArray, FloatArray]]:
        """Name, values and standard errors of what is asked of numbers."""
        deviation, sizes = self.deviation, self.sizes
        alone = sizes == 1
        yield "the mean", self.mean, deviation / np.sqrt(sizes)
        yield (
            "the median",
            (self.place((sizes - 1) // 2) + self.place(sizes // 2)) / 2,
            1.25 * deviation / np.sqrt(sizes),
        )
        least, most = self.place(0 * sizes), self.place(sizes - 1)
        yield "the least value", least, np.where(alone, deviation, self.place(0 * sizes + 1) - least)
        yield "the greatest value", most, np.where(alone, deviation, most - self.place(sizes - 2))
        spread = np.where(alone, np.nan, deviation)
        yield "the standard deviation", spread, deviation / np.sqrt(2 * np.maximum(sizes - 1, 1))
        yield "the first value", self.first, deviation
        yield "the last value", self.last, deviation


def statistics_of(dataset: Dataset) -> Iterator[Statistic]:
    """Of each target of rows in the order of the file: of numbers, or the share of each class; and the rows' count."""
    tasks, classes = len(dataset.tasks), dataset.schema.classes
    for name, target in zip(dataset.schema.targets, dataset.target.T, strict=False):
        known = np.isfinite(target)
        if not known.any():
            continue
        present = np.unique(dataset.task[known])
        found = (
            _shares(target[known], dataset.task[known], classes)
            if classes
            else _Rows.of(target[known], dataset.task[known]).numbers()
        )
        for what, values, error in found:
            yield Statistic(what, name, _of_all(values, present, tasks), _of_all(error, present, tasks))
    counts = np.bincount(dataset.task, minlength=tasks).astype(float)
    yield Statistic("the number of rows", ", ".join(dataset.schema.task), counts, np.zeros(tasks), line=False)


def _shares(
    target: FloatArray, task: IntArray, classes: tuple[str, ...]
) -> Iterator[tuple[str, FloatArray, FloatArray]]:
    """Of each class but the first of two, whose share says the same; and of two classes the first and last values."""
    for index in range(1 if len(classes) == 2 else 0, len(classes)):
        rows = _Rows.of((target == index).astype(float), task)
        share = rows.mean
        # One row more or less: where all rows are of one class, the share is no surer than that.
        error = np.sqrt(np.maximum(share * (1 - share), 1 / (rows.sizes + 1)) / rows.sizes)
        yield f"the share of the class '{classes[index]}'", share, error
        if len(classes) == 2:
            yield "the first value", rows.first, np.full(len(share), 0.5)
            yield "the last value", rows.last, np.full(len(share), 0.5)


def _of_all(values: FloatArray, present: IntArray, tasks: int) -> FloatArray:
    whole = np.full(tasks, np.nan)
    whole[present] = values
    return whole
