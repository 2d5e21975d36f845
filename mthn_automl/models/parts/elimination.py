"""Ridge regression of very many columns, nearly all of which are a task's own: these are solved for first, exactly.

With Z_t the columns that task t has of its own and r_t what the shared columns leave of its targets, the best own
coefficients leave the loss r_t' (I + Z_t Z_t' / alpha)^-1 r_t (the matrix inversion lemma; for mixed models Henderson
1950). So the rows of each task are multiplied by the root of that inverse, and a dense problem is left, of as many
columns as the tasks share.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.models.parts.gaps import EVERYTHING, Index

MOST_TASKS: Final = 5_000
"""Each of which takes a tenth of a millisecond."""

MOST_SHARED: Final = 4_000
"""Columns, whose products fill 128 MB."""

MOST_VALUES: Final = 16_000_000
"""Of the shared columns of one task's rows, 128 MB."""

ITERATIONS_WORTH: Final = 6_000
"""Times the filled values of a row, up to which the square of the shared columns takes less time than iterations do."""

BATCH: Final = 4_096
"""Rows that are multiplied at once."""


@dataclass(frozen=True)
class TaskRows:
    """Rows of tasks, of one fit.

    Attributes:
        shared: (rows, shared) columns of all tasks.
        own: (rows, width) columns that each task has coefficients of its own for; of no width: none.
        task: (rows,).
        tasks: how many there are.
    """

    shared: csr_array
    own: FloatArray
    task: IntArray
    tasks: int

    def take(self, rows: Index) -> "TaskRows":
        """Those rows; itself of all of them."""
        return self if rows is EVERYTHING else TaskRows(self.shared[rows], self.own[rows], self.task[rows], self.tasks)

    @property
    def values(self) -> float:
        """How many an array of all columns would have."""
        rows, width = self.shared.shape
        return float(rows * (width + self.tasks * self.own.shape[1]))

    @property
    def is_quick(self) -> bool:
        """Whether to eliminate is quicker than to iterate, in bounded memory."""
        rows, width = self.shared.shape
        largest = int(np.bincount(self.task, minlength=1).max()) if self.own.shape[1] else 0
        return bool(
            width <= MOST_SHARED
            and width**2 <= ITERATIONS_WORTH * self.shared.nnz / max(rows, 1)
            and self.tasks <= MOST_TASKS
            and largest * width <= MOST_VALUES
        )

    def parts(self) -> list[IntArray]:
        """Rows of each task; where tasks have nothing of their own, of any."""
        order = np.argsort(self.task, kind="stable")
        if not self.own.shape[1]:
            return np.array_split(order, math.ceil(len(order) / BATCH))
        return np.split(order, np.flatnonzero(np.diff(self.task[order])) + 1)


@dataclass(frozen=True)
class Eliminated:
    """Coefficients.

    Attributes:
        intercept: (outputs,).
        shared: (shared, outputs).
        own: (tasks, width, outputs); zeros of a task without rows.
    """

    intercept: FloatArray
    shared: FloatArray
    own: FloatArray


def fit_by_elimination(given: TaskRows, target: FloatArray, weight: FloatArray | None, *, alpha: float) -> Eliminated:
    """Squared error + alpha |coefficients|^2, the intercept free.

    Shape:
        target (rows, outputs), without gaps; weight (rows,).

    Example:
        >>> rows = TaskRows(csr_array(np.eye(4)), np.ones((4, 1)), np.array([0, 0, 1, 1]), tasks=2)
        >>> found = fit_by_elimination(rows, np.array([[1.0], [1.0], [3.0], [3.0]]), None, alpha=1e-6)
        >>> (found.intercept + found.shared[:2] + found.own[0]).round(3).ravel().tolist()
        [1.0, 1.0]
    """
    root = np.ones(len(target)) if weight is None else np.sqrt(weight)
    mean = np.asarray(given.shared.mean(axis=0)).ravel()  # about it the equations are better conditioned
    parts = [_Part.of(given, rows, root, alpha) for rows in given.parts()]
    width = 1 + len(mean)
    equations = np.zeros((width, width + target.shape[1]))
    for batch in _batches(each.whitened(given.shared, target, root, mean) for each in parts):
        equations += batch[:, :width].T @ batch
    equations[np.arange(1, width), np.arange(1, width)] += alpha
    found = cho_solve(cho_factor(equations[:, :width]), equations[:, width:])
    own = np.zeros((given.tasks, given.own.shape[1], target.shape[1]))
    for each in parts if own.shape[1] else ():
        left = target[each.rows] - _centred(given.shared, each.rows, mean) @ found
        own[given.task[each.rows[0]]] = each.back @ (each.basis.T @ (left * root[each.rows, None]))
    return Eliminated(found[0] - mean @ found[1:], found[1:], own)


@dataclass(frozen=True)
class _Part:
    """Rows of a task.

    Attributes:
        rows: which they are.
        basis: (rows, directions) of what the task's own columns span.
        shrunk: (directions,) by how much each is shrunk, less one.
        back: (width, directions) turns coordinates in the basis into coefficients.
    """

    rows: IntArray
    basis: FloatArray
    shrunk: FloatArray
    back: FloatArray

    @classmethod
    def of(cls, given: TaskRows, rows: IntArray, root: FloatArray, alpha: float) -> "_Part":
        basis, sizes, turned = np.linalg.svd(given.own[rows] * root[rows, None], full_matrices=False)
        return cls(rows, basis, 1 / np.sqrt(1 + sizes**2 / alpha) - 1, turned.T * (sizes / (sizes**2 + alpha)))

    def whitened(self, shared: csr_array, target: FloatArray, root: FloatArray, mean: FloatArray) -> FloatArray:
        """(rows, 1 + shared + outputs) columns and targets times the root of the matrix above."""
        both = np.concatenate([_centred(shared, self.rows, mean), target[self.rows]], axis=1) * root[self.rows, None]
        return both + self.basis @ (self.shrunk[:, None] * (self.basis.T @ both))


def _centred(shared: csr_array, rows: IntArray, mean: FloatArray) -> FloatArray:
    """(rows, 1 + shared) ones, and the columns less their means."""
    return np.concatenate([np.ones((len(rows), 1)), shared[rows].toarray() - mean], axis=1)


def _batches(parts: Iterable[FloatArray]) -> Iterator[FloatArray]:
    """The same rows, many at a time: products of few rows take longer."""
    held: list[FloatArray] = []
    for part in parts:
        held.append(part)
        if sum(map(len, held)) >= BATCH:
            yield np.concatenate(held)
            held = []
    if held:
        yield np.concatenate(held)
