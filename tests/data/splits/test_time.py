from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, Keys
from mthn_automl.data.splits.time import deal, most_folds, seal
from tests.data.splits.test_within_tasks import per_task, regression

SIZES = (1, 2, 3, 10, 40)


def timed(sizes: tuple[int, ...] = SIZES, time: FloatArray | None = None) -> Dataset:
    """Rows in a random order; without a given time, each row has one of its own."""
    dataset = regression(sizes)
    random = np.random.default_rng(0)
    keys = Keys(time=random.permutation(len(dataset)).astype(float) if time is None else time)
    return replace(dataset, keys=keys).take(random.permutation(len(dataset)))


def latest(dataset: Dataset, chosen: np.ndarray) -> dict[int, float]:
    assert dataset.keys.time is not None
    return {int(task): dataset.keys.time[chosen & (dataset.task == task)].max() for task in set(dataset.task[chosen])}


def earliest(dataset: Dataset, chosen: np.ndarray) -> dict[int, float]:
    assert dataset.keys.time is not None
    return {int(task): dataset.keys.time[chosen & (dataset.task == task)].min() for task in set(dataset.task[chosen])}


def assert_later(dataset: Dataset, later: np.ndarray, earlier: np.ndarray) -> None:
    """Within each task that has rows of both."""
    first, last = earliest(dataset, later), latest(dataset, earlier)
    assert all(first[task] > last[task] for task in first.keys() & last.keys())


def test_the_last_rows_of_each_task_are_the_test() -> None:
    dataset = timed()
    test = seal(dataset, 0.2, seed=0)
    assert per_task(dataset, test) == [0, 0, 1, 2, 8]
    assert_later(dataset, test, ~test)


def test_folds_roll_forward() -> None:
    dataset = timed()
    for folds in (1, 2, 3, 5):
        fold = deal(dataset, folds, seed=0)
        for number in range(folds):
            assert_later(dataset, fold == number, fold < number)
    assert per_task(dataset, deal(dataset, 1, seed=0) == 0) == [0, 1, 1, 2, 8]
    fold = deal(dataset, 4, seed=0)
    assert [per_task(dataset, fold == number)[-2:] for number in range(-1, 4)] == [[2, 8]] * 5


def test_rows_of_one_time_are_never_torn() -> None:
    time = np.array([0, 1, 1, 1, 1, 1, 1, 1, 1, 1, *[0] * 8, 2, 2.0])
    dataset = timed((10, 10), time)
    test = seal(dataset, 0.1, seed=0)
    assert per_task(dataset, test) == [0, 2]
    fold = deal(dataset, 3, seed=0)
    pairs = {(task, when, side) for task, when, side in zip(dataset.task, dataset.keys.time, fold, strict=True)}
    assert len(pairs) == 4
    assert most_folds(timed((10, 10), np.zeros(20))) == 0


def test_rows_without_a_time_always_train() -> None:
    time = np.where(np.arange(20) % 2 == 0, np.nan, np.arange(20.0))
    dataset = timed((20,), time)
    assert dataset.keys.time is not None
    missing = np.isnan(dataset.keys.time)
    assert not seal(dataset, 0.3, seed=0)[missing].any()
    assert (deal(dataset, 3, seed=0)[missing] == -1).all()
