"""Metadata of tasks, joined to them by name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Table, TaskTable
from mthn_automl.data.infer import infer_columns
from mthn_automl.data.likeness import Likeness, no_common, with_rows
from mthn_automl.data.names import counted, listed, positions
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


@dataclass(frozen=True)
class Described:
    """The tasks of the data, for whom metadata are looked up.

    Attributes:
        names: of the tasks.
        rows: that each has.
        keys: the names under which metadata describe them: their own, or those of groups of tasks.
        table: what sentences call the data.
    """

    names: Sequence[str]
    rows: Sequence[int]
    keys: Sequence[str]
    table: str


def join_metadata(source: Source, task: Sequence[str], tasks: Described, wanted: Sequence[str]) -> Joined:
    """The metadata of the tasks of the data, from the columns that are wanted.

    task: the columns that name what a row of metadata describes.

    Raises:
        DataError: no task column, a task twice, or no task in common with the data.
    """
    names, described = tasks.names, task_names(source, task)
    if not set(described) & set(tasks.keys):
        raise DataError(no_common(tasks.keys, described, tasks.table, source.name))
    columns, notes = infer_columns(source, wanted, "metadata column")
    notes = [*source.notes, *_group_note(source, task, tasks), *notes]
    if not columns:
        return without_metadata(names, [*notes, f"There are no metadata: no column of {source.name} is of use."])
    table = encode_table(source, columns, "of metadata")
    rows, unused = positions(tasks.keys, described), np.flatnonzero(positions(described, tasks.keys) < 0)
    # what describes a group of tasks describes new ones, too
    spare = unused if tasks.keys == tasks.names else np.arange(len(described))
    notes += _counts(source, tasks, np.flatnonzero(rows < 0), [described[index] for index in unused])
    return Joined(
        columns,
        TaskTable(tuple(names), pick(table, rows)),
        TaskTable(tuple(described[index] for index in spare), table.take(spare)),
        tuple(notes),
    )


def extend_tasks(
    tasks: TaskTable, describing: TaskTable, new: Sequence[str], keys: Sequence[str]
) -> tuple[TaskTable, IntArray]:
    """Append new tasks, described under the names in `keys` by `describing`, else all missing.

    Returns:
        All tasks; (new,) which of the new ones are described, as -1 or more.
    """
    described = positions(keys, describing.names)
    metadata = None if describing.metadata is None else pick(describing.metadata, described)
    return tasks.joined(TaskTable(tuple(new), metadata)), described


def task_names(source: Source, task: Sequence[str]) -> list[str]:
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


def pick(table: Table, rows: IntArray) -> Table:
    """The given rows; all cells missing where a row is -1."""
    missing = Table(
        np.full((1, table.numeric.shape[1]), np.nan), np.full((1, table.codes.shape[1]), -1, dtype=np.int64)
    )
    return table.joined(missing).take(rows)


def filled(table: Table, other: Table) -> Table:
    """The table, its missing cells taken from the same rows of the other."""
    return Table(
        np.where(np.isnan(table.numeric), other.numeric, table.numeric),
        np.where(table.codes < 0, other.codes, table.codes),
    )


def _group_note(source: Source, task: Sequence[str], tasks: Described) -> list[str]:
    if tasks.keys == tasks.names:
        return []
    return [f"{source.name}: a row describes all tasks of the same {listed(task)}, since no other column names them."]


def _counts(source: Source, tasks: Described, undescribed: IntArray, unused: Sequence[str]) -> list[str]:
    notes = []
    if len(undescribed):
        names = [tasks.names[index] for index in undescribed]
        shown = with_rows(names, [tasks.rows[index] for index in undescribed])
        keys = dict.fromkeys(tasks.keys[index] for index in undescribed)
        question = Likeness(unused).question(keys, source.name)
        notes.append(
            f"{counted(len(names), 'task')} of {tasks.table} not in {source.name}: metadata missing of {shown}"
            f"{question or '.'}"
        )
    if unused:
        notes.append(f"{counted(len(unused), 'task')} of {source.name} without rows: kept for predictions.")
    return notes
