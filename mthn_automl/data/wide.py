"""Wide tables: each target column is a task, on rows that all share; they are read as the long form that they mean.

In that form a row is a known cell of a target column. Rows that were one row stay in one group, as whoever predicts a
new row knows none of its cells.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.columns.rule import Cells
from mthn_automl.data.columns.text import Names, tidy
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.formats.room import refuse_beyond
from mthn_automl.data.names import counted, listed
from mthn_automl.data.schema import Schema
from mthn_automl.data.source import Source
from mthn_automl.data.tables import encode_table
from mthn_automl.data.task_book import TaskBook
from mthn_automl.data.unknowns import Unknowns
from mthn_automl.errors import DataError, UsageError

TARGET: Final = "target"
"""What the target of the long form is called."""

ELSE: Final = "value"
"""What it is called where the column that names tasks is called so."""

BYTES_A_CELL: Final = 16
"""Of the long form: as it is read, and as it is encoded."""

NUMERIC: Final = frozenset({Kind.NUMBER, Kind.TRUTH})


def long_form(source: Source, targets: Sequence[str], task: Sequence[str]) -> Source:
    """A row each known cell of the target columns, which are left out; row by row, as they stand in the table.

    Args:
        targets: columns of the source.
        task: what the column is called that names them.

    Raises:
        DataError: no cell is known, columns of different kinds, or more than fits in memory.
        UsageError: another column has the name of one that is made.
    """
    others = {name: cells for name, cells in source.columns.items() if name not in targets}
    _refuse_taken(source, others, task)
    known = np.column_stack([source.columns[name].known for name in targets])
    row, column = np.nonzero(known)
    if not len(row):
        raise DataError(f"Some rows must have a target, however no row of {source.name} has one in {listed(targets)}.")
    refuse_long(len(row), len(others) + 2, source.name)
    named = Cells(Form(Kind.TEXT), text=Names(column.astype(np.int64), task_names(source, targets)))
    target = _together(source, targets, row, column)
    long = replace(source, columns=others).take(row)
    return replace(
        long,
        columns={**long.columns, task[0]: named, long_target(task): target},
        notes=(*source.notes, *_notes(source, targets, known)),
    )


def long_target(task: Sequence[str]) -> str:
    """What the column of a long form is called that has the targets. task: as of `long_form`."""
    return ELSE if task[0] == TARGET else TARGET


def task_names(source: Source, targets: Sequence[str]) -> tuple[str, ...]:
    """The target columns as names of tasks."""
    names = tuple(map(tidy, targets))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"Each target column must have a name of its own, however {source.name} has '{twice}' twice.")
    return names


def of_all_tasks(source: Source, schema: Schema, book: TaskBook, unknowns: Unknowns) -> Dataset:
    """Each row of a wide table for every target column of training, then for new tasks of which metadata were given.

    A column that was held out, or of which no cell was known, is a task never seen, whose metadata may be known.
    """
    features = encode_table(source, schema.features, "as in training")
    unknowns.enter(source, features)
    names = list(map(tidy, schema.wide))
    names += book.described_alone(names)
    refuse_long(len(source) * len(names), len(schema.features), source.name)
    rows = np.repeat(np.arange(len(source)), len(names))
    numbered = book.enter(np.tile(np.arange(len(names)), len(source)), names)
    spread = source.take(rows)
    return Dataset(
        schema=schema,
        features=features.take(rows),
        task=numbered,
        target=np.empty((len(rows), 0)),
        row=spread.rows,
        tasks=book.tasks,
        spare=book.spare,
        id=spread.id,
        group=spread.rows,
    )


def wide_targets(source: Source, schema: Schema) -> list[str]:
    """The target columns of training that a wide table has.

    Raises:
        DataError: none.
    """
    found = [name for name in schema.wide if name in source.columns]
    if not found:
        source.require(schema.wide[0], "to compare predictions with")
    return found


def refuse_long(rows: int, columns: int, name: str) -> None:
    """Raise a DataError if so many rows of a long form do not fit in memory."""
    refuse_beyond(BYTES_A_CELL * rows * columns, f"{name} with a row a target", "give fewer rows or targets")


def _refuse_taken(source: Source, others: dict[str, Cells], task: Sequence[str]) -> None:
    if len(task) > 1:
        raise UsageError(
            f"--wide makes a task of each target column, however several --task are given ({listed(task)}); leave them "
            "out, or name the one column of the metadata that holds the names of the targets."
        )
    for name in (task[0], long_target(task)):
        if name in others:
            raise UsageError(
                f"--wide makes a task of each target column, however {source.name} has a column '{name}', as a table "
                "with a row a task and target has; leave out --wide, or rename the column."
            )


def _together(source: Source, targets: Sequence[str], row: IntArray, column: IntArray) -> Cells:
    """The cells of all target columns at these places, as one column; a column without a known cell has no kind."""
    used = np.unique(column).tolist()
    cells = {index: source.columns[targets[index]] for index in used}
    kinds = {each.form.kind for each in cells.values()}
    if kinds <= NUMERIC:
        values = np.empty(len(row))
        for index, each in cells.items():
            assert each.numbers is not None
            values[column == index] = each.numbers[row[column == index]]
        return Cells(Form(Kind.TRUTH if kinds == {Kind.TRUTH} else Kind.NUMBER), values)
    if kinds != {Kind.TEXT}:
        raise DataError(_mixed([targets[index] for index in used], list(cells.values())))
    codes, known = np.empty(len(row), dtype=np.int64), dict[str, int]()
    for index, each in cells.items():
        names = each.names()
        moved = np.array([known.setdefault(name, len(known)) for name in names.names], dtype=np.int64)
        codes[column == index] = moved[names.codes[row[column == index]]]
    return Cells(Form(Kind.TEXT), text=Names(codes, tuple(known)))


def _mixed(targets: Sequence[str], cells: Sequence[Cells]) -> str:
    by_kind = {each.form.kind: name for each, name in zip(cells, targets, strict=True)}
    found = ", ".join(f"'{name}' holds {kind.value}s" for kind, name in by_kind.items()).replace("texts", "text")
    return (
        f"The target columns of a wide table must all hold numbers or all hold classes, however {found}; --target "
        "names those that belong together, --numeric and --categorical say how a column is read."
    )


def _notes(source: Source, targets: Sequence[str], known: np.ndarray) -> list[str]:
    empty, cells = int((~known.any(axis=1)).sum()), int(known.sum())
    unknown = [targets[index] for index in np.flatnonzero(~known.any(axis=0)).tolist()]
    notes = [
        f"{source.name} is wide: each of its {counted(len(targets), 'target column')} is a task, and a row of it is in "
        f"the training or in the test with all its targets; {cells:,} of {known.size:,} cells have a value."
    ]
    if unknown:
        notes.append(f"{source.name}: no cell of {listed(unknown)} is known, so that nothing is learnt of such a task.")
    return notes + (
        [f"{source.name}: {counted(empty, 'row')} dropped because all targets are missing."] if empty else []
    )
