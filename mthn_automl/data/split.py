"""Which rows are sealed for the test and which fold the others are in: always within tasks."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.errors import DataError, UsageError
from mthn_automl.received import Received
from mthn_automl.storage import replacing

TESTABLE = 3
KEPT = 2
HOLD_OUT = 0.2
COLUMNS = ("row", "task", "role", "fold")


def seal_test(dataset: Dataset, fraction: float, seed: int) -> NDArray[np.bool_]:
    """(rows,) true for test rows: a fraction of each task's rows, at least one, classes in proportion.

    Tasks of fewer than 3 rows have none, all others keep at least 2 in training, and every class at least one.

    Raises:
        UsageError: a fraction not in [0, 1).
    """
    if not 0 <= fraction < 1:
        raise UsageError(f"The test fraction must be at least 0 and below 1, however it is {fraction}.")
    if dataset.group is not None:
        rows, group = _one_row_a_group(dataset)
        return seal_test(rows, fraction, seed)[group]
    sizes = np.bincount(dataset.task, minlength=len(dataset.tasks))
    wanted = np.minimum(np.maximum(np.round(fraction * sizes), 1), sizes - KEPT)
    wanted = np.where((sizes >= TESTABLE) & (fraction > 0), wanted, 0)
    test = _sample(dataset.task, _classes(dataset), wanted, np.random.default_rng(seed))
    return _with_each_class_in_training(dataset, test)


def assign_folds(dataset: Dataset, folds: int, seed: int) -> IntArray:
    """(rows,) int64 fold of each row, -1 for always in training.

    Each task's rows are dealt round robin, classes in proportion; a task's single row stays in training. One fold
    is a hold-out: about a fifth of each task's rows are in fold 0, the others in training. Where tasks are too small
    to fill every fold, rows are dealt regardless of their task.

    Raises:
        DataError: fewer rows than folds, or than two.
        UsageError: fewer than one fold.
    """
    if folds < 1:
        raise UsageError(f"The number of folds must be at least 1, however it is {folds}.")
    if len(dataset) < max(folds, 2):
        raise DataError(
            f"There must be a row for each of {max(folds, 2)} folds, however {len(dataset)} are left for training; "
            "ask for fewer folds or give more rows."
        )
    if dataset.group is not None:
        rows, group = _one_row_a_group(dataset)
        return assign_folds(rows, folds, seed)[group]
    task = dataset.task
    several = np.bincount(task)[task] > 1
    if several.sum() < folds:
        task, several = np.zeros_like(task), np.ones_like(several)
    deal = _hold_out if folds == 1 else _deal
    dealt = np.full(len(task), -1, dtype=np.int64)
    dealt[several] = deal(task[several], _classes(dataset)[several], folds, np.random.default_rng(seed))
    return dealt


def save_split(path: Path, dataset: Dataset, test: NDArray[np.bool_], folds: IntArray) -> None:
    """Write one line a row of the dataset. `test` is (rows,), `folds` (training rows,): those that are not test."""
    fold = np.full(len(dataset), -1, dtype=np.int64)
    fold[~test] = folds
    columns = {
        "row": dataset.row,
        "task": np.array(dataset.tasks.names, dtype=object)[dataset.task],
        "role": np.where(test, "test", "train"),
        "fold": fold,
    }
    with replacing(path) as file:
        pd.DataFrame(columns).to_parquet(file, index=False)


def load_split(given: Received, name: str, dataset: Dataset) -> tuple[NDArray[np.bool_], IntArray]:
    """The `test` and `folds` that `save_split` was given for the same dataset.

    Raises:
        FormatError: not a file that `save_split` wrote, or one for other rows.
    """
    content = given.bytes(name)
    with given.checked(name):
        if pq.read_metadata(BytesIO(content)).num_rows != len(dataset):  # before they are unpacked
            raise ValueError(f"it must be of {len(dataset):,} rows, and is of others")
        stored = pd.read_parquet(BytesIO(content), columns=list(COLUMNS))
        for column, wanted in (
            ("row", dataset.row),
            ("task", np.array(dataset.tasks.names, dtype=object)[dataset.task]),
        ):
            found = stored[column].to_numpy()
            if (found != wanted).any():
                raise ValueError(f"its column '{column}' must be that of the data, row by row, and is another")
        role, fold = stored["role"].to_numpy(), stored["fold"].to_numpy()
        test = np.asarray(role == "test", dtype=bool)
        if not (test | (role == "train")).all():
            raise ValueError("its column 'role' must say test or train, and says something else")
        if fold.dtype.kind != "i" or (fold < -1).any():
            raise ValueError("its column 'fold' must hold whole numbers from -1 on, and does not")
        return test, fold.astype(np.int64)[~test]


def _one_row_a_group(dataset: Dataset) -> tuple[Dataset, IntArray]:
    """The first row of each group, as one task's; and (rows,) which of these each row belongs to."""
    assert dataset.group is not None
    _, first, group = np.unique(dataset.group, return_index=True, return_inverse=True)
    rows = dataset.take(first)
    return replace(rows, task=np.zeros_like(rows.task), group=None), group


def _classes(dataset: Dataset) -> IntArray:
    """(rows,) class of each row; one and the same for regression."""
    if dataset.schema.classes:
        return dataset.target[:, 0].astype(np.int64)
    return np.zeros(len(dataset), dtype=np.int64)


def _ordered(task: IntArray, classes: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Rows shuffled, then sorted by task, then by class; with the rank of each within its task and its task's size."""
    order = np.lexsort((rng.random(len(task)), classes, task))
    sizes = np.bincount(task)
    starts = np.cumsum(sizes) - sizes
    moved = task[order]
    return order, np.arange(len(task)) - starts[moved], sizes[moved]


def _sample(task: IntArray, classes: IntArray, wanted: FloatArray, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Systematic sampling: exactly wanted[t] rows of task t, at equal steps from a random offset."""
    order, rank, size = _ordered(task, classes, rng)
    step = wanted[task[order]]
    offset = rng.random(len(wanted))[task[order]]
    chosen = np.zeros(len(task), dtype=bool)
    chosen[order] = np.floor((rank + 1) * step / size + offset) > np.floor(rank * step / size + offset)
    return chosen


def _with_each_class_in_training(dataset: Dataset, test: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Give back one test row of each class that is in the test only: of the task with most test rows."""
    classes = _classes(dataset)
    trained = np.bincount(classes[~test], minlength=len(dataset.schema.classes))
    tested = np.bincount(dataset.task[test], minlength=len(dataset.tasks))
    for missing in np.flatnonzero(trained == 0):
        rows = np.flatnonzero(classes == missing)
        if len(rows):
            given_back = rows[tested[dataset.task[rows]].argmax()]
            test[given_back] = False
            tested[dataset.task[given_back]] -= 1
    return test


def _deal(task: IntArray, classes: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """Round robin through the tasks in random order, so that folds differ by at most one row.

    Each task starts with a random class: else in tasks of two rows, one of each class, a fold would get one class.
    """
    tasks, kinds = int(task.max()) + 1, int(classes.max()) + 1
    first = rng.integers(kinds, size=tasks)[task]
    order, _, _ = _ordered(rng.permutation(tasks)[task], (classes + first) % kinds, rng)
    dealt = np.empty(len(task), dtype=np.int64)
    dealt[order] = np.arange(len(task)) % folds
    return dealt


def _hold_out(task: IntArray, classes: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    wanted = np.maximum(np.round(HOLD_OUT * np.bincount(task)), 1)
    return np.where(_sample(task, classes, wanted, rng), 0, -1)
