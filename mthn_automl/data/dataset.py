"""The dataset in memory: arrays only, encoded against a schema, so that workers can map it without a copy."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.columns.form import Form
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

    def take(self, tasks: IntArray) -> "TaskTable":
        return TaskTable(
            tuple(self.names[task] for task in tasks), None if self.metadata is None else self.metadata.take(tasks)
        )

    def joined(self, other: "TaskTable") -> "TaskTable":
        if self.metadata is None or other.metadata is None:
            return TaskTable(self.names + other.names, self.metadata if len(other) == 0 else None)
        return TaskTable(self.names + other.names, self.metadata.joined(other.metadata))


class Part(IntEnum):
    """What the user has said that a row is for."""

    UNUSED = -1
    TRAIN = 0
    VALIDATION = 1
    TEST = 2


@dataclass(frozen=True)
class Keys:
    """What splits go by, apart from the task; None: the user has said nothing of it.

    Attributes:
        time: (rows,) float64, NaN where missing.
        dated: whether times are seconds since 1970.
        groups_asked: whether the user asked that groups are kept together, so that tasks which share one are, too.
        part: (rows,) int64, values of `Part`.
        forms: the columns of the data that say group and time, and how they are written.
        group_names: what groups 0, 1 ... are called; beyond are rows without one. None are known of other groups.
    """

    time: FloatArray | None = None
    dated: bool = False
    groups_asked: bool = False
    part: IntArray | None = None
    forms: tuple[tuple[str, Form], ...] = ()
    group_names: tuple[str, ...] = ()

    def take(self, rows: IntArray) -> "Keys":
        return replace(
            self,
            time=None if self.time is None else self.time[rows],
            part=None if self.part is None else self.part[rows],
        )

    def followed_by(self, other: "Keys") -> "Keys":
        """Of two tables of which the second was read beside the first; what rows are for is not said of both."""
        both = self.time is not None and other.time is not None
        time = np.concatenate([self.time, other.time]) if both else None
        return replace(self, time=time, part=None, groups_asked=self.groups_asked and other.groups_asked)


@dataclass(frozen=True)
class Dataset:
    """Rows of many tasks.

    Attributes:
        schema: what the columns are.
        features: one row an observation.
        task: (rows,) int64, index into `tasks`.
        target: (rows, targets) float64, NaN where one of several is missing; for classes (rows, 1) holding the class
            index; (rows, 0) when unknown.
        row: (rows,) int64, 0-based position of each row in the input, before rows were dropped.
        tasks: those that have rows.
        spare: those of which only the metadata are known.
        notes: sentences about what was found, dropped or decided while reading.
        account: of each column of the input, as it was read.
        exposure: (rows,) float64, above zero, that counts are in proportion to; None: it is 1 in every row.
        weight: (rows,) float64, above zero, what each row counts; None: all count alike.
        id: (rows,) what the user knows each row by, as it stands in the input; None: nothing.
        group: (rows,) int64, rows of one group belong together in every split; None: each row is its own.
        keys: what splits go by besides.
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
    weight: FloatArray | None = None
    id: pa.ChunkedArray | None = None
    group: IntArray | None = None
    keys: Keys = Keys()

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
            weight=None if self.weight is None else self.weight[rows],
            id=None if self.id is None else self.id.take(pa.array(rows)),
            group=None if self.group is None else self.group[rows],
            exposure=None if self.exposure is None else self.exposure[rows],
            keys=self.keys.take(rows),
        )

    @property
    def exposures(self) -> FloatArray:
        """(rows,) float64."""
        return np.ones(len(self)) if self.exposure is None else self.exposure

    def exposed(self, prediction: FloatArray) -> FloatArray:
        """Predictions of each row at its own exposure, from those at an exposure of 1, (rows, outputs)."""
        return prediction if self.exposure is None else prediction * self.exposure[:, None]

    def as_rates(self) -> "Dataset":
        """The same counts as rates, at an exposure of 1 and weighted by what it was, which is the same likelihood.

        Where nothing was counted, half an event is taken for the sum of all, so that its rate has a logarithm.
        """
        exposure, counted = self.exposures, self.target
        if not counted.any():
            counted = np.tile(0.5 * exposure[:, None] / exposure.sum(), (1, counted.shape[1]))
        weight = exposure if self.weight is None else exposure * self.weight
        return replace(self, target=counted / exposure[:, None], weight=weight, exposure=None).weighted_to_mean_1()

    def without_id(self) -> "Dataset":
        """For those who only compute, and need no names of rows or groups."""
        return replace(self, id=None, keys=replace(self.keys, group_names=()))

    def numbered(self, order: IntArray) -> "Dataset":
        """The same rows, where task order[t] is the new task t: all tasks, or at least those that have rows here."""
        number = np.full(len(self.tasks), -1, dtype=np.int64)
        number[order] = np.arange(len(order))
        return replace(self, task=number[self.task], tasks=self.tasks.take(order))

    def followed_by(self, other: "Dataset") -> "Dataset":
        """These rows, then those of `other`, whose tasks begin with these tasks; each counts once.

        Groups that were asked for have the same numbers in both; others are apart.
        """
        beyond, keys = 1 + int(self.row.max(initial=-1)), self.keys.followed_by(other.keys)
        return replace(
            self,
            features=self.features.joined(other.features),
            task=np.concatenate([self.task, other.task]),
            target=np.concatenate([self.target, other.target]),
            row=np.concatenate([self.row, beyond + other.row]),
            tasks=other.tasks,
            spare=other.spare,
            weight=None,
            id=None,
            group=_grouped(self.group, other.group, together=keys.groups_asked),
            exposure=None if self.exposure is None else np.concatenate([self.exposure, other.exposures]),
            keys=keys,
        )

    def weighted_to_mean_1(self) -> "Dataset":
        """The same rows with weights in a unit of their own: what matters of these is how they compare."""
        if self.weight is None or len(self) == 0:
            return self
        return replace(self, weight=self.weight / self.weight.mean())

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


def _grouped(first: IntArray | None, second: IntArray | None, *, together: bool) -> IntArray | None:
    """Groups of two tables; none has rows in both, unless they are numbered together."""
    if first is None or second is None:
        return None
    beyond = 0 if together else 1 + int(first.max(initial=-1)) - int(second.min(initial=0))
    return np.concatenate([first, second + beyond])
