import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.data.splits.within_tasks import deal, seal

SIZES = (1, 2, 3, 4, 5, 17, 100)


def regression(sizes: Sequence[int] = SIZES) -> Dataset:
    task = np.repeat([f"t{size}-{k}" for k, size in enumerate(sizes)], sizes)
    return read_dataset(pd.DataFrame({"task": task, "x": np.arange(len(task)), "target": np.arange(len(task)) / 3}))


def classes(labels: Sequence[Sequence[str]]) -> Dataset:
    """One task for each sequence of labels."""
    task = np.repeat([f"t{k}" for k in range(len(labels))], [len(each) for each in labels])
    target = [label for each in labels for label in each]
    return read_dataset(pd.DataFrame({"task": task, "x": np.arange(len(task)), "target": target}))


def per_task(dataset: Dataset, chosen: np.ndarray) -> list[int]:
    return np.bincount(dataset.task[chosen], minlength=len(dataset.tasks)).tolist()


def test_each_task_gives_its_share_of_test_rows() -> None:
    dataset = regression()
    for fraction, expected in (
        (0.2, [0, 0, 1, 1, 1, 3, 20]),
        (0.5, [0, 0, 1, 2, 2, 8, 50]),
        (0.99, [0, 0, 1, 2, 3, 15, 98]),
        (0.0, [0, 0, 0, 0, 0, 0, 0]),
    ):
        assert per_task(dataset, seal(dataset, fraction, seed=0)) == expected


def counts(dataset: Dataset, column: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """How many rows of each task or fold are of each class."""
    found = np.zeros(shape, dtype=int)
    np.add.at(found, (column, dataset.target[:, 0].astype(int)), 1)
    return found


def test_test_rows_and_folds_have_the_classes_of_their_task_in_proportion() -> None:
    dataset = classes([["a"] * 60 + ["b"] * 30 + ["c"] * 10, ["b"] * 50 + ["c"] * 50])
    other = classes([["a"] * 40 + ["b"] * 20, ["b"] * 25 + ["a"] * 5])
    for seed in range(5):
        test = dataset.take(np.flatnonzero(seal(dataset, 0.2, seed)))
        assert np.abs(counts(test, test.task, (2, 3)) - [[12, 6, 2], [0, 10, 10]]).max() <= 1
        assert np.ptp(counts(other, deal(other, 5, seed), (5, 2)), axis=0).max() <= 2
    pairs = classes([["a", "b"]] * 60)
    assert 0.25 < pairs.target[deal(pairs, 2, seed=0) == 0].mean() < 0.75


def test_every_class_keeps_a_training_row() -> None:
    dataset = classes([["a", "a", "rare"], ["a", "a", "rare"], ["odd", "odd", "a"]])
    left = [set(dataset.target[~seal(dataset, 0.4, seed), 0]) for seed in range(20)]
    assert left == [{0, 1, 2}] * 20


def test_the_seed_decides_test_rows_and_folds() -> None:
    dataset = regression()
    for drawn in (lambda seed: seal(dataset, 0.2, seed), lambda seed: deal(dataset, 5, seed)):
        first, second, other = map(drawn, (0, 0, 1))
        assert (first == second).all()
        assert (first != other).any()


def test_folds_differ_by_one_row_at_most_within_a_task_and_overall() -> None:
    dataset = regression()
    for folds in (2, 3, 5, 10):
        dealt = deal(dataset, folds, seed=0)
        found = np.stack([per_task(dataset, dealt == fold) for fold in range(folds)])
        assert np.ptp(found, axis=0).max() <= 1
        assert np.ptp(found.sum(axis=1)) <= 1


def test_one_fold_is_a_hold_out_of_a_fifth_and_the_single_row_of_a_task_is_always_in_training() -> None:
    dataset = regression()
    dealt = deal(dataset, 1, seed=0)
    assert per_task(dataset, dealt == 0) == [0, 1, 1, 1, 1, 3, 20]
    assert set(dealt) == {-1, 0}
    assert per_task(regression((1, 10, 1)), deal(regression((1, 10, 1)), 5, seed=0) < 0) == [1, 0, 1]


def test_every_fold_has_a_row_where_there_are_enough() -> None:
    for sizes, folds, seed in itertools.product(((1, 1, 1, 1, 1), (1, 1, 1, 2), (2, 3)), (1, 2, 5), range(5)):
        dealt = deal(regression(sizes), folds, seed)
        assert set(range(folds)) <= set(dealt)
        assert (dealt != 0).any()
