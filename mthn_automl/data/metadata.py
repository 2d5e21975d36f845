"""Metadata of tasks, joined to them by name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Table, TaskTable
from mthn_automl.data.infer import infer_columns
from mthn_automl.data.names import counted, positions
from mthn_automl.data.schema import Column
from mthn_automl.data.source import Source
from mthn_automl.data.tables import encode_table
from mthn_automl.errors import DataError


@dataclass(frozen=True)
class Joined:
    """Tasks with their metadata.

    Attributes:
        columns: of the metadata.
        tasks: in the order asked for.
        spare: of which only the metadata are known.
        notes: sentences about what was decided.
    """

    columns: tuple[Column, ...]
    tasks: TaskTable
    spare: TaskTable
    notes: tuple[str, ...]


def without_metadata(names: Sequence[str], notes: Sequence[str] = ()) -> Joined:
    """Tasks of which only the names are known."""
    return Joined((), TaskTable(tuple(names), None), TaskTable((), None), tuple(notes))


def join_metadata(source: Source, task: str, names: Sequence[str], data_name: str, wanted: Sequence[str]) -> Joined:
    """The metadata of the tasks called `names`, from the columns that are wanted.

    Raises:
        DataError: no task column, a task twice, or no task in common with the data, called `data_name`.
    """
    described = task_names(source, task)
    if not set(described) & set(names):
        raise DataError(no_common_task(source, described, names, data_name))
    columns, notes = infer_columns(source, wanted, "metadata column")
    notes = [*source.notes, *notes]
    if not columns:
        return without_metadata(names, [*notes, f"There are no metadata: no column of {source.name} is of use."])
    table = encode_table(source, columns, "of metadata")
    rows = positions(names, described)
    spare = np.flatnonzero(positions(described, names) < 0)
    notes += _counts(source, int((rows < 0).sum()), len(spare), data_name)
    return Joined(
        columns,
        TaskTable(tuple(names), pick(table, rows)),
        TaskTable(tuple(described[index] for index in spare), table.take(spare)),
        tuple(notes),
    )


def extend_tasks(tasks: TaskTable, describing: TaskTable, new: Sequence[str]) -> tuple[TaskTable, IntArray]:
    """Append new tasks, described by `describing`, else all missing.

    Returns:
        All tasks; (new,) which of the new ones are described, as -1 or more.
    """
    described = positions(new, describing.names)
    metadata = None if describing.metadata is None else pick(describing.metadata, described)
    return tasks.joined(TaskTable(tuple(new), metadata)), described


def task_names(source: Source, task: str) -> list[str]:
    """The task of each row of a metadata source.

    Raises:
        DataError: no such column, a row without a name, or a task twice.
    """
    codes, names = source.task_codes(task)
    if len(names) < len(codes):
        name = names[int((np.bincount(codes) > 1).argmax())]
        first, second = np.flatnonzero(codes == names.index(name))[:2]
        raise DataError(
            f"A task must have one row of metadata, however '{name}' has {source.at(int(first))} and "
            f"{source.at(int(second))}; remove one."
        )
    return names


def no_common_task(source: Source, described: Sequence[str], names: Sequence[str], data_name: str) -> str:
    """What is wrong with metadata of the tasks `described`, where the data have those called `names`."""
    return (
        f"Metadata are joined to the data by the name of the task, however no task of {source.name} "
        f"(such as '{described[0]}') is one of {data_name} (such as '{names[0]}'); check the names."
    )


def pick(table: Table, rows: IntArray) -> Table:
    """The given rows; all cells missing where a row is -1."""
    missing = Table(
        np.full((1, table.numeric.shape[1]), np.nan), np.full((1, table.codes.shape[1]), -1, dtype=np.int64)
    )
    return table.joined(missing).take(rows)


def _counts(source: Source, undescribed: int, spare: int, data_name: str) -> list[str]:
    notes = []
    if undescribed:
        notes.append(f"{counted(undescribed, 'task')} of {data_name} not in {source.name}: metadata missing.")
    if spare:
        notes.append(f"{counted(spare, 'task')} of {source.name} without rows: kept for predictions.")
    return notes
