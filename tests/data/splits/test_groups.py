from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.splits.groups import deal, most_folds, seal
from tests.data.splits.test_within_tasks import regression


def grouped(group: IntArray, sizes: tuple[int, ...]) -> Dataset:
    return replace(regression(sizes), group=group)


def sides(values: IntArray, group: IntArray) -> set[int]:
    """How many values the rows of one group have."""
    return {len(np.unique(values[group == each])) for each in np.unique(group)}


def test_each_task_gives_its_share_of_groups_and_no_group_is_torn() -> None:
    group = np.arange(120) // 4
    dataset = grouped(group, (60, 40, 20))
    test = seal(dataset, 0.2, seed=0)
    assert np.bincount(dataset.task[test]).tolist() == [12, 8, 4]
    fold = deal(dataset, 5, seed=0)
    assert sides(test, group) == sides(fold, group) == {1}
    counts = np.array([np.bincount(dataset.task[fold == each], minlength=3) for each in range(5)])
    assert np.ptp(counts, axis=0).max() <= 4


def test_groups_that_reach_over_tasks_are_on_one_side_in_all_of_them() -> None:
    group = np.tile(np.arange(25), 4)
    dataset = grouped(group, (25, 25, 25, 25))
    test = seal(dataset, 0.2, seed=0)
    assert np.bincount(dataset.task[test]).tolist() == [5, 5, 5, 5]
    assert sides(test, group) == sides(deal(dataset, 5, seed=0), group) == {1}


def test_where_every_task_has_one_or_two_groups_these_are_drawn_from_all_tasks_together() -> None:
    group = np.repeat(np.arange(20), 5)
    dataset = grouped(group, (10,) * 10)
    test = seal(dataset, 0.2, seed=0)
    assert test.sum() == 20
    assert most_folds(dataset) == 20
