import itertools
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.read import read_dataset
from mthn_automl.data.split import assign_folds, load_split, save_split, seal_test
from mthn_automl.errors import DataError, FormatError, UsageError

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


@pytest.mark.parametrize(
    ("fraction", "expected"),
    [
        pytest.param(0.2, [0, 0, 1, 1, 1, 3, 20], id="a fifth"),
        pytest.param(0.5, [0, 0, 1, 2, 2, 8, 50], id="half"),
        pytest.param(0.99, [0, 0, 1, 2, 3, 15, 98], id="nearly all leaves two"),
        pytest.param(0.0, [0, 0, 0, 0, 0, 0, 0], id="none"),
    ],
)
def test_each_task_gives_its_share_of_test_rows(fraction: float, expected: list[int]) -> None:
    dataset = regression()
    assert per_task(dataset, seal_test(dataset, fraction, seed=0)) == expected


@pytest.mark.parametrize("fraction", [-0.1, 1.0])
def test_a_fraction_out_of_range_is_refused(fraction: float) -> None:
    with pytest.raises(UsageError, match="at least 0 and below 1"):
        seal_test(regression(), fraction, seed=0)


def test_test_rows_have_the_classes_of_their_task_in_proportion() -> None:
    dataset = classes([["a"] * 60 + ["b"] * 30 + ["c"] * 10, ["b"] * 50 + ["c"] * 50])
    for seed in range(5):
        test = seal_test(dataset, 0.2, seed)
        counts = np.zeros((2, 3), dtype=int)
        np.add.at(counts, (dataset.task[test], dataset.target[test, 0].astype(int)), 1)
        assert np.abs(counts - [[12, 6, 2], [0, 10, 10]]).max() <= 1


def test_every_class_keeps_a_training_row() -> None:
    dataset = classes([["a", "a", "rare"], ["a", "a", "rare"], ["odd", "odd", "a"]])
    left = [set(dataset.target[~seal_test(dataset, 0.4, seed), 0]) for seed in range(20)]
    assert left == [{0, 1, 2}] * 20


def test_the_seed_decides_test_rows_and_folds() -> None:
    dataset = regression()
    for draw in (lambda seed: seal_test(dataset, 0.2, seed), lambda seed: assign_folds(dataset, 5, seed)):
        first, second, other = map(draw, (0, 0, 1))
        assert (first == second).all()
        assert (first != other).any()


def test_folds_differ_by_one_row_at_most_within_a_task_and_overall() -> None:
    dataset = regression()
    for folds in (2, 3, 5, 10):
        dealt = assign_folds(dataset, folds, seed=0)
        counts = np.zeros((len(SIZES), folds), dtype=int)
        np.add.at(counts, (dataset.task[dealt >= 0], dealt[dealt >= 0]), 1)
        assert np.ptp(counts, axis=1).max() <= 1
        assert np.ptp(counts.sum(axis=0)) <= 1


def test_the_single_row_of_a_task_is_always_in_training() -> None:
    dataset = regression((1, 10, 1))
    assert per_task(dataset, assign_folds(dataset, 5, seed=0) < 0) == [1, 0, 1]


def test_folds_have_the_classes_of_their_task_in_proportion() -> None:
    dataset = classes([["a"] * 40 + ["b"] * 20, ["b"] * 25 + ["a"] * 5])
    for seed in range(5):
        counts = np.zeros((5, 2), dtype=int)
        np.add.at(counts, (assign_folds(dataset, 5, seed), dataset.target[:, 0].astype(int)), 1)
        assert np.ptp(counts, axis=0).max() <= 2


def test_tasks_of_two_classes_and_two_rows_leave_both_classes_in_every_fold() -> None:
    dataset = classes([["a", "b"]] * 60)
    dealt = assign_folds(dataset, 2, seed=0)
    assert 0.25 < dataset.target[dealt == 0].mean() < 0.75


def test_one_fold_is_a_hold_out_of_a_fifth() -> None:
    dataset = regression()
    dealt = assign_folds(dataset, 1, seed=0)
    assert per_task(dataset, dealt == 0) == [0, 1, 1, 1, 1, 3, 20]
    assert set(dealt) == {-1, 0}


@pytest.mark.parametrize("sizes", [(1, 1, 1, 1, 1), (1, 1, 1, 2), (2, 3)], ids=str)
def test_every_fold_has_a_row_where_there_are_enough(sizes: tuple[int, ...]) -> None:
    for folds, seed in itertools.product((1, 2, 5), range(5)):
        dealt = assign_folds(regression(sizes), folds, seed)
        assert set(range(folds)) <= set(dealt)
        assert (dealt != 0).any()


def test_fewer_rows_than_folds_and_no_fold_at_all_are_refused() -> None:
    with pytest.raises(DataError, match="each of 6 folds, however 5 are left"):
        assign_folds(regression((2, 3)), 6, seed=0)
    with pytest.raises(UsageError, match="at least 1, however it is 0"):
        assign_folds(regression(), 0, seed=0)


def test_a_saved_split_is_loaded_as_it_was(tmp_path: Path) -> None:
    dataset = regression()
    test = seal_test(dataset, 0.2, seed=0)
    folds = assign_folds(dataset.take(np.flatnonzero(~test)), 5, seed=0)
    save_split(tmp_path / "splits.parquet", dataset, test, folds)
    loaded_test, loaded_folds = load_split(tmp_path / "splits.parquet")
    np.testing.assert_array_equal(loaded_test, test)
    np.testing.assert_array_equal(loaded_folds, folds)


def test_a_saved_split_names_row_task_role_and_fold(tmp_path: Path) -> None:
    dataset = regression((2, 3))
    test = np.array([False, False, True, False, False])
    save_split(tmp_path / "splits.parquet", dataset, test, np.array([0, 1, 1, 0]))
    assert pd.read_parquet(tmp_path / "splits.parquet").to_dict("list") == {
        "row": [0, 1, 2, 3, 4],
        "task": ["t2-0", "t2-0", "t3-1", "t3-1", "t3-1"],
        "role": ["train", "train", "test", "train", "train"],
        "fold": [0, 1, -1, 1, 0],
    }


def test_a_file_that_is_no_split_is_refused(tmp_path: Path) -> None:
    (tmp_path / "splits.parquet").write_text("row,task\n")
    with pytest.raises(FormatError, match="must hold a split"):
        load_split(tmp_path / "splits.parquet")
