from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.data.dataset import Keys
from mthn_automl.data.splits.whole_tasks import deal, most_folds, seal
from mthn_automl.errors import DataError
from tests.data.splits.test_within_tasks import classes, per_task, regression


def test_a_share_of_the_tasks_is_held_out_and_none_is_torn() -> None:
    dataset = regression(tuple(range(3, 23)))
    for share, tasks in ((0.2, 4), (0.01, 1), (0.99, 18)):
        held_out = np.array(per_task(dataset, seal(dataset, share, seed=0)))
        assert (held_out > 0).sum() == tasks
        assert set(held_out[held_out > 0]) <= set(range(3, 23))
        assert (held_out[held_out > 0] == np.arange(3, 23)[held_out > 0]).all()


def test_folds_differ_by_one_task_and_have_tasks_of_all_sizes() -> None:
    dataset = regression((100, 90, 80, 70, 12, 11, 10, 9, 3, 2, 1))
    for seed in range(5):
        fold = deal(dataset, 4, seed)
        held_out = np.array([per_task(dataset, fold == each) for each in range(4)])
        assert ((held_out > 0).sum(axis=0) == 1).all()
        assert sorted((held_out > 0).sum(axis=1)) == [2, 3, 3, 3]
        assert (held_out[:, :4] > 0).sum(axis=1).tolist() == [1, 1, 1, 1]
    one = deal(dataset, 1, seed=0)
    assert np.count_nonzero(per_task(dataset, one == 0)) == 2
    assert np.count_nonzero(per_task(dataset, one < 0)) == 9


def test_tasks_that_share_a_group_go_together_and_too_few_sets_of_them_are_refused() -> None:
    dataset = regression((4,) * 8)
    pairs = replace(dataset, group=dataset.task // 2, keys=Keys(groups_asked=True))
    test, fold = seal(pairs, 0.3, seed=0), deal(pairs, 4, seed=0)
    for values in (test, fold):
        assert all(len(np.unique(values[pairs.task // 2 == pair])) == 1 for pair in range(4))
    assert (test.sum(), most_folds(pairs)) == (8, 4)
    chain = replace(dataset, group=(dataset.task + np.arange(32) % 2) % 8, keys=Keys(groups_asked=True))
    with pytest.raises(DataError, match="3 sets of tasks that share no group, however the 8 tasks make 1"):
        seal(chain, 0.3, seed=0)
    with pytest.raises(DataError, match="at least 3 tasks for some to be held out, however there are 2"):
        seal(regression((9, 9)), 0.3, seed=0)


def test_a_task_with_a_class_of_its_own_stays_in_training() -> None:
    dataset = classes([["a", "b", "a"]] * 5 + [["odd", "odd", "a"]])
    assert not any(seal(dataset, 0.4, seed)[-1] for seed in range(20))
