"""Test rows that differ from training rows are found; splits at random are not shifts, whatever the tasks are like."""

import numpy as np

from mthn_automl.data.dataset import Dataset
from tests.contracts.zoo import build, table
from tests.data.alarms.guilty import clean, found, persons, sealed, with_category, with_number


def of(dataset: Dataset, test) -> list[str]:
    return [alarm.columns[0] for alarm in found("shift", dataset, test)]


def test_the_column_that_tells_most_is_named() -> None:
    dataset, random = clean(rows=40), np.random.default_rng(0)
    later = with_number(dataset, np.tile(np.arange(40), 12), "day")
    assert of(later, later.features.numeric[:, 2] >= 32) == ["day"]
    site = random.integers(5, size=len(dataset))
    test = random.random(len(dataset)) < np.where(site == 3, 0.6, 0.1)
    assert of(with_category(dataset, site, "site"), test) == ["site"]
    (alarm,) = found("shift", with_category(dataset, site, "site"), test)
    assert 0.55 < alarm.evidence["auc_low"] < alarm.evidence["auc"] < alarm.evidence["auc_high"] <= 1


def test_the_last_rows_of_tasks_that_were_measured_at_other_times_are_found() -> None:
    dataset = clean(rows=40)
    start = 1_000 * np.random.default_rng(1).permutation(12)
    later = with_number(dataset, start[dataset.task] + np.tile(np.arange(40), 12), "day")
    assert of(later, np.tile(np.arange(40), 12) >= 32) == ["day"]


def test_missing_cells_may_tell() -> None:
    dataset, random = clean(rows=40), np.random.default_rng(2)
    test = random.random(len(dataset)) < 0.3
    values = np.where(test & (random.random(len(dataset)) < 0.7), np.nan, random.normal(size=len(dataset)))
    assert of(with_number(dataset, values, "gaps"), test) == ["gaps"]


def test_whole_tasks_that_are_unlike_the_others_are_found() -> None:
    dataset = clean(tasks=60)
    held_out = np.arange(60) < 20
    moved = with_number(dataset, np.where(held_out, 2.0, 0.0)[dataset.task] + dataset.features.numeric[:, 0])
    assert of(moved, held_out[dataset.task]) == ["planted"]


def test_splits_at_random_are_no_shift() -> None:
    """Of a thousand, at rows, persons or whole tasks, about one in a hundred may be taken for one."""
    fired = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        sizes = random.integers(1, 40, size=20)
        task = np.repeat(np.arange(20), sizes)
        # Small tasks are unlike large ones, and have other shares of test rows.
        values = random.normal(size=(len(task), 3)) + 0.2 * sizes[task, None]
        rows = build(features=table(values), task=task, target=values[:, :1])
        fired += len(of(rows, sealed(rows, seed)))
        fired += len(of(rows, random.random(len(task)) < 0.2))
        many = clean(tasks=40, rows=5, seed=seed)
        fired += len(of(many, (random.random(40) < 0.3)[many.task]))
        people = persons(people=100, seed=seed)
        fired += len(of(people, np.tile(random.random(100) < 0.3, 6)))
        few = clean(tasks=6, rows=20, seed=seed, features=6)
        fired += len(of(few, sealed(few, seed)))
    assert fired <= 12


def test_too_few_test_rows_say_nothing() -> None:
    dataset = clean()
    assert of(dataset, np.arange(144) < 6) == []
