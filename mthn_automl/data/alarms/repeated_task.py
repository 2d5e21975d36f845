"""Two tasks with identical rows: one task under two names."""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees
from mthn_automl.data.alarms.parts.columns import Keys, features_of, row_keys
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted, listed

SEES: Final = Sees.TASKS
ROWS = 3
"""Fewest rows of a task."""
CHANCE = 14.0
"""How unlikely it must be that some two tasks are so by chance: a probability of exp(-14), about one in a million."""


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """Groups of tasks whose rows are the same, in any order."""
    features = [each.values for each in features_of(dataset)]
    if len(dataset) == 0 or len(np.unique(dataset.task)) < 2:
        return
    keys = row_keys([*features, *dataset.target.T], len(dataset))
    groups = _equal_tasks(keys, dataset.task)
    if not groups:
        return
    unlikely = _unlikely(keys, row_keys(features, len(dataset)), dataset.task)
    kept = [tasks for tasks in groups if unlikely[tasks[0]] >= CHANCE]
    if kept:
        yield _alarm(dataset, kept)


def _equal_tasks(keys: Keys, task: IntArray) -> list[IntArray]:
    """Task numbers of each group of two or more with the same rows as often."""
    order = np.lexsort((keys, task))
    sizes = np.bincount(task)
    rows = dict(
        zip(np.flatnonzero(sizes).tolist(), np.split(keys[order], np.cumsum(sizes[sizes > 0])[:-1]), strict=True)
    )
    by_rows: dict[bytes, list[int]] = {}
    for number, own in rows.items():
        if len(own) >= ROWS:
            by_rows.setdefault(own.tobytes(), []).append(number)
    return [np.array(tasks) for tasks in by_rows.values() if len(tasks) > 1]


def _unlikely(keys: Keys, features: Keys, task: IntArray) -> FloatArray:
    """(tasks,) minus the logarithm of the chance that any task is like each of them.

    A row comes again by chance as often as it occurs among all rows; where each task has the same features, as in an
    experiment that is done in all of them, as often as it occurs among tasks. In the latter case tasks may differ in
    how often each target occurs, and people who say yes to everything are alike: only its order counts then.
    """
    tasks = int(task.max()) + 1
    rows, count = np.unique(keys, return_inverse=True, return_counts=True)[1:]
    design = _tasks_with(features, task) > 2
    present = len(np.unique(task))
    chance = np.where(design, _tasks_with(keys, task) / present, count[rows] / len(keys))
    unlikely = np.bincount(task, weights=-np.log(chance), minlength=tasks)
    target = keys - features
    usual = np.bincount(task, weights=~(design & (_tasks_with(target, task) > 2)), minlength=tasks) == 0
    return np.asarray(np.where(usual, np.minimum(unlikely, _orders(target, task)), unlikely) - 2 * np.log(present))


def _tasks_with(keys: Keys, task: IntArray) -> IntArray:
    """(rows,) in how many tasks each key occurs."""
    tasks = int(task.max()) + 1
    codes = np.unique(keys, return_inverse=True)[1]
    return np.bincount(np.unique(codes * tasks + task) // tasks)[codes]


def _orders(target: Keys, task: IntArray) -> FloatArray:
    """(tasks,) logarithm of the number of orders in which the targets of each could stand."""
    tasks = int(task.max()) + 1
    factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, len(task) + 1)))])
    cells, count = np.unique(np.unique(target, return_inverse=True)[1] * tasks + task, return_counts=True)
    return factorial[np.bincount(task)] - np.bincount(cells % tasks, weights=factorial[count], minlength=tasks)


def _alarm(dataset: Dataset, groups: list[IntArray]) -> Alarm:
    named = [[dataset.tasks.names[number] for number in group] for group in groups]
    tasks, rows = sum(map(len, groups)), int(np.isin(dataset.task, np.concatenate(groups)).sum())
    shown = "; ".join(f"{listed(each, most=3)}" for each in named[:3])
    more = f"; and {counted(len(named) - 3, 'more group')}" if len(named) > 3 else ""
    return Alarm(
        name="repeated_task",
        columns=dataset.schema.task,
        sentence=(
            f"{counted(tasks, 'task')} of {listed(dataset.schema.task)} have identical rows, and are "
            f"{counted(len(groups), 'task')} under several names: {shown}{more}."
        ),
        advice="Keep one name of each in the data: test rows under one name are training rows under the other.",
        evidence={"tasks": tasks, "groups": len(groups), "rows": rows, "first": ", ".join(named[0][:5])},
    )
