"""Columns of the data that never vary within a task: they describe the task, and are its metadata."""

from collections.abc import Iterable

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.columns.rule import Cells
from mthn_automl.data.source import Source

FEWEST_ROWS = 2.0
"""Of a task, on average: of tasks of single rows everything is constant."""


def constant_within(source: Source, task: IntArray, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the columns that have one value in all rows of a task, and not in all tasks; gaps do not count."""
    tasks = int(task.max()) + 1
    if tasks < 2 or len(task) < FEWEST_ROWS * tasks:
        return ()
    return tuple(name for name in names if _is_constant(source.columns[name], task, tasks))


def _is_constant(cells: Cells, task: IntArray, tasks: int) -> bool:
    known = cells.known
    values, of = cells.values[known], task[known]
    if len(values) == 0 or (values == values[0]).all():
        return False
    first = np.full(tasks, values[0])
    first[of[::-1]] = values[::-1]
    return bool((values == first[of]).all())


def one_row_a_task(source: Source, task: IntArray) -> Source:
    """The first row of each task: what the rows say of it."""
    first = np.zeros(len(task), dtype=bool)
    first[np.unique(task, return_index=True)[1]] = True
    return source.keep(first)
