"""What every way of splitting must do, by being in the folder."""

from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset, Keys, Part
from mthn_automl.data.splits import names, way
from tests.contracts import zoo

every_way = pytest.mark.parametrize("name", names())
NAMED = np.array([Part.TRAIN, Part.TRAIN, Part.TRAIN, Part.VALIDATION, Part.TEST])


def whole() -> Dataset:
    """Rows of 12 tasks of 9 to 20, with a group of every 3 rows, a time and a use; the rows are in no order."""
    random = np.random.default_rng(1)
    task = np.repeat(np.arange(12), np.arange(9, 21))
    target = task + random.normal(size=len(task))
    features = zoo.table(random.normal(size=(len(task), 2)))
    dataset = zoo.build(features=features, task=task, target=target[:, None])
    keys = Keys(
        time=np.where(random.random(len(task)) < 0.05, np.nan, np.round(random.random(len(task)) * 50)),
        part=NAMED[np.arange(len(task)) % 5].astype(np.int64),
    )
    return replace(dataset, group=np.arange(len(task)) // 3, keys=keys).take(random.permutation(len(task)))


def folds_of(name: str, development: Dataset) -> range:
    return range(1, min(way(name).most_folds(development), 6) + 1)


def training(name: str, fold: IntArray, number: int) -> np.ndarray:
    return fold < number if way(name).FORWARD else fold != number


@every_way
def test_test_rows_are_some_and_not_all_and_follow_from_the_seed(name: str) -> None:
    dataset, chosen = whole(), way(name)
    test = chosen.seal(dataset, 0.25, 0)
    assert test.dtype == bool
    assert 0.1 < test.mean() < 0.45
    assert (test == chosen.seal(dataset, 0.25, 0)).all()
    if name != "given":
        assert not chosen.seal(dataset, 0.0, 0).any()


@every_way
def test_each_fold_has_rows_to_validate_on_and_others_to_train_on(name: str) -> None:
    dataset, chosen = whole(), way(name)
    development = dataset.take(np.flatnonzero(~chosen.seal(dataset, 0.25, 0)))
    for folds in folds_of(name, development):
        fold = chosen.deal(development, folds, 0)
        assert fold.dtype == np.int64
        assert set(fold.tolist()) - {-1} == set(range(folds))
        assert all(training(name, fold, number).any() for number in range(folds))
        assert (fold == chosen.deal(development, folds, 0)).all()
    assert folds_of(name, development)


@every_way
def test_a_single_row_cannot_be_split(name: str) -> None:
    development = whole().take(np.array([0]))
    if name == "given":
        development = replace(development, keys=Keys(part=np.array([Part.TRAIN])))
    assert way(name).most_folds(development) == 0
