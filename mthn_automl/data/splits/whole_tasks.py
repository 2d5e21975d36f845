"""Whole tasks: the error on tasks never seen, of which no more than their metadata are known."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.splits.parts import sampling
from mthn_automl.errors import DataError

FORWARD: Final = False
WHAT: Final = "whole tasks"


def seal(dataset: Dataset, share: float, seed: int) -> NDArray[np.bool_]:
    """(rows,) true for the rows of a share of the tasks, at least one, and 2 are always left.

    Tasks that have a group in common are held out together. A task with a class that no other has is left in training.
    """
    if share == 0:
        return np.zeros(len(dataset), dtype=bool)
    unit = together(dataset)
    wanted = sampling.wanted_of(np.zeros(int(unit.max()) + 1, dtype=np.int64), share)
    if not wanted.any():
        raise DataError(_too_few(dataset, unit, sampling.TESTABLE))
    every = np.zeros(int(unit.max()) + 1, dtype=np.int64)
    chosen = sampling.sample(every, every, wanted, np.random.default_rng(seed))
    return sampling.each_class_in_training(dataset, chosen[unit], unit)


def most_folds(dataset: Dataset) -> int:
    """As many as tasks, or as sets of tasks that share no group."""
    units = int(together(dataset).max()) + 1
    return units if units > 1 else 0


def deal(dataset: Dataset, folds: int, seed: int) -> IntArray:
    """Folds differ by at most one task: of tasks of similar sizes each fold is given one, in random order.

    One fold is a hold-out of a fifth of the tasks.
    """
    unit, rng = together(dataset), np.random.default_rng(seed)
    sizes = np.bincount(unit)
    if folds == 1:
        held_out = rng.permutation(len(sizes))[: max(1, round(sampling.HOLD_OUT * len(sizes)))]
        return np.where(np.isin(unit, held_out), 0, -1)
    order = np.lexsort((rng.random(len(sizes)), -sizes))
    hands = rng.permuted(np.tile(np.arange(folds), (-(-len(sizes) // folds), 1)), axis=1).ravel()
    dealt = np.empty(len(sizes), dtype=np.int64)
    dealt[order] = hands[: len(sizes)]
    return dealt[unit]


def together(dataset: Dataset) -> IntArray:
    """(rows,) number of the set of tasks that each row's task is held out with: itself, where it shares no group.

    Groups count where the user has asked for them: rows of a wide table are shared by all tasks.
    """
    task = np.unique(dataset.task, return_inverse=True)[1]
    if dataset.group is None or not dataset.keys.groups_asked:
        return task
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    group = np.unique(dataset.group, return_inverse=True)[1]
    tasks, groups = int(task.max()) + 1, int(group.max()) + 1
    edges = coo_array((np.ones(len(task)), (task, tasks + group)), shape=(tasks + groups, tasks + groups))
    return np.asarray(connected_components(edges, directed=False)[1], dtype=np.int64)[task]


def _too_few(dataset: Dataset, unit: IntArray, wanted: int) -> str:
    found, tasks = int(unit.max()) + 1, len(np.unique(dataset.task))
    if found < tasks:
        return (
            f"There must be at least {wanted} sets of tasks that share no group, however the {tasks} tasks make "
            f"{found}; leave out --group or --holdout-tasks."
        )
    return f"There must be at least {wanted} tasks for some to be held out, however there are {tasks}."
