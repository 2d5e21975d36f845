"""The tasks met so far while new rows are read, in one piece or in many."""

from collections.abc import Collection, Sequence

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import TaskTable
from mthn_automl.data.far_tasks import far_note
from mthn_automl.data.likeness import Likeness, no_common, with_rows
from mthn_automl.data.metadata import extend_tasks, filled, pick, task_names
from mthn_automl.data.names import counted, positions
from mthn_automl.data.promoted import OF_TRAINING, RowsOfTasks
from mthn_automl.data.schema import Schema
from mthn_automl.data.source import Source
from mthn_automl.data.tables import encode_table
from mthn_automl.data.unknowns import Unknowns
from mthn_automl.errors import DataError


class TaskBook:
    """Numbers of tasks: those of training, then new ones in order of appearance.

    A new task is described by its rows where metadata were promoted from them, else by `source`, else by `spare`, else
    all its metadata are missing.
    `tasks` and `spare` are what they have become by the rows entered.

    Raises:
        DataError: no task column in the source, a task twice, or a metadata column that it does not have.
    """

    def __init__(self, schema: Schema, tasks: TaskTable, spare: TaskTable, source: Source | None) -> None:
        self.tasks, self.spare = tasks, spare
        self._source = source
        self._known = len(tasks)
        self._number = {name: index for index, name in reversed(list(enumerate(tasks.names)))}
        self._describing = spare
        self._named: list[str] = []
        self._unknowns = Unknowns(schema.metadata, "metadata column")
        self._of_rows, self._of_source = RowsOfTasks(schema.metadata), RowsOfTasks(schema.metadata)
        self._schema = schema
        if source is not None:
            self._named = task_names(source, schema.described)
            self.describe(source)
        self._described = np.empty(0, dtype=bool)
        self._rows = np.empty(0, dtype=np.int64)

    def describe(self, source: Source) -> None:
        """Metadata of tasks, a row a task, that go before those that there are; of a task twice the first count."""
        codes, names = source.task_codes(self._schema.described)
        self._compare(source, codes, names)
        given = encode_table(source, self._schema.metadata, "of metadata, as in training")
        self._unknowns.enter(source, given)
        known = self._describing
        table = given if known.metadata is None else given.joined(known.metadata)
        self._describing = TaskTable((*names, *known.names), table)

    def _compare(self, source: Source, codes: IntArray, names: Sequence[str]) -> None:
        """Take note of tasks of training that are described otherwise now; they keep what training had."""
        number = positions(names, [self._schema.described_as(name) for name in self.tasks.names[: self._known]])
        known = number >= 0
        if self.tasks.metadata is None or not known.any():
            return
        rows, shifted = np.flatnonzero(known[codes]), np.cumsum(known) - 1
        kept = pick(self.tasks.metadata, number[known])
        of_training = np.full(len(kept), OF_TRAINING)
        some = [name for name, there in zip(names, known, strict=True) if there]
        self._of_source.enter(source.take(rows), shifted[codes[rows]], some, kept, of_training)

    def describe_by_rows(self, source: Source, codes: IntArray, names: Sequence[str]) -> None:
        """Promoted metadata of new tasks, from their rows; what no row says is as described elsewhere.

        codes: (rows,) index into the names of tasks.
        """
        assert self.tasks.metadata is not None
        number = np.array([self._number.get(name, -1) for name in names], dtype=np.int64)
        kept = pick(self.tasks.metadata, number)
        self._of_rows.enter(
            source, codes, names, kept, np.select([number < 0, number >= self._known], [0, 1], OF_TRAINING)
        )
        told = np.isfinite(kept.numeric).any(axis=1) | (kept.codes >= 0).any(axis=1)
        new = np.flatnonzero((number < 0) & told)
        found, known = TaskTable(tuple(names), kept).take(new), self._describing
        if found.metadata is not None and known.metadata is not None:
            there = pick(known.metadata, positions(found.names, known.names))
            found = TaskTable(found.names, filled(found.metadata, there))
        self._describing = found.joined(known) if len(known) else found

    def described_alone(self, known: Collection[str]) -> list[str]:
        """Tasks of which metadata were given, and which are none of those known."""
        return [name for name in self._named if name not in known]

    def enter(self, codes: IntArray, names: Sequence[str]) -> IntArray:
        """(rows,) int64 number of the task of each row, from indices (rows,) into names."""
        new = [name for name in names if name not in self._number]
        if new:
            self._number |= {name: len(self.tasks) + index for index, name in enumerate(new)}
            keys = [self._schema.described_as(name) for name in new]
            self.tasks, described = extend_tasks(self.tasks, self._describing, new, keys)
            self._described = np.append(self._described, described >= 0)
            self._rows = np.append(self._rows, np.zeros(len(new), dtype=np.int64))
            if keys == new:
                self._leave_out(new)
        numbered = np.array([self._number[name] for name in names], dtype=np.int64)[codes]
        unseen = numbered[numbered >= self._known] - self._known
        self._rows += np.bincount(unseen, minlength=len(self._rows))
        return numbered

    def _leave_out(self, new: Sequence[str]) -> None:
        """Tasks that have rows now are spare no more."""
        rest = np.flatnonzero(positions(self.spare.names, new) < 0)
        left = tuple(self.spare.names[index] for index in rest)
        self.spare = TaskTable(left, None if self.spare.metadata is None else self.spare.metadata.take(rest))

    def refuse_foreign_metadata(self) -> None:
        """Raise a DataError if metadata were given for new tasks, and are of none of the tasks; asked at the end."""
        new = self.tasks.names[self._known :]
        if self._source is None or not new:
            return
        keys = [self._schema.described_as(name) for name in self.tasks.names]
        if not set(self._named) & set(keys):
            raise DataError(no_common(keys[self._known :], self._named, "the data", self._source.name))

    def refuse_unknown_metadata(self) -> None:
        """Raise a DataError if metadata were given of which a column holds nothing known; asked at the end."""
        if self._source is not None:
            self._unknowns.refuse(self._source.name)

    def notes(self, name: str) -> tuple[str, ...]:
        """Sentences about the tasks of `name`, a file or the data, that training has not seen, and their metadata."""
        of_metadata = self._of_rows.notes(name)
        if self._source is not None:
            given = self._source.name
            of_metadata = [*self._unknowns.notes(given), *self._of_source.notes(given), *of_metadata]
        if len(self._rows) == 0:
            return tuple(of_metadata)
        new = self.tasks.names[self._known :]
        rows, tasks = counted(int(self._rows.sum()), "row"), counted(len(new), "task")
        known = f"{int(self._rows[self._described].sum()):,} of these rows with metadata"
        question = Likeness(self.tasks.names[: self._known]).question(new, "training")
        shown = with_rows(new, self._rows.tolist())
        far = far_note(self._schema.metadata, self._of_training, self._new, name)
        return (
            *of_metadata,
            f"{name}: {rows} of {tasks} not seen in training, {known}: {shown}{question or '.'}",
            *far,
        )

    @property
    def _of_training(self) -> TaskTable:
        return self.tasks.take(np.arange(self._known))

    @property
    def _new(self) -> TaskTable:
        return self.tasks.take(np.arange(self._known, len(self.tasks)))
