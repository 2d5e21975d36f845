"""Rows grouped by task into blocks: each row once, each block one task, batches of nearly equal size."""

import itertools

import numpy as np
import pytest

from mthn_automl.data.arrays import IntArray
from mthn_automl.training.batches import PADDING, Batch, Layout, batch_count, block_size, blocks_of, deal, lay_out

SIZES = {
    "balanced": [12] * 10,
    "skewed": [200, 40, 9, 5, 3, 2, 1, 1],
    "one row a task": [1] * 30,
    "one task": [37],
    "tasks without rows": [0, 7, 0, 11, 0],
    "many": [1 + place % 17 for place in range(300)],
}
every_size = pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())


def tasks_of(sizes: list[int]) -> IntArray:
    """Each row's task, rows of all tasks mixed."""
    return np.random.default_rng(5).permutation(np.repeat(np.arange(len(sizes)), sizes))


def generator(seed: int | None) -> np.random.Generator | None:
    return None if seed is None else np.random.default_rng(seed)


def laid_out(sizes: list[int], block: int, seed: int | None = 0) -> Layout:
    task = tasks_of(sizes)
    return lay_out(np.arange(len(task)), task, block, generator(seed))


@every_size
def test_every_row_is_laid_out_once_in_a_block_of_its_task_of_which_the_last_alone_is_padded(sizes: list[int]) -> None:
    for block, seed in itertools.product((1, 4, 500), (None, 0)):
        layout = laid_out(sizes, block, seed)
        is_row = layout.rows != PADDING
        assert sorted(layout.rows[is_row].tolist()) == list(range(sum(sizes)))
        owner = np.where(is_row, tasks_of(sizes)[layout.rows], layout.task[:, None])
        assert (owner == layout.task[:, None]).all()
        assert layout.rows.shape == (sum(-(-size // block) for size in sizes), block)
        filled = is_row.sum(axis=1)
        assert (is_row == (np.arange(block) < filled[:, None])).all()
        assert (filled > 0).all()
        assert np.bincount(layout.task, filled < block).max() <= 1
        assert blocks_of(np.arange(sum(sizes)), tasks_of(sizes), block) == len(layout)


def test_rows_left_out_stay_out_and_no_rows_give_no_blocks() -> None:
    task = tasks_of(SIZES["skewed"])
    wanted = np.random.default_rng(1).choice(len(task), 50, replace=False)
    layout = lay_out(wanted, task, 4, np.random.default_rng(1))
    assert sorted(layout.rows[layout.rows != PADDING].tolist()) == sorted(wanted.tolist())
    layout = lay_out(np.arange(0), tasks_of([3, 3]), 4)
    assert (layout.rows.shape, len(layout)) == ((0, 4), 0)


@every_size
def test_tasks_and_rows_keep_their_order_unless_a_generator_shuffles_them(sizes: list[int]) -> None:
    layout = laid_out(sizes, 4, None)
    assert (np.diff(layout.task) >= 0).all()
    np.testing.assert_array_equal(layout.rows[layout.rows != PADDING], np.argsort(tasks_of(sizes), kind="stable"))
    first, again, other = (laid_out(SIZES["skewed"], 4, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.rows, again.rows)
    assert (first.rows != other.rows).any()


@every_size
def test_the_blocks_of_each_task_are_spread_evenly(sizes: list[int]) -> None:
    """After a share of all blocks, each task has had that share of its own, give or take one block and a tie."""
    layout = laid_out(sizes, 4)
    whole = np.bincount(layout.task, minlength=len(sizes))
    for share in (0.25, 0.5, 0.75):
        early = np.bincount(layout.task[: round(share * len(layout))], minlength=len(sizes))
        assert np.abs(early - share * whole).max() <= 1 + 0.1 * whole.max()
    if len(set(whole)) == 1:  # each of balanced tasks comes once before any comes twice
        rounds = layout.task.reshape(-1, len(sizes))
        np.testing.assert_array_equal(np.sort(rounds, axis=1), [list(range(len(sizes)))] * len(rounds))


def test_the_rows_of_a_block_suit_tasks_and_batch() -> None:
    for sizes, batch, expected in (
        ([8] * 8, 64, 8),  # all of them fit into one batch
        ([14] * 12, 64, 5),  # a batch of all tasks
        ([14] * 100, 64, 4),  # room for 16 tasks in a batch
        ([1] * 100, 64, 1),  # small tasks: no padding
        ([1000, 3, 3], 64, 21),  # room for every task in a batch
        ([500, 500], 2048, 250),
        ([1000, 1000], 256, 125),
        ([0, 8, 0, 8], 64, 8),  # tasks without rows do not count
    ):
        assert block_size(np.array(sizes), batch) == expected


@every_size
def test_a_block_is_at_most_the_largest_task_and_little_of_what_is_computed_is_padding(sizes: list[int]) -> None:
    assert [size for size in (1, 64, 2048) if not 1 <= block_size(np.array(sizes), size) <= max(sizes)] == []
    layout = laid_out(sizes, block_size(np.array(sizes), 64))
    assert (layout.rows != PADDING).mean() > 0.4


def filled(batch: Batch, member: int = 0) -> IntArray:
    """(blocks, size): rows of one member's blocks, PADDING where there are none; without blocks of no row."""
    rows = np.where(batch.mask[member], batch.rows[member], PADDING)
    return rows[batch.mask[member].any(axis=1)]


def tasks_in(batch: Batch, member: int = 0) -> IntArray:
    """The task of each block of one member."""
    return batch.present[member][batch.place[member]][batch.mask[member].any(axis=1)]


def test_shorter_members_are_padded_with_blocks_without_rows() -> None:
    long, short = laid_out([9, 3], 4), laid_out([2], 4)
    batch = next(deal([long, short], 1, tasks=2))
    assert batch.rows.shape == (2, 4, 4)
    np.testing.assert_array_equal(filled(batch, 0), long.rows)
    np.testing.assert_array_equal(filled(batch, 1), short.rows)
    assert batch.present.tolist() == [[0, 1], [0, 2]], "2 stands for no task"


@every_size
def test_batches_together_are_the_whole_in_order_and_each_names_the_tasks_it_holds(sizes: list[int]) -> None:
    """Their sizes differ by a block at most, and are about what was asked."""
    layouts = [laid_out(sizes, 4, seed) for seed in (0, 1)]
    for asked in (1, 16, 64, 10_000):
        parts = list(deal(layouts, batch_count(len(layouts[0]), 4, asked), len(sizes)))
        for member, layout in enumerate(layouts):
            np.testing.assert_array_equal(np.concatenate([filled(each, member) for each in parts]), layout.rows)
            np.testing.assert_array_equal(np.concatenate([tasks_in(each, member) for each in parts]), layout.task)
            for part in parts:
                present = part.present[member][part.present[member] < len(sizes)]
                np.testing.assert_array_equal(present, np.unique(tasks_in(part, member)))
        blocks = [part.rows.shape[1] for part in parts]
        assert max(blocks) - min(blocks) <= 1
        assert 4 * max(blocks) <= 1.5 * max(asked, 4) + 4
        assert len(blocks) == 1 or 4 * min(blocks) >= 0.5 * asked


def test_the_batches_of_a_member_do_not_depend_on_its_neighbours() -> None:
    short, long = laid_out([9, 3], 4), laid_out([40, 7, 2], 4, 1)
    for batches in (1, 2, 3):
        alone = [filled(part) for part in deal([short], batches, 3)]
        np.testing.assert_equal([filled(part) for part in deal([short, long], batches, 3)], alone)


def test_a_batch_holds_many_tasks() -> None:
    sizes = SIZES["balanced"]
    size = block_size(np.array(sizes), 64)
    for seed in range(3):
        layout = laid_out(sizes, size, seed)
        first = next(deal([layout], batch_count(len(layout), size, 64), len(sizes)))
        assert len(np.unique(tasks_in(first))) == 10
