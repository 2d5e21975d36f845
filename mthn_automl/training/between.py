"""Rows between those that there are: what a model is asked for where another is to predict as it does.

As in "mixup" (Zhang, Cisse, Dauphin, Lopez-Paz, ICLR 2018), but within a task, and without targets.
"""

from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Keys, Table

MARK_VALUES = 2
"""A numeric column of no more distinct values is a mark, of which there is nothing between."""


def between(rows: Dataset, count: int, seed: int) -> Dataset:
    """`count` rows without targets, each between two rows of one task, at a place that is uniform.

    Numbers lie between those of the two rows; a category, a number that one of the two misses, and one of a column of
    two values are those of either. Tasks are drawn in proportion to their rows.
    """
    random = np.random.default_rng(seed)
    first = random.integers(len(rows), size=count)
    second = _of_the_same_task(rows.task, first, random)
    share = random.uniform(size=(count, 1))
    exposure = None
    if rows.exposure is not None:
        exposure = share[:, 0] * rows.exposure[first] + (1 - share[:, 0]) * rows.exposure[second]
    return replace(
        rows,
        features=_mixed(rows.features, first, second, share, random),
        task=rows.task[first],
        target=np.empty((count, 0)),
        row=np.arange(count),
        weight=None,
        id=None,
        group=None,
        exposure=exposure,
        keys=Keys(),
    )


def _of_the_same_task(task: IntArray, first: IntArray, random: np.random.Generator) -> IntArray:
    """A row of the task of each, which may be the same row."""
    order, sizes = np.argsort(task, kind="stable"), np.bincount(task)
    starts = np.cumsum(sizes) - sizes
    of_first = task[first]
    return np.asarray(order[starts[of_first] + random.integers(sizes[of_first])])


def _mixed(table: Table, first: IntArray, second: IntArray, share: FloatArray, random: np.random.Generator) -> Table:
    either = random.uniform(size=(len(first), table.numeric.shape[1])) < share
    one, other = table.numeric[first], table.numeric[second]
    mark = np.array(
        [len(np.unique(column[~np.isnan(column)])) <= MARK_VALUES for column in table.numeric.T], dtype=bool
    )
    mixed = share * one + (1 - share) * other
    numeric = np.where(np.isnan(mixed) | mark, np.where(either, one, other), mixed)
    either = random.uniform(size=(len(first), table.codes.shape[1])) < share
    return Table(numeric, np.where(either, table.codes[first], table.codes[second]))
