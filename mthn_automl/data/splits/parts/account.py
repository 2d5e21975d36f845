"""An account of a split in plain values: how many rows, tasks and groups are on which side, and when they were."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted
from mthn_automl.data.splits.parts.choice import Sealed


@dataclass(frozen=True)
class Side:
    """Some of the rows.

    Attributes:
        rows, tasks: how many there are.
        groups: how many of those that are kept together; None where no column or rule says so.
        first, last: their times, dates as text; None where no column says them.
    """

    rows: int
    tasks: int
    groups: int | None
    first: float | str | None
    last: float | str | None

    def __str__(self) -> str:
        groups = "" if self.groups is None else f" ({counted(self.groups, 'group')})"
        times = "" if self.first is None else f", {_written(self.first)} to {_written(self.last)}"
        return f"{counted(self.rows, 'row')} of {counted(self.tasks, 'task')}{groups}{times}"


@dataclass(frozen=True)
class SplitAccount:
    """What a search would hold out.

    Attributes:
        training: rows that are trained and validated on.
        new_rows: test rows of tasks that have training rows; None: there are none.
        new_tasks: test rows of tasks that have none; None likewise.
        folds: what cross-validation holds out.
        most_folds: so many can be dealt.
    """

    training: Side
    new_rows: Side | None
    new_tasks: Side | None
    folds: str
    most_folds: int

    def sentences(self) -> Iterator[str]:
        yield f"Training: {self.training}."
        if self.new_rows is not None:
            yield f"Test, of tasks that are in training: {self.new_rows}."
        if self.new_tasks is not None:
            yield f"Test, of tasks never seen: {self.new_tasks}."
        yield f"Folds hold out {self.folds}."


def split_account(dataset: Dataset, sealed: Sealed, test_file: Dataset | None = None) -> SplitAccount:
    """Of the rows of a dataset, or of test rows in a file, whose tasks begin with those of the dataset."""
    rest = np.flatnonzero(~sealed.test)
    test = dataset.take(np.flatnonzero(sealed.test)) if test_file is None else test_file
    new = ~np.isin(test.task, dataset.task[rest])
    return SplitAccount(
        training=_side(dataset.take(rest)),
        new_rows=_side_or_none(test, ~new),
        new_tasks=_side_or_none(test, new),
        folds=sealed.way.WHAT,
        most_folds=sealed.most_folds,
    )


def _side_or_none(dataset: Dataset, rows: NDArray[np.bool_]) -> Side | None:
    return _side(dataset.take(np.flatnonzero(rows))) if rows.any() else None


def _side(rows: Dataset) -> Side:
    group, time = rows.group, rows.keys.time
    known = np.empty(0) if time is None else time[~np.isnan(time)]
    first, last = (None, None) if len(known) == 0 else (float(known.min()), float(known.max()))
    return Side(
        rows=len(rows),
        tasks=len(np.unique(rows.task)),
        groups=None if group is None else len(np.unique(group)),
        first=_date(first) if rows.keys.dated else first,
        last=_date(last) if rows.keys.dated else last,
    )


def _date(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    written = str(np.datetime_as_string(np.datetime64(round(seconds * 1e6), "us"), unit="s"))
    return written.removesuffix("T00:00:00")


def _written(time: float | str | None) -> str:
    return time if isinstance(time, str) else f"{time:g}"
