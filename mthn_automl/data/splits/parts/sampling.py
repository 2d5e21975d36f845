"""Units, such as rows or groups of rows, drawn and dealt within blocks, such as tasks, with classes in proportion."""

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset

TESTABLE = 3
KEPT = 2
HOLD_OUT = 0.2


def classes_of(dataset: Dataset) -> IntArray:
    """(rows,) class of each row; one and the same for regression."""
    if dataset.schema.classes:
        return dataset.target[:, 0].astype(np.int64)
    return np.zeros(len(dataset), dtype=np.int64)


def wanted_of(block: IntArray, share: float) -> FloatArray:
    """(blocks,) units to hold out of each: at least one, but none of fewer than 3, and always 2 are left."""
    sizes = np.bincount(block)
    wanted = np.minimum(np.maximum(np.round(share * sizes), 1), sizes - KEPT)
    return np.where((sizes >= TESTABLE) & (share > 0), wanted, 0)


def sample(block: IntArray, classes: IntArray, wanted: FloatArray, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Systematic sampling: exactly wanted[b] units of block b, at equal steps from a random offset."""
    order, rank, size = _ordered(block, classes, rng)
    step = wanted[block[order]]
    offset = rng.random(len(wanted))[block[order]]
    chosen = np.zeros(len(block), dtype=bool)
    chosen[order] = np.floor((rank + 1) * step / size + offset) > np.floor(rank * step / size + offset)
    return chosen


def dealt(block: IntArray, classes: IntArray, folds: int, seed: int) -> IntArray:
    """(units,) fold of each unit: dealt round robin within blocks; a block's single unit is in none, which is -1.

    One fold is a hold-out of about a fifth of each block. Where blocks are too small to fill every fold, units are
    dealt regardless of their block.
    """
    several = np.bincount(block)[block] > 1
    if several.sum() < folds:
        block, several = np.zeros_like(block), np.ones_like(several)
    deal = _hold_out if folds == 1 else _round_robin
    found = np.full(len(block), -1, dtype=np.int64)
    found[several] = deal(block[several], classes[several], folds, np.random.default_rng(seed))
    return found


def each_class_in_training(
    dataset: Dataset, test: NDArray[np.bool_], unit: IntArray | None = None
) -> NDArray[np.bool_]:
    """Give back one unit of test rows of each class that is in the test only: of the task with most test rows.

    unit: (rows,) of each row, which stay together; None: each row is one.
    """
    classes = classes_of(dataset)
    trained = np.bincount(classes[~test], minlength=len(dataset.schema.classes))
    tested = np.bincount(dataset.task[test], minlength=len(dataset.tasks))
    for missing in np.flatnonzero(trained == 0):
        rows = np.flatnonzero((classes == missing) & test)
        if len(rows):
            first = rows[tested[dataset.task[rows]].argmax()]
            given_back = np.array([first]) if unit is None else np.flatnonzero(unit == unit[first])
            test[given_back] = False
            np.subtract.at(tested, dataset.task[given_back], 1)
    return test


def _ordered(block: IntArray, classes: IntArray, rng: np.random.Generator) -> tuple[IntArray, IntArray, IntArray]:
    """Units shuffled, then sorted by block, then by class; with the rank of each in its block and the block's size."""
    order = np.lexsort((rng.random(len(block)), classes, block))
    sizes = np.bincount(block)
    starts = np.cumsum(sizes) - sizes
    moved = block[order]
    return order, np.arange(len(block)) - starts[moved], sizes[moved]


def _round_robin(block: IntArray, classes: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    """Through the blocks in random order, so that folds differ by at most one unit.

    Each block starts with a random class: else in blocks of two units, one of each class, a fold would get one class.
    """
    blocks, kinds = int(block.max()) + 1, int(classes.max()) + 1
    first = rng.integers(kinds, size=blocks)[block]
    order, _, _ = _ordered(rng.permutation(blocks)[block], (classes + first) % kinds, rng)
    found = np.empty(len(block), dtype=np.int64)
    found[order] = np.arange(len(block)) % folds
    return found


def _hold_out(block: IntArray, classes: IntArray, folds: int, rng: np.random.Generator) -> IntArray:
    wanted = np.maximum(np.round(HOLD_OUT * np.bincount(block)), 1)
    return np.where(sample(block, classes, wanted, rng), 0, -1)
