"""The dataset in memory: arrays only, encoded against a schema, so that workers can map it without a copy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.schema import Schema

if TYPE_CHECKING:
    from mthn_automl.data.account import ColumnAccount


@dataclass(frozen=True)
class Table:
    """Columns of one kind of row.

    Attributes:
        numeric: (rows, numeric columns) float64, NaN where missing.
        codes: (rows, categorical columns) int64, index into the column's categories, -1 where missing or unknown.
    """

    numeric: FloatArray
    codes: IntArray

    def __len__(self) -> int:
        return len(self.numeric)

    def take(self, rows: IntArray) -> "Table":
        return Table(self.numeric[rows], self.codes[rows])

    def joined(self, other: "Table") -> "Table":
        """This table's rows followed by the other's."""
        return Table(np.concatenate([self.numeric, other.numeric]), np.concatenate([self.codes, other.codes]))


@dataclass(frozen=True)
class TaskTable:
    """Tasks by their numbers.

    Attributes:
        names: in the order of the numbers.
        metadata: a row a task, in the same order; None where there are none.
    """

    names: tuple[str, ...]
    metadata: Table | None

    def __len__(self) -> int:
        return len(self.names)

    def joined(self, other: "TaskTable") -> "TaskTable":
        if self.metadata is None or other.metadata is None:
            return TaskTable(self.names + other.names, self.metadata if len(other) == 0 else None)
        return TaskTable(self.names + other.names, self.metadata.joined(other.metadata))


@dataclass(frozen=True)
class Dataset:
    """Rows of many tasks.

    Attributes:
        schema: what the columns are.
        features: one row an observation.
        task: (rows,) int64, index into `tasks`.
        target: (rows, targets) float64; for classes (rows, 1) holding the class index; (rows, 0) when unknown.
        row: (rows,) int64, 0-based position of each row in the input, before rows were dropped.
        tasks: those that have rows.
        spare: those of which only the metadata are known.
        notes: sentences about what was found, dropped or decided while reading.
        account: of each column of the input, as it was read.
        exposure: (rows,) float64, above zero, that counts are in proportion to; None: it is 1 in every row.
    """

    schema: Schema
    features: Table
    task: IntArray
    target: FloatArray
    row: IntArray
    tasks: TaskTable
    spare: TaskTable
    notes: tuple[str, ...] = ()
    account: "tuple[ColumnAccount, ...]" = ()
    exposure: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.task)

    def take(self, rows: IntArray) -> "Dataset":
        """The given rows; tasks keep their numbers."""
        return replace(
            self,
            features=self.features.take(rows),
            task=self.task[rows],
            target=self.target[rows],
            row=self.row[rows],
            exposure=None if self.exposure is None else self.exposure[rows],
        )

    @property
    def exposures(self) -> FloatArray:
        """(rows,) float64."""
        return np.ones(len(self)) if self.exposure is None else self.exposure

    def exposed(self, prediction: FloatArray) -> FloatArray:
        """Predictions of each row at its own exposure, from those at an exposure of 1, (rows, outputs)."""
        return prediction if self.exposure is None else prediction * self.exposure[:, None]

    def without_metadata(self) -> "Dataset":
        return replace(
            self,
            schema=replace(self.schema, metadata=()),
            tasks=TaskTable(self.tasks.names, None),
            spare=TaskTable((), None),
        )

    def with_metadata_of(self, order: Sequence[int] | IntArray) -> "Dataset":
        """Task t is given the metadata of task order[t]: the permuted variant of the ablation."""
        if self.tasks.metadata is None:
            return self
        moved = self.tasks.metadata.take(np.asarray(order))
        return replace(self, tasks=TaskTable(self.tasks.names, moved))
