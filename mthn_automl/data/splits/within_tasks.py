"""Rows of each task: the error on new rows of tasks that are known."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.splits.parts import sampling

FORWARD: Final = False
WHAT: Final = "rows within each task"


def seal(dataset: Dataset, share: float, seed: int) -> NDArray[np.bool_]:
    """(rows,) true for test rows: a share of each task's rows, at least one, classes in proportion.

    Tasks of fewer than 3 rows have none, all others keep at least 2 in training, and every class at least one.
    """
    classes, rng = sampling.classes_of(dataset), np.random.default_rng(seed)
    test = sampling.sample(dataset.task, classes, sampling.wanted_of(dataset.task, share), rng)
    return sampling.each_class_in_training(dataset, test)


def most_folds(dataset: Dataset) -> int:
    """As many as rows."""
    return len(dataset) if len(dataset) > 1 else 0


def deal(dataset: Dataset, folds: int, seed: int) -> IntArray:
    """Each task's rows are dealt round robin, classes in proportion; a task's single row stays in training.

    One fold is a hold-out: about a fifth of each task's rows are in fold 0, the others in training. Where tasks are
    too small to fill every fold, rows are dealt regardless of their task.
    """
    return sampling.dealt(dataset.task, sampling.classes_of(dataset), folds, seed)
