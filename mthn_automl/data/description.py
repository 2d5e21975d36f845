"""What data are, in plain values: tasks, columns as they were read, and what would be held out."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np

from mthn_automl.data.account import ColumnAccount
from mthn_automl.data.alarms.parts.alarm import Alarm
from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.splits.parts.account import SplitAccount

BINS: Final = 8
"""Of the histogram of sizes, whose bounds grow by equal factors."""


@dataclass(frozen=True)
class Bin:
    """Tasks of similar sizes.

    Attributes:
        least, most: rows of a task.
        tasks: how many there are.
    """

    least: int
    most: int
    tasks: int


@dataclass(frozen=True)
class Sizes:
    """Rows by task.

    Attributes:
        tasks: how many there are.
        smallest, median, largest: rows of a task.
        histogram: from the smallest to the largest.
        described: how many have metadata; 0 where there are none.
        spare: tasks of which only the metadata are known.
    """

    tasks: int
    smallest: int
    median: float
    largest: int
    histogram: tuple[Bin, ...]
    described: int
    spare: int


@dataclass(frozen=True)
class Description:
    """Data as `search` would take them.

    Attributes:
        rows: that have a target.
        test_rows: that would be held out, or are in a file of their own.
        sizes: of tasks.
        problem, metric: what is predicted, and what errors are measured by.
        targets: the columns that are predicted.
        classes: none in regression.
        columns: of data and metadata.
        notes: all that was decided, in sentences.
        split: what would be held out.
        alarms: what looks wrong.
        alarms_sample: the rows that were looked at for these; empty: all.
    """

    rows: int
    test_rows: int
    sizes: Sizes
    problem: str
    metric: str
    targets: tuple[str, ...]
    classes: tuple[str, ...]
    columns: tuple[ColumnAccount, ...]
    notes: tuple[str, ...]
    split: SplitAccount
    alarms: tuple[Alarm, ...]
    alarms_sample: str

    def to_json(self) -> dict[str, Any]:
        """As `check --json` prints it."""
        return asdict(self)


def describe(
    dataset: Dataset,
    notes: tuple[str, ...],
    split: SplitAccount,
    metric: str,
    alarms: tuple[tuple[Alarm, ...], str],
) -> Description:
    """Plain values of a dataset.

    Args:
        dataset: as it was read.
        notes: about it, and about test rows in a file of their own.
        split: what would be held out.
        metric: its name.
        alarms: what was found, and the sample that was looked at.
    """
    schema = dataset.schema
    return Description(
        rows=len(dataset),
        test_rows=sum(each.rows for each in (split.new_rows, split.new_tasks) if each is not None),
        sizes=_sizes(dataset),
        problem=schema.problem.value,
        metric=metric,
        targets=schema.targets,
        classes=schema.classes,
        columns=dataset.account,
        notes=notes,
        split=split,
        alarms=alarms[0],
        alarms_sample=alarms[1],
    )


def _sizes(dataset: Dataset) -> Sizes:
    rows = np.bincount(dataset.task, minlength=len(dataset.tasks))
    metadata = dataset.tasks.metadata
    described = 0
    if metadata is not None:
        described = int(((~np.isnan(metadata.numeric)).any(axis=1) | (metadata.codes >= 0).any(axis=1)).sum())
    return Sizes(
        tasks=len(rows),
        smallest=int(rows.min()),
        median=float(np.median(rows)),
        largest=int(rows.max()),
        histogram=tuple(histogram(rows)),
        described=described,
        spare=len(dataset.spare),
    )


def histogram(rows: IntArray) -> Sequence[Bin]:
    """Tasks by how many rows they have; no bin is empty at either end."""
    least, most = int(rows.min()), int(rows.max())
    bounds = np.unique(np.round(np.geomspace(least, most + 1, BINS + 1)).astype(np.int64))
    edges = bounds if len(bounds) > 1 else np.array([least, least + 1])
    counts, _ = np.histogram(rows, np.append(edges[:-1], most + 1))
    ends = [*(edges[1:-1] - 1).tolist(), most]
    return [Bin(int(low), int(high), int(count)) for low, high, count in zip(edges[:-1], ends, counts, strict=True)]
