"""Rows that come as a mapping or as arrays, encoded as those of training, without the cost of a DataFrame."""

import datetime
import re
import warnings
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.columns.again import read_cell
from mthn_automl.data.columns.dates import part_of
from mthn_automl.data.columns.marks import as_number, is_marked
from mthn_automl.data.columns.text import tidy
from mthn_automl.data.dataset import Table, TaskTable
from mthn_automl.data.likeness import Likeness
from mthn_automl.data.metadata import extend_tasks, filled, pick
from mthn_automl.data.names import counted, listed, positions
from mthn_automl.data.schema import Column, Schema
from mthn_automl.data.tables import numeric_values
from mthn_automl.data.task_names import joined_name
from mthn_automl.data.values import is_missing, number, too_large
from mthn_automl.errors import DataError, UnknownWarning

_WHOLE = re.compile(r"-?\d+")
NEVER_SEEN = -1
"""As the number of a task: one that was never seen."""


class FeatureReader:
    """Features, or metadata, by the columns of training.

    What is missing or no finite number follows the rules of `data.values`.

    missing: cells that count as missing, as the user has said.
    """

    def __init__(self, columns: Sequence[Column], missing: Sequence[str] = ()) -> None:
        self._missing = missing
        self._columns = [column.name for column in columns]
        self._is_numeric = np.array([column.numeric for column in columns], dtype=bool)
        self._can_be_marked = np.array([column.numeric and column.part is None for column in columns], dtype=bool)
        self._numeric = [column for column in columns if column.numeric]
        self._codes = {
            column.name: {name: code for code, name in enumerate(column.categories)}
            for column in columns
            if column.categories is not None
        }

    def of_mapping(self, row: Mapping[str, object]) -> Table:
        """One row by the names of its columns; what is not there and categories that are not known are missing.

        Raises:
            DataError: what is no finite number in a numeric column.
        """
        if self._missing:
            row = {name: None if is_marked(value, self._missing) else value for name, value in row.items()}
        numeric = [_number(column, row.get(column.read_from)) for column in self._numeric]
        codes = [_code(row.get(name), known) for name, known in self._codes.items()]
        return Table(np.array([numeric], dtype=np.float64), np.array([codes], dtype=np.int64))

    def of_list(self, row: ArrayLike) -> Table:
        """One row as `of_array` takes many."""
        return self.of_array(_as_numbers(row)[np.newaxis])

    def of_array(self, features: ArrayLike) -> Table:
        """(rows, columns) numbers in the order of the schema's features, a category as its index.

        Raises:
            DataError: another number of columns, what is no finite number, or an index that no category has.
        """
        given = _as_numbers(self._in_order(features))
        for mark in self._missing:
            given = np.where(self._can_be_marked & (given == as_number(mark)), np.nan, given)
        if given.ndim != 2 or given.shape[1] != len(self._columns):
            raise DataError(
                f"An array of features must have {counted(len(self._columns), 'column')}, {listed(self._columns)}, "
                f"however its shape is {given.shape}; `columns` of the model lists them in order."
            )
        if given.size and (too_large(np.fmax.reduce(given, None)) or too_large(np.fmin.reduce(given, None))):
            row = int(too_large(given).any(axis=1).argmax())
            raise DataError(f"Numbers must be finite, however row {row} of the features holds one that is not.")
        if not self._codes:
            return Table(given, np.empty((len(given), 0), dtype=np.int64))
        return Table(given[:, self._is_numeric], self._checked_codes(given[:, ~self._is_numeric]))

    def _in_order(self, features: ArrayLike) -> ArrayLike:
        """A DataFrame's columns by their names, as they are not to be taken by their order."""
        if not isinstance(features, pd.DataFrame) or list(features.columns) == self._columns:
            return features
        absent = [name for name in self._columns if name not in features.columns]
        if absent:
            raise DataError(
                f"A DataFrame of features must have the columns of training, however it has no {listed(absent)}; "
                "add them."
            )
        return features[self._columns]

    def _checked_codes(self, given: FloatArray) -> IntArray:
        names, sizes = list(self._codes), np.array([len(known) for known in self._codes.values()])
        codes = np.nan_to_num(given, nan=-1.0)
        wrong = (codes != np.floor(codes)) | (codes < -1) | (codes >= sizes)
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise DataError(
                f"A category must be given as its index, from 0 to {sizes[column] - 1} or -1 where it is missing, "
                f"however '{names[column]}' is {given[row, column]:g} in row {row} of the features; "
                "`schema` of the model lists the categories in order."
            )
        return codes.astype(np.int64)


