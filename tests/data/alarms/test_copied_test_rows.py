"""Test rows that are copies of training rows are found; rows that are equal because there are few values are not."""

import numpy as np

from mthn_automl.data.dataset import Dataset
from tests.contracts.zoo import build, table
from tests.data.alarms.guilty import GUILTY, classes, clean, doubled, found, sealed, with_category


def of(dataset: Dataset, test=None) -> list[tuple[object, object]]:
    return [
        (alarm.evidence["of_the_same_task"], alarm.evidence["of_another_task"])
        for alarm in found("copied_test_rows", dataset, test)
    ]


def test_copies_of_the_same_and_of_other_tasks_are_counted() -> None:
    dataset, test = GUILTY["copied_test_rows"]()
    assert of(dataset, test) == [(12, 0)]
    task = dataset.task.copy()
    task[-5:] = (task[-5:] + 1) % 12
    moved = type(dataset)(**{**vars(dataset), "task": task})
    assert of(moved, test) == [(7, 5)]


def test_missing_cells_equal_missing_cells() -> None:
    dataset, test = GUILTY["copied_test_rows"]()
    dataset.features.numeric[::12, 0] = np.nan
    dataset.features.numeric[-12:, 0] = np.nan
    assert of(dataset, test) == [(12, 0)]


def test_copies_of_rows_of_a_category_and_a_class_are_found() -> None:
    dataset = with_category(classes(rows=30), np.random.default_rng(0).integers(4, size=360))
    dataset = doubled(dataset, np.arange(0, 360, 18))
    assert of(dataset, np.arange(len(dataset)) >= 360) == [(20, 0)]


def test_copies_within_the_training_rows_or_with_another_target_are_none() -> None:
    dataset, test = GUILTY["copied_test_rows"]()
    assert of(dataset, np.roll(test, 20)) == []
    dataset.target[-12:] += 0.01
    assert of(dataset, test) == []


def test_rows_of_few_values_are_equal_by_chance() -> None:
    for seed in range(10):
        random = np.random.default_rng(seed)
        columns, task = random.integers(3, size=(600, 6)), np.repeat(np.arange(20), 30)
        target = np.round(columns.sum(axis=1) + random.normal(size=600))
        dataset = build(features=table(columns.astype(float)), task=task, target=target[:, None])
        assert np.isin(dataset.target[::3], dataset.target).any()
        assert of(dataset, sealed(dataset, seed)) == []


def test_clean_rows_have_no_copies() -> None:
    assert of(clean()) == []
