"""Labelled rows of new tasks, as many tasks at once as memory allows, padded to one length."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.arrays import FloatArray, IntArray

MOST_ROWS = 4096
"""Rows of a task that are used: so many say all that there is to say of a few numbers."""

ROWS_AT_ONCE = 8192


@dataclass(frozen=True)
class Rows:
    """Rows as one model sees them.

    Attributes:
        task: (rows,) which of the new tasks each is of, from 0.
        features: (rows, columns) whatever the model reads.
        target: (rows, targets) scaled; of counts with exposures behind them.
        weight: (rows,) what each counts.
    """

    task: IntArray
    features: FloatArray
    target: FloatArray
    weight: FloatArray


@dataclass(frozen=True)
class Block:
    """Rows of some tasks.

    Attributes:
        tasks: (tasks,) their numbers among the new ones.
        features: (tasks, rows, columns) float64.
        target: (tasks, rows, targets) float64.
        weight: (tasks, rows) float64, 0 where padded.
    """

    tasks: Tensor
    features: Tensor
    target: Tensor
    weight: Tensor


def blocks_of(rows: Rows) -> Iterator[Block]:
    """All tasks that have rows, those of like size together."""
    order = np.argsort(rows.task, kind="stable")
    present, starts = np.unique(rows.task[order], return_index=True)
    parts = [thinned(part) for part in np.split(order, starts[1:])] if len(present) else []
    by_size = sorted(range(len(parts)), key=lambda index: len(parts[index]))
    while by_size:
        longest = len(parts[by_size[-1]])
        count = max(1, ROWS_AT_ONCE // longest)
        together = [index for index in by_size[-count:] if 2 * len(parts[index]) >= longest]
        by_size = by_size[: len(by_size) - len(together)]
        yield _padded(rows, present[together], [parts[index] for index in together])


def thinned(rows: IntArray) -> IntArray:
    """At most MOST_ROWS of them, at equal distances."""
    return rows[np.linspace(0, len(rows) - 1, min(len(rows), MOST_ROWS)).astype(np.int64)]


def _padded(rows: Rows, tasks: IntArray, parts: Sequence[IntArray]) -> Block:
    """In the place of padding stands the task's first row, which counts nothing there."""
    size = max(map(len, parts))
    index = np.stack([np.pad(part, (0, size - len(part)), constant_values=part[0]) for part in parts])
    real = np.arange(size) < np.array([len(part) for part in parts])[:, None]
    features, target, weight = (
        torch.from_numpy(each[index].astype(np.float64)) for each in (rows.features, rows.target, rows.weight)
    )
    return Block(torch.from_numpy(tasks), features, target, weight * torch.from_numpy(real))
