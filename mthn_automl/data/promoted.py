"""Columns of the data that never vary within a task: they describe the task, and are its metadata."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.columns.rule import Cells
from mthn_automl.data.dataset import Table
from mthn_automl.data.names import counted, listed
from mthn_automl.data.precision import same
from mthn_automl.data.schema import Column
from mthn_automl.data.source import Source
from mthn_automl.data.tables import encoded

OF_TRAINING = 2
"""Of a task: it is one of training, whose metadata stay as they were."""

FEWEST_SHOWING, LEAST_SHARE = 2, 0.5
"""Tasks with two or more known cells of a column, and their share of those with any: a cell alone varies nowhere."""


def constant_within(source: Source, task: IntArray, names: Iterable[str]) -> Mapping[str, int]:
    """Those of the columns that have one value in all rows of a task, and not in all tasks; gaps do not count.

    Returns:
        The names, and in how many tasks two or more known cells show it: in half of those that have any, at least.
    """
    tasks = int(task.max()) + 1
    showing = {name: _tasks_that_show(source.columns[name], task, tasks) for name in names}
    return {name: count for name, count in showing.items() if count}


def _tasks_that_show(cells: Cells, task: IntArray, tasks: int) -> int:
    """How many tasks show that a column is one of theirs; 0 where too few do, or one shows that it is none."""
    known = cells.known
    values, of = cells.values[known], task[known]
    if len(values) == 0 or (values == values[0]).all():
        return 0
    first = np.full(tasks, values[0])
    first[of[::-1]] = values[::-1]
    counts = np.bincount(of, minlength=tasks)
    showing, some = int((counts > 1).sum()), int((counts > 0).sum())
    enough = showing >= max(FEWEST_SHOWING, LEAST_SHARE * some)
    return showing if enough and (values == first[of]).all() else 0


def promoted_notes(promoted: Mapping[str, int]) -> list[str]:
    """promoted: what `constant_within` gives."""
    if not promoted:
        return []
    return [
        f"Taken as metadata, since they never vary within a task, as {counted(min(promoted.values()), 'task')} or more "
        f"with several known cells show: {listed(list(promoted), 10)}; --no-promote leaves them among the features."
    ]


def one_row_a_task(source: Source, task: IntArray, names: Sequence[str]) -> Source:
    """What the rows say of each task: of each of the columns the first known cell."""
    columns = {name: source.columns[name] for name in names}
    first = replace(source, columns={}).take(np.unique(task, return_index=True)[1])
    return replace(first, columns={name: cells.take(first_known(cells, task)) for name, cells in columns.items()})


def first_known(cells: Cells, task: IntArray) -> IntArray:
    """(tasks,) the first row of each task whose cell is known; its first row where none is."""
    rows, known = np.unique(task, return_index=True)[1], np.flatnonzero(cells.known)
    tasks, places = np.unique(task[known], return_index=True)
    rows[tasks] = known[places]
    return rows


@dataclass
class RowsOfTasks:
    """Metadata that stand in the rows of tasks, and what is said where these give several values.

    Args:
        columns: as training saw them.
    """

    columns: Sequence[Column]
    _first: dict[str, str] = field(default_factory=dict)
    _tasks: dict[str, set[str]] = field(default_factory=dict)

    def enter(self, source: Source, task: IntArray, names: Sequence[str], kept: Table, old: IntArray) -> None:
        """Put the first known cell of each column into `kept`, a row a task, but for the tasks that are known.

        old: (tasks,) OF_TRAINING, 1 of earlier rows, 0 for new tasks.
        """
        numeric, codes = iter(kept.numeric.T), iter(kept.codes.T)
        for column in self.columns:
            of_tasks: FloatArray | IntArray = next(numeric if column.numeric else codes)
            if column.read_from not in source.columns:
                continue
            cells = source.columns[column.read_from]
            values = encoded(cells, column)
            of_tasks[old == 0] = values[first_known(cells, task)[old == 0]]
            wrong = np.flatnonzero(cells.known & ~same(values, of_tasks[task]))
            if len(wrong):
                row, at = int(wrong[0]), int(task[wrong[0]])
                where = "in training" if old[at] == OF_TRAINING else "in an earlier row"
                self._tasks.setdefault(column.name, set()).update(names[each] for each in np.unique(task[wrong]))
                self._first.setdefault(
                    column.name,
                    f"metadata column '{column.name}' of task '{names[at]}' is {_shown(column, of_tasks[at])} {where}, "
                    f"which is kept, and {_of_row(cells, column, values, row)} in {source.at(row)}",
                )

    def notes(self, name: str) -> list[str]:
        """A sentence for each column of which tasks were given several values. name: of the table."""
        more = {column: len(tasks) - 1 for column, tasks in self._tasks.items()}
        others = {
            column: f"; so it is with {counted(number, 'task')} more" for column, number in more.items() if number
        }
        return [f"{name}: {said}{others.get(column, '')}." for column, said in self._first.items()]


def _shown(column: Column, value: float) -> str:
    if column.categories is not None:
        return f"'{column.categories[int(value)]}'" if value >= 0 else "missing"
    return "missing" if np.isnan(value) else f"{value:.15g}"


def _of_row(cells: Cells, column: Column, values: FloatArray | IntArray, row: int) -> str:
    if column.numeric:
        return _shown(column, values[row])
    names = cells.names()
    return f"'{names.names[names.codes[row]]}'"
