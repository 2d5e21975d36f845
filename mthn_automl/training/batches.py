"""Rows grouped by task into padded blocks, so that a step costs what its rows and the tasks present cost."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from mthn_automl.data.dataset import IntArray

PADDING = -1


@dataclass(frozen=True)
class Layout:
    """Blocks of rows of one task each.

    rows (blocks, size) int64, PADDING where a block is not full; task (blocks,) int64.
    """

    rows: IntArray
    task: IntArray

    def __len__(self) -> int:
        return len(self.task)


TASKS_A_BATCH = 16
LARGEST_BLOCK = 16


def block_size(task_sizes: IntArray, batch: int) -> int:
    """Rows a block.

    A task's weights are generated once a block, so blocks are as large as the typical task allows without much
    padding, and as leaves room for many tasks in a batch.
    """
    present = task_sizes[task_sizes > 0]
    if present.sum() <= batch and present.max() <= 1.5 * present.mean():
        return int(present.max())
    many_tasks = max(4, batch // min(len(present), TASKS_A_BATCH))
    return max(1, min(LARGEST_BLOCK, int(np.median(present)), many_tasks))


def lay_out(rows: IntArray, task: IntArray, size: int, random: np.random.Generator | None = None) -> Layout:
    """Cut the given rows, grouped by task, into blocks.

    With `random`, rows are shuffled within their task and the blocks of each task are spread evenly over the
    order, so that consecutive blocks form a batch of many tasks; without, both keep their order.
    """
    if random is not None:
        rows = random.permutation(rows)
    rows = rows[np.argsort(task[rows], kind="stable")]
    owner = task[rows]
    starts = np.flatnonzero(np.diff(owner, prepend=owner[0] - 1)) if len(owner) else np.arange(0)
    counts = np.diff(starts, append=len(rows))
    blocks = -(-counts // size)
    position = np.arange(len(rows)) - np.repeat(starts, counts)
    first = np.cumsum(blocks) - blocks
    filled = np.full((int(blocks.sum()), size), PADDING, dtype=np.int64)
    filled[np.repeat(first, counts) + position // size, position % size] = rows
    layout = Layout(filled, np.repeat(owner[starts], blocks))
    return layout if random is None else _spread(layout, first, blocks, random)


def _spread(layout: Layout, first: IntArray, blocks: IntArray, random: np.random.Generator) -> Layout:
    within = np.arange(len(layout)) - np.repeat(first, blocks)
    order = np.argsort((within + random.random(len(layout))) / np.repeat(blocks, blocks))
    return Layout(layout.rows[order], layout.task[order])


def stack(layouts: Sequence[Layout]) -> Layout:
    """Layouts of several members as one: rows (members, blocks, size), task (members, blocks); short ones padded."""
    longest = max(len(layout) for layout in layouts)
    rows = np.full((len(layouts), longest, layouts[0].rows.shape[1]), PADDING, dtype=np.int64)
    task = np.zeros((len(layouts), longest), dtype=np.int64)
    for member, layout in enumerate(layouts):
        rows[member, : len(layout)] = layout.rows
        task[member, : len(layout)] = layout.task
    return Layout(rows, task)


def batch_count(blocks: int, size: int, batch: int) -> int:
    """Batches that hold about `batch` rows each when so many blocks of `size` rows are dealt to them."""
    return max(1, round(blocks / max(1, batch // size)))


def blocks_of(rows: IntArray, task: IntArray, size: int) -> int:
    """Blocks into which `lay_out` cuts the given rows."""
    return int((-(-np.bincount(task[rows]) // size)).sum())


def cut(layouts: Sequence[Layout], batches: int) -> Iterator[Layout]:
    """Stacked batches; each member's own blocks are dealt evenly, so that its batches do not depend on the others."""
    for number in range(batches):
        yield stack(
            [_part(each, number * len(each) // batches, (number + 1) * len(each) // batches) for each in layouts]
        )


def _part(layout: Layout, start: int, stop: int) -> Layout:
    return Layout(layout.rows[start:stop], layout.task[start:stop])
