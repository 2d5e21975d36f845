"""Rows grouped by task into padded blocks, so that a step costs what its rows and the tasks present cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray

PADDING = -1


@dataclass(frozen=True)
class Layout:
    """Blocks of rows of one task each.

    Attributes:
        rows: (blocks, size) int64, PADDING where a block is not full.
        task: (blocks,) int64.
    """

    rows: IntArray
    task: IntArray

    def __len__(self) -> int:
        return len(self.task)


@dataclass(frozen=True)
class Batch:
    """One step's blocks of every member.

    Attributes:
        rows: (members, blocks, size) int64, any row where padded.
        mask: (members, blocks, size) bool, False on padding.
        present: (members, tasks present) int64, tasks, padded with the number of tasks, which is nobody's.
        place: (members, blocks) int64, where in `present` the task of each block stands.
    """

    rows: IntArray
    mask: NDArray[np.bool_]
    present: IntArray
    place: IntArray


VALUES_AT_ONCE = 1 << 25
"""Of the features of all members' rows in a batch without gradients: 128 MB."""

TASKS_A_BATCH = 16
LARGEST_BLOCK = 256
BLOCK_COST = 8
"""What a block costs beside its rows, in rows: its task's weights are fetched for it. Only its order matters."""


def block_size(task_sizes: IntArray, batch: int) -> int:
    """Rows a block: as make all blocks and their padding cheapest, and leave room for many tasks in a batch."""
    present, tasks = np.unique(task_sizes[task_sizes > 0], return_counts=True)
    whole = int((present * tasks).sum()) <= batch
    room = batch if whole else max(4, batch // min(int(tasks.sum()), TASKS_A_BATCH))
    sizes = np.arange(1, min(LARGEST_BLOCK, room, int(present.max())) + 1)
    blocks = (-(-present[:, None] // sizes) * tasks[:, None]).sum(axis=0)
    return int(sizes[(blocks * (sizes + BLOCK_COST)).argmin()])


def lay_out(rows: IntArray, task: IntArray, size: int, random: np.random.Generator | None = None) -> Layout:
    """Cut the given rows, grouped by task, into blocks.

    With `random`, rows are shuffled within their task and the blocks of each task are spread evenly over the
    order, so that consecutive blocks form a batch of many tasks; without, both keep their order.
    """
    if random is not None:
        rows = random.permutation(rows)
    owner = task[rows]
    order = np.argsort(narrow(owner), kind="stable")
    rows, owner = rows[order], owner[order]
    starts = np.flatnonzero(np.diff(owner, prepend=owner[0] - 1)) if len(owner) else np.arange(0)
    counts = np.diff(starts, append=len(rows))
    blocks = -(-counts // size)
    position = np.arange(len(rows)) - np.repeat(starts, counts)
    first = np.cumsum(blocks) - blocks
    filled = np.full((int(blocks.sum()), size), PADDING, dtype=np.int64)
    filled[np.repeat(first, counts) + position // size, position % size] = rows
    layout = Layout(filled, np.repeat(owner[starts], blocks))
    return layout if random is None else _spread(layout, first, blocks, random)


def narrow(owner: IntArray) -> IntArray:
    """Task numbers in 16 bits where they fit: NumPy sorts those by radix, in time proportional to the rows."""
    return owner.astype(np.uint16) if len(owner) and owner.max() < 2**16 else owner


def _spread(layout: Layout, first: IntArray, blocks: IntArray, random: np.random.Generator) -> Layout:
    within = np.arange(len(layout)) - np.repeat(first, blocks)
    order = np.argsort((within + random.random(len(layout))) / np.repeat(blocks, blocks))
    return Layout(layout.rows[order], layout.task[order])


def rows_at_once(most: int, values: int) -> int:
    """Rows of a batch without gradients, of so many values in all members: `most`, or as many as bound its memory."""
    return max(1, min(most, VALUES_AT_ONCE // max(1, values)))


def batch_count(blocks: int, size: int, batch: int) -> int:
    """Batches that hold about `batch` rows each when so many blocks of `size` rows are dealt to them."""
    return max(1, round(blocks / max(1, batch // size)))


def blocks_of(rows: IntArray, task: IntArray, size: int) -> int:
    """Blocks into which `lay_out` cuts the given rows."""
    return int((-(-np.bincount(task[rows]) // size)).sum())


def deal(layouts: Sequence[Layout], batches: int, tasks: int) -> Iterator[Batch]:
    """Stacked batches; each member's own blocks are dealt evenly, so that its batches do not depend on the others.

    tasks: their number, which stands for no task.
    """
    hands = [_Hand.of(layout, batches) for layout in layouts]
    for batch in range(batches):
        yield _stack([hand.batch(batch) for hand in hands], tasks)


def whole(layouts: Sequence[Layout], tasks: int) -> Batch:
    """All blocks of every member as one batch."""
    return next(deal(layouts, 1, tasks))


@dataclass(frozen=True)
class _Part:
    """One member's share of one batch.

    Attributes:
        rows: (blocks, size) int64, PADDING where a block is not full.
        present: (tasks present,) int64.
        place: (blocks,) int64, where in `present` the task of each block stands.
    """

    rows: IntArray
    present: IntArray
    place: IntArray


@dataclass(frozen=True)
class _Hand:
    """One member's blocks, dealt to batches.

    Attributes:
        layout: all blocks.
        starts: (batches + 1,) first block of each batch.
        tasks: (tasks of the first batch + of the second + ...,) int64.
        first_task: (batches + 1,) where in `tasks` those of each batch begin.
        place: (blocks,) int64, where among the tasks of its batch the task of each block stands.
    """

    layout: Layout
    starts: IntArray
    tasks: IntArray
    first_task: IntArray
    place: IntArray

    @classmethod
    def of(cls, layout: Layout, batches: int) -> "_Hand":
        starts = np.arange(batches + 1) * len(layout) // batches
        batch = np.repeat(np.arange(batches), np.diff(starts))
        most = int(layout.task.max(initial=0)) + 1
        tasks, place = np.unique(batch * most + layout.task, return_inverse=True)
        first_task = np.searchsorted(tasks, np.arange(batches + 1) * most)
        return cls(layout, starts, tasks % most, first_task, place - first_task[batch])

    def batch(self, number: int) -> _Part:
        blocks = slice(self.starts[number], self.starts[number + 1])
        tasks = slice(self.first_task[number], self.first_task[number + 1])
        return _Part(self.layout.rows[blocks], self.tasks[tasks], self.place[blocks])


def _stack(parts: Sequence[_Part], tasks: int) -> Batch:
    blocks = max(1, *(len(part.rows) for part in parts))
    rows = np.full((len(parts), blocks, parts[0].rows.shape[1]), PADDING, dtype=np.int64)
    place = np.zeros((len(parts), blocks), dtype=np.int64)
    present = np.full((len(parts), max(1, *(len(part.present) for part in parts))), tasks, dtype=np.int64)
    for member, part in enumerate(parts):
        rows[member, : len(part.rows)] = part.rows
        place[member, : len(part.place)] = part.place
        present[member, : len(part.present)] = part.present
    return Batch(np.maximum(rows, 0), rows != PADDING, present, place)
