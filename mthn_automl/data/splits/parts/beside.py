"""What splits go by of test rows in a file of their own, in the numbers that the rows of training have."""

from dataclasses import dataclass, replace

import numpy as np

from mthn_automl.data.alarms.parts.columns import features_of, row_keys
from mthn_automl.data.arrays import IntArray
from mthn_automl.data.asked import AUTO, Asked
from mthn_automl.data.columns.form import Form
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import positions
from mthn_automl.data.schema import Column
from mthn_automl.data.source import Source
from mthn_automl.data.splits.parts.keys import times_of, with_own_groups
from mthn_automl.data.unknowns import USUALLY_OUTSIDE, Count

BEYOND = 1 << 40
"""From here on groups are counted of which training has none."""


@dataclass(frozen=True)
class Beside:
    """The rows that others are read beside.

    Attributes:
        training: the rows of the data.
        asked: what the user says of them.
    """

    training: Dataset
    asked: Asked

    @property
    def forms(self) -> dict[str, Form]:
        """Of the columns that say group and time."""
        return dict(self.training.keys.forms)

    def keyed(self, rows: Dataset, source: Source) -> Dataset:
        """The rows with group and time, where those were asked for and their columns are there; else a note says so.

        Args:
            rows: of the source, as encoded.
            source: where they were read.
        """
        missing = [name for name in self.forms if name not in source.columns]
        notes = [
            f"{source.name}: there is no column '{name}', so that nobody can tell whether its rows belong to groups of "
            "training, or come before it."
            for name in missing
        ]
        keys = replace(self.training.keys, part=None, time=None)
        if self.asked.time is not None and not missing:
            keys = replace(keys, time=times_of(source, self.asked.time)[0])
        group = rows.group
        if missing:
            keys = replace(keys, groups_asked=False)
        if keys.groups_asked and not missing:
            group = with_own_groups(self._groups(rows, source), rows.row, 2 * BEYOND)
        return replace(rows, group=group, keys=keys, notes=(*rows.notes, *notes, *self._targets(rows, source)))

    def _targets(self, rows: Dataset, source: Source) -> list[str]:
        """What there is to say of numbers to predict that training has none of the like of."""
        schema, target = self.training.schema, self.training.target
        said = []
        for place, name in enumerate(() if schema.classes else schema.targets):
            seen = Column(name, range=(float(np.nanmin(target[:, place])), float(np.nanmax(target[:, place]))))
            count = Count(seen)
            count.enter(source, rows.target[:, place])
            if count.outside:
                said.append(count.sentence("target", USUALLY_OUTSIDE))
        return [f"{source.name}: {each}." for each in said if each]

    def _groups(self, rows: Dataset, source: Source) -> IntArray:
        """(rows,) -1 where there is none."""
        column = self.asked.group
        if column == AUTO:
            return self._of_equal_rows(rows)
        if column is None or column not in source.columns:
            return self._of_tasks(rows)
        names = source.columns[column].names()
        known = positions(names.names, self.training.keys.group_names)
        new = np.where(known < 0, BEYOND + np.arange(len(known)), known)
        return np.append(new, -1)[names.codes]

    def _of_tasks(self, rows: Dataset) -> IntArray:
        """Groups that the metadata say, of the tasks that training has."""
        training = self.training
        assert training.group is not None
        of_task = np.full(1 + max(training.task.max(initial=-1), rows.task.max(initial=-1)), -1, dtype=np.int64)
        of_task[training.task] = training.group
        return np.asarray(of_task[rows.task])

    def _of_equal_rows(self, rows: Dataset) -> IntArray:
        training = self.training
        assert training.group is not None
        known, new = (row_keys((each.values for each in features_of(table)), len(table)) for table in (training, rows))
        distinct, first = np.unique(known, return_index=True)
        place = np.minimum(np.searchsorted(distinct, new), len(distinct) - 1)
        return np.where(distinct[place] == new, training.group[first[place]], -1)
