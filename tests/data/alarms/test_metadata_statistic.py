"""Metadata that were computed from the target are found; those that explain it, however well, are not."""

from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.data.dataset import Dataset
from tests.contracts.zoo import build, table
from tests.data.alarms.guilty import by_task, classes, clean, found, with_metadatum, with_number

STATISTICS = {
    "the mean": np.mean,
    "the median": np.median,
    "the least value": np.min,
    "the greatest value": np.max,
    "the standard deviation": lambda values: np.std(values, ddof=1),
    "the first value": lambda values: values[0],
    "the last value": lambda values: values[-1],
}


def of(dataset: Dataset) -> list[tuple[str, int]]:
    return [
        (str(alarm.evidence["statistic"]), int(alarm.evidence["equal"]))
        for alarm in found("metadata_statistic", dataset)
    ]


@pytest.mark.parametrize("name", STATISTICS)
def test_a_statistic_of_the_target_is_found_exact_rounded_or_moved(name: str) -> None:
    dataset = clean(tasks=30)
    values = by_task(dataset, STATISTICS[name])
    assert of(with_metadatum(dataset, values)) == [(name, 1)]
    assert of(with_metadatum(dataset, np.round(values, 2))) == [(name, 1)]
    assert of(with_metadatum(dataset, 32 + 1.8 * values)) == [(name, 0)]


def test_six_tasks_are_enough_for_equality_and_four_are_not() -> None:
    for tasks, expected in ((6, [("the mean", 1)]), (4, [])):
        dataset = clean(tasks=tasks)
        assert of(with_metadatum(dataset, by_task(dataset, np.mean))) == expected


def test_tasks_without_the_column_or_without_rows_are_passed_over() -> None:
    dataset = clean(tasks=20)
    mean = by_task(dataset, np.mean)
    mean[:4] = np.nan
    dataset = with_metadatum(dataset, mean)
    assert of(dataset) == [("the mean", 1)]
    assert of(dataset.take(np.flatnonzero(dataset.task != 7))) == [("the mean", 1)]


def test_the_share_of_a_class_and_the_number_of_rows_are_found() -> None:
    random = np.random.default_rng(0)
    for count, name in ((2, "class 1"), (3, "class 0")):
        dataset = classes(tasks=30, rows=15, count=count)
        dataset = dataset.take(np.flatnonzero(random.random(len(dataset)) < 0.8))
        share = by_task(dataset, lambda values, name=name: np.mean(values == int(name[-1])))
        assert of(with_metadatum(dataset, share)) == [(f"the share of the class '{name}'", 1)]
        assert of(with_metadatum(dataset, 100 * share)) == [(f"the share of the class '{name}'", 0)]
        assert of(with_metadatum(dataset, np.bincount(dataset.task))) == [("the number of rows", 1)]


def test_the_second_target_is_looked_at_too() -> None:
    dataset = clean(targets=2)
    turned = replace(dataset, target=dataset.target[:, ::-1])
    (alarm,) = found("metadata_statistic", with_metadatum(dataset, by_task(turned, np.mean)))
    assert alarm.columns == ("planted", "target1")


def test_a_feature_that_is_the_mean_of_its_task_is_found() -> None:
    dataset = clean()
    assert of(with_number(dataset, by_task(dataset, np.mean)[dataset.task])) == [("the mean", 1)]


@pytest.mark.parametrize("rows", [3, 30, 1_000])
def test_metadata_that_set_the_mean_are_not_computed_from_it(rows: int) -> None:
    """The mean of 1,000 rows equals what set it to a thousandth: the correlation is above 0.9999."""
    for seed in range(10):
        random = np.random.default_rng(seed)
        level, task = random.normal(size=20), np.repeat(np.arange(20), rows)
        target = level[task] + 0.1 * random.normal(size=len(task))
        features = table(random.normal(size=(len(task), 1)))
        for metadata in (level[:, None], np.round(10 * level)[:, None]):
            assert of(build(features=features, task=task, target=target[:, None], metadata=table(metadata))) == []


def test_a_whole_number_that_was_set_and_is_hit_is_not_computed_from_the_mean() -> None:
    random = np.random.default_rng(1)
    level, task = random.permutation(20) * 5.0, np.repeat(np.arange(20), 50)
    target = level[task] + 0.1 * random.normal(size=len(task))
    features = table(random.normal(size=(len(task), 1)))
    assert of(build(features=features, task=task, target=target[:, None], metadata=table(level[:, None]))) == []


def test_metadata_that_go_with_a_target_which_tasks_have_one_value_of_are_not_computed_from_it() -> None:
    random = np.random.default_rng(2)
    level, task = random.normal(size=30), np.repeat(np.arange(30), 5)
    features = table(random.normal(size=(150, 1)))
    near = level + 0.1 * random.normal(size=30)
    for metadata, expected in ((near, []), (3 * level - 1, [("the mean", 0)])):
        dataset = build(features=features, task=task, target=level[task, None], metadata=table(metadata[:, None]))
        assert of(dataset) == expected


def test_what_all_tasks_have_equals_nothing() -> None:
    dataset = clean(tasks=30)
    for values in (np.full(30, 12.0), np.zeros(30), np.full(30, np.nan)):
        assert of(with_metadatum(dataset, values)) == []
    ratings = replace(dataset, target=np.clip(np.round(dataset.target), 0, 2))
    assert of(with_metadatum(ratings, np.zeros(30))) == []
