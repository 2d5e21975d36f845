"""Groups of rows, such as persons, which are wholly in the test or wholly not: the error on groups never seen."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.splits.parts import sampling
from mthn_automl.errors import DataError

FORWARD: Final = False
WHAT: Final = "groups of rows, each kept together"


def seal(dataset: Dataset, share: float, seed: int) -> NDArray[np.bool_]:
    """(rows,) true for test rows: those of a share of the groups of each task, classes in proportion.

    A group is counted where most of its rows are. Tasks of fewer than 3 groups have none in the test, unless all tasks
    have so few: then groups are drawn from all of them together.
    """
    if share == 0:
        return np.zeros(len(dataset), dtype=bool)
    group, task, classes = _groups(dataset)
    if len(task) < sampling.TESTABLE:
        raise DataError(
            f"There must be at least {sampling.TESTABLE} groups for some to be held out, however there are "
            f"{len(task)}; say --test-fraction 0, or another --group."
        )
    wanted = sampling.wanted_of(task, share)
    if not wanted.any():
        task = np.zeros_like(task)
        wanted = sampling.wanted_of(task, share)
    test = sampling.sample(task, classes, wanted, np.random.default_rng(seed))[group]
    return sampling.each_class_in_training(dataset, test, group)


def most_folds(dataset: Dataset) -> int:
    """As many as groups."""
    groups = len(np.unique(_key(dataset)))
    return groups if groups > 1 else 0


def deal(dataset: Dataset, folds: int, seed: int) -> IntArray:
    """The groups of each task are dealt as rows are within tasks; a task's single group stays in training."""
    group, task, classes = _groups(dataset)
    return sampling.dealt(task, classes, folds, seed)[group]


def _key(dataset: Dataset) -> IntArray:
    assert dataset.group is not None
    return dataset.group


def _groups(dataset: Dataset) -> tuple[IntArray, IntArray, IntArray]:
    """(rows,) number of each row's group; (groups,) the task, and the class, of most of the rows of each."""
    group = np.unique(_key(dataset), return_inverse=True)[1]
    tasks = np.unique(_most_frequent(group, dataset.task), return_inverse=True)[1]
    return group, tasks, _most_frequent(group, sampling.classes_of(dataset))


def _most_frequent(group: IntArray, value: IntArray) -> IntArray:
    """(groups,) the value that most rows of each have; of several, the first in order."""
    kinds = int(value.max()) + 1
    pairs, counts = np.unique(group * kinds + value, return_counts=True)
    order = np.lexsort((pairs, -counts, pairs // kinds))
    firsts = np.unique(pairs[order] // kinds, return_index=True)[1]
    return np.asarray(pairs[order][firsts] % kinds)
