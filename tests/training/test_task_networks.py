"""Rows are grouped into chunks of nearly alike blocks of one task each, without a loop over tasks."""

import numpy as np
import pytest

from mthn_automl.models.parts.hidden import Hidden
from mthn_automl.training import task_networks
from mthn_automl.training.task_networks import LONGEST_BLOCK, ROWS_AT_ONCE, apply_one, grouped

RANDOM = np.random.default_rng(0)
TASKS = {
    "one task": np.zeros(1000, dtype=np.int64),
    "one row": np.array([7]),
    "a row a task": RANDOM.permutation(500),
    "balanced": RANDOM.permutation(np.repeat(np.arange(20), 300)),
    "skewed": np.minimum(RANDOM.pareto(0.5, 20_000).astype(np.int64), 3000),
    "in order": np.sort(RANDOM.integers(0, 50, 5000)),
    "more tasks than 16 bits": RANDOM.integers(0, 2**17, 3000),
    "one row more than a block": np.zeros(LONGEST_BLOCK + 1, dtype=np.int64),
}


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS.keys())
def test_every_wanted_row_comes_in_a_block_of_its_task_within_bounds_and_few_come_twice(task: np.ndarray) -> None:
    wanted = np.flatnonzero(np.arange(len(task)) % 5 != 1)
    chunks = list(grouped(task, wanted, 3))
    for tasks, rows in chunks:
        np.testing.assert_array_equal(task[rows], np.broadcast_to(tasks[:, None], rows.shape))
        assert rows.shape[1] <= LONGEST_BLOCK
        assert rows.size <= ROWS_AT_ONCE
    assert np.array_equal(np.unique(np.concatenate([rows.ravel() for _, rows in chunks])), wanted)
    assert sum(rows.size for _, rows in chunks) <= 1.4 * len(wanted) + 1


def test_no_rows_give_no_chunk_and_a_chunk_is_at_least_one_block(monkeypatch: pytest.MonkeyPatch) -> None:
    task = np.zeros(5, dtype=np.int64)
    assert list(grouped(task, np.zeros(0, dtype=np.int64), 3)) == []
    monkeypatch.setattr(task_networks, "ROWS_AT_ONCE", 1)
    assert [rows.shape for _, rows in grouped(task, np.arange(5), 3)] == [(1, 5)]


def test_one_row_goes_through_each_members_own_layers() -> None:
    features = np.array([[1.0, -2.0]])
    first = np.array([[[1.0], [1.0]], [[-1.0], [-1.0]]]), np.array([[[0.5]], [[0.0]]])
    last = np.array([[[2.0]], [[3.0]]]), np.array([[[1.0]], [[1.0]]])
    np.testing.assert_array_equal(apply_one(features, [first, last], Hidden()), [[[1.0]], [[4.0]]])