class TaskReader:
    """Numbers of tasks by their names."""

    def __init__(self, schema: Schema, tasks: TaskTable, spare: TaskTable) -> None:
        self._schema, self._tasks, self._spare = schema, tasks, spare
        self._known = {name: index for index, name in enumerate(tasks.names)}
        self._described = frozenset(spare.names)
        self._asked_for: set[str] = set()
        self._named_by_numbers = any(_WHOLE.fullmatch(name) for name in tasks.names)

    def of_name(self, task: object) -> int | str:
        """The number of a known task; of another its name where its metadata are known, else ''.

        Tasks that give the same are predicted alike.

        Raises:
            DataError: None or NaN, or what is no name.
        """
        known = self._known.get(task) if isinstance(task, str) else None
        if known is not None:
            return known
        name = self._name(task)
        known = self._known.get(name)
        if known is None:
            self._ask_for(name)
            return name if self._schema.described_as(name) in self._described else ""
        return known

    def in_row(self, row: Mapping[str, object]) -> object:
        """What names the task in the columns of a row."""
        found = [row.get(name) for name in self._schema.task]
        return found[0] if len(found) == 1 else found

    def _name(self, task: object) -> str:
        """As in data that were read; of several columns the values may be given one by one."""
        columns = self._schema.task
        if len(columns) == 1 or not isinstance(task, list | tuple | np.ndarray):
            return _name(task)
        if len(task) != len(columns):
            raise DataError(f"A task must be named by {listed(columns)}, however there is {task!r}.")
        return joined_name([_name(each) for each in task])

    def _ask_for(self, name: str) -> None:
        """Say which task may be meant, once."""
        if name in self._asked_for:
            return
        self._asked_for.add(name)
        near = self._likeness.nearest(name)
        if near is not None:
            warnings.warn(
                f"No task of training is called '{name}'; did you mean '{near}'?", UnknownWarning, stacklevel=4
            )

    @cached_property
    def _likeness(self) -> Likeness:
        return Likeness(self._tasks.names)

    def extended(self, new: Sequence[str]) -> TaskTable:
        """The tasks of training, then the new ones with such metadata as are known."""
        keys = [self._schema.described_as(name) for name in new]
        return extend_tasks(self._tasks, self._spare, new, keys)[0] if new else self._tasks

    def described(self, name: str, metadata: Table) -> TaskTable:
        """The tasks of training, then a new one with these metadata; those that are missing are as they are known."""
        key = self._schema.described_as(name)
        if self._spare.metadata is not None:
            metadata = filled(metadata, pick(self._spare.metadata, positions([key], self._spare.names)))
        return self._tasks.joined(TaskTable((name,), metadata))

    def of_rows(self, task: ArrayLike) -> tuple[IntArray, TaskTable]:
        """(rows,) numbers, and the tasks they count.

        Raises:
            DataError: not one name or number a row, a number that no task has, None or NaN.
        """
        given = _one_dimension(task)
        if given.ndim == 2 and given.shape[1] == len(self._schema.task) > 1:
            given = np.array([self._name(row) for row in given.tolist()], dtype=object)
        if given.ndim != 1:
            raise DataError(f"There must be one task a row, however the shape of the tasks is {given.shape}.")
        if np.issubdtype(given.dtype, np.integer) and not self._named_by_numbers:
            return self._of_numbers(given)
        return self._of_names(given)

    def _of_numbers(self, given: IntArray) -> tuple[IntArray, TaskTable]:
        wrong = (given < NEVER_SEEN) | (given >= len(self._tasks))
        if wrong.any():
            raise DataError(
                f"Numbers of tasks must lie between 0 and {len(self._tasks) - 1}, or be {NEVER_SEEN} for a task never "
                f"seen, however there is {given[wrong][0]}; `tasks` of the model lists the names in order."
            )
        new = given == NEVER_SEEN
        return np.where(new, len(self._tasks), given).astype(np.int64), self.extended([""] if new.any() else [])

    def _of_names(self, given: np.ndarray) -> tuple[IntArray, TaskTable]:
        names, of_distinct = given.tolist(), None
        if given.dtype.kind in "iu":  # text is looked up faster than sorted, numbers the other way round
            distinct, of_distinct = np.unique(given, return_inverse=True)
            names = distinct.tolist()
        tasks = list(map(self._known.get, names))
        new: dict[str, int] = {}
        for index in [index for index, task in enumerate(tasks) if task is None]:
            task = self.of_name(names[index])
            tasks[index] = task if isinstance(task, int) else new.setdefault(task, len(self._tasks) + len(new))
        numbers = np.array(tasks, dtype=np.int64)
        return numbers if of_distinct is None else numbers[of_distinct], self.extended(list(new))


def _as_numbers(features: ArrayLike) -> FloatArray:
    try:
        return np.asarray(features, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(
            f"An array of features must hold numbers, a category as its index, however: {error}; "
            "`predict` takes a DataFrame with text."
        ) from None


def _number(column: Column, value: object) -> float:
    """The number of a cell, or of a part of a date, as of a table; NaN where it is missing."""
    if is_missing(value) or not (isinstance(value, str) or column.part is not None):
        return number(column.name, value)
    if isinstance(value, datetime.date | np.datetime64):
        if isinstance(value, datetime.datetime):
            value = value.replace(tzinfo=None)  # by the clock of its zone
        dates = np.array([value], dtype="datetime64[us]")
        return float(part_of(column.part, dates)[0]) if column.part is not None else number(column.name, value)
    again = read_cell(str(value), column.written)
    if again.wrong is not None:
        return number(column.name, value)
    return float(numeric_values(again.cells, column)[0])


def _code(value: object, known: Mapping[str, int]) -> int:
    return -1 if is_missing(value) else known.get(tidy(str(value)), -1)


def _one_dimension(task: ArrayLike) -> np.ndarray:
    """As an array of objects where NumPy would write numbers and gaps as text."""
    try:
        given = np.asarray(task)
    except ValueError:
        raise DataError("There must be one task a row, however they are nested; give a list of names.") from None
    return np.asarray(task, dtype=object) if given.dtype.kind == "U" and not isinstance(task, np.ndarray) else given


def _name(task: object) -> str:
    """The name of a task as in data that were read."""
    if is_missing(task):
        raise DataError("Every row must name its task, however there is one without; fill it in.")
    if not pd.api.types.is_scalar(task) or isinstance(task, bytes):
        raise DataError(f"A task must be given by its name, however there is {task!r}.")
    return tidy(str(task))
