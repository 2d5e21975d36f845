"""Each task's last rows: the error on what comes later, of tasks that are known."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.splits.parts import sampling

FORWARD: Final = True
WHAT: Final = "the last rows of each task"
MOST: Final = 10


def seal(dataset: Dataset, share: float, seed: int) -> NDArray[np.bool_]:
    """(rows,) true for the last rows of each task, about a share of them; tasks of fewer than 3 rows have none.

    Rows of the same time are all in the test, or, where fewer than 2 rows would be left, all in training. Rows without
    a time are in training. Rows of a wide table are cut as those of one task, since all tasks share them.
    """
    if dataset.group is not None:
        rows, group = _one_row_a_group(dataset)
        return seal(rows, share, seed)[group]
    wanted = sampling.wanted_of(dataset.task, share)
    order, _, size = _ordered(dataset)
    task, time = dataset.task[order], _time(dataset)[order]
    first = np.cumsum(size) - wanted.astype(np.int64)
    begins = np.full(len(size), np.inf)
    some = wanted > 0
    begins[some] = time[first[some]]
    before = np.bincount(task[time < begins[task]], minlength=len(size))
    late = np.where(before[task] >= sampling.KEPT, time >= begins[task], time > begins[task])
    test = np.zeros(len(dataset), dtype=bool)
    test[order] = late & np.isfinite(time)
    return test


def most_folds(dataset: Dataset) -> int:
    """As many blocks, up to 10, as have rows."""
    return next((folds for folds in range(MOST, 0, -1) if _fills(dataset, folds)), 0)


def deal(dataset: Dataset, folds: int, seed: int) -> IntArray:
    """Each task's rows, in order of time, are cut into one block more than there are folds: fold k validates on block
    k + 1 and trains on those before it. The first block always trains, as do rows without a time.

    Rows of the same time are in one block. One fold is a hold-out of the last fifth.
    """
    if dataset.group is not None:
        rows, group = _one_row_a_group(dataset)
        return deal(rows, folds, seed)[group]
    order, rank, size = _ordered(dataset)
    task, time = dataset.task[order], _time(dataset)[order]
    starts = np.r_[True, (task[1:] != task[:-1]) | (time[1:] != time[:-1])]
    rank = rank[np.maximum.accumulate(np.where(starts, np.arange(len(task)), 0))]
    if folds == 1:
        last = size[task] - np.maximum(np.round(sampling.HOLD_OUT * size[task]), 1)
        block = np.where((rank >= last) & (rank > 0), 0, -1)
    else:
        block = rank * (folds + 1) // size[task] - 1
    dealt = np.empty(len(dataset), dtype=np.int64)
    dealt[order] = np.where(np.isfinite(time), block, -1)
    return dealt


def _one_row_a_group(dataset: Dataset) -> tuple[Dataset, IntArray]:
    """The first row of each group, as one task's; and (rows,) which of these each row belongs to."""
    assert dataset.group is not None
    _, first, group = np.unique(dataset.group, return_index=True, return_inverse=True)
    rows = dataset.take(first)
    return replace(rows, task=np.zeros_like(rows.task), group=None), group


def _fills(dataset: Dataset, folds: int) -> bool:
    dealt = deal(dataset, folds, seed=0)
    return bool((dealt < 0).any()) and set(range(folds)) <= set(np.unique(dealt).tolist())


def _time(dataset: Dataset) -> FloatArray:
    """(rows,) minus infinity where it is missing."""
    assert dataset.keys.time is not None
    return np.where(np.isnan(dataset.keys.time), -np.inf, dataset.keys.time)


def _ordered(dataset: Dataset) -> tuple[IntArray, IntArray, IntArray]:
    """Rows by task, then by time; the rank of each within its task; (tasks,) rows of each."""
    order = np.lexsort((_time(dataset), dataset.task))
    size = np.bincount(dataset.task, minlength=int(dataset.task.max()) + 1)
    return order, np.arange(len(order)) - (np.cumsum(size) - size)[dataset.task[order]], size
