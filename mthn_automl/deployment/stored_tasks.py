"""tasks.json of a model folder: the tasks it was trained on, and those of which it knows the metadata only."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.text import tidy
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.schema import Schema
from mthn_automl.received import Received

FILE = "tasks.json"


@dataclass(frozen=True)
class _Metadata:
    """Of some tasks: a row a task.

    Attributes:
        numeric: numbers, null where missing.
        codes: indices of categories, -1 where missing.
    """

    numeric: tuple[tuple[float | None, ...], ...]
    codes: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class _Tasks:
    """Some tasks, by name; with how many rows of training each has had, where it had any."""

    names: tuple[str, ...]
    metadata: _Metadata | None
    rows: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(set(self.names)) < len(self.names):
            raise ValueError("names of tasks must differ from each other, however two are the same")

    def table(self, schema: Schema) -> TaskTable:
        """Widths come from the schema: a table without tasks has no cell to tell them.

        Raises:
            ValueError: other widths, a number that is not finite, or an index of no category.
        """
        if self.metadata is None:
            if schema.metadata and self.names:
                raise ValueError(f"metadata must be given for {len(schema.metadata)} columns, however there are none")
            return TaskTable(self.names, None)
        sizes = [len(each.categories) for each in schema.metadata if each.categories is not None]
        tasks, numbers = len(self.names), len(schema.metadata) - len(sizes)
        numeric = np.array(self.metadata.numeric, dtype=np.float64).reshape(tasks, numbers)
        codes = np.array(self.metadata.codes, dtype=np.int64).reshape(tasks, len(sizes))
        if np.isinf(numeric).any():
            raise ValueError("metadata must be finite numbers, however some are infinite")
        if (codes < -1).any() or (codes >= np.array(sizes, dtype=np.int64)).any():
            raise ValueError("metadata must be indices of the categories in schema.json, however one is of none")
        return TaskTable(self.names, Table(numeric, codes))


@dataclass(frozen=True)
class _Stored:
    """What tasks.json holds."""

    tasks: _Tasks
    spare: _Tasks
    adapted: int = 0

    def __post_init__(self) -> None:
        if not self.tasks.names:
            raise ValueError("there must be a task, however there is none")
        if len(self.tasks.rows) != len(self.tasks.names):
            raise ValueError("there must be a number of rows for each task, however there is not")
        if not 0 <= self.adapted < len(self.tasks.names):
            raise ValueError("there must be tasks that were not added, however there are none")


@dataclass(frozen=True)
class ModelTasks:
    """The tasks of a model.

    Attributes:
        table: those of training, then those added after it.
        spare: of which the metadata alone are known.
        rows: that each of the first has had.
        adapted: how many were added.
    """

    table: TaskTable
    spare: TaskTable
    rows: tuple[int, ...]
    adapted: int = 0


def tasks_of(data: Dataset) -> ModelTasks:
    """Those of the rows of training."""
    rows = np.bincount(data.task, minlength=len(data.tasks))
    return ModelTasks(data.tasks, data.spare, tuple(rows.tolist()))


def tasks_to_json(tasks: ModelTasks) -> dict[str, Any]:
    """What `read_tasks` reads."""
    return {
        "tasks": {**_table_to_json(tasks.table), "rows": list(tasks.rows)},
        "spare": _table_to_json(tasks.spare),
        "adapted": tasks.adapted,
    }


def read_tasks(given: Received, schema: Schema) -> ModelTasks:
    """The tasks of a model folder.

    Raises:
        FormatError: it is damaged, or does not belong to the schema.
    """
    stored = given.typed(FILE, _Stored)
    with given.checked(FILE):
        if schema.wide and not set(stored.tasks.names) <= set(map(tidy, schema.wide)):
            raise ValueError("each task of a wide table must be one of its columns, however one is none of schema.json")
        tables = stored.tasks.table(schema), stored.spare.table(schema)
        return ModelTasks(*tables, stored.tasks.rows, stored.adapted)


def _table_to_json(tasks: TaskTable) -> dict[str, Any]:
    metadata = tasks.metadata
    if metadata is None:
        return {"names": list(tasks.names), "metadata": None}
    return {
        "names": list(tasks.names),
        "metadata": {"numeric": _with_null(metadata.numeric), "codes": metadata.codes.tolist()},
    }


def _with_null(numbers: FloatArray) -> list[list[float | None]]:
    return [[None if np.isnan(cell) else float(cell) for cell in row] for row in numbers]
