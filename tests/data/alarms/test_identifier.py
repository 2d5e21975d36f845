"""Columns that name or count rows are found; numbers and categories that describe them are not."""

import numpy as np
import pytest

from mthn_automl.data.dataset import Dataset
from tests.data.alarms.guilty import clean, found, sealed, with_category, with_number


def of(dataset: Dataset, test=None) -> list[str]:
    return [str(alarm.evidence["kind"]) for alarm in found("identifier", dataset, test)]


@pytest.mark.parametrize("values", [np.arange(144), -0.5 * np.arange(144), np.cumsum(1 + np.arange(144) % 3)])
def test_a_number_that_follows_the_file_is_found(values) -> None:
    assert of(with_number(clean(), values)) == ["order"]


def test_the_order_is_that_of_the_file_and_tasks_may_be_mixed() -> None:
    dataset = clean()
    dataset = dataset.take(np.random.default_rng(0).permutation(len(dataset)))
    place = np.arange(len(dataset)).astype(float)
    mixed = with_number(dataset, place)
    assert of(mixed) == ["order"]
    place[[3, 80]] = place[[80, 3]]
    assert of(with_number(dataset, place)) == ["unique"]


@pytest.mark.parametrize("first", [0, 1])
def test_a_column_that_counts_the_rows_of_each_task_is_found(first: int) -> None:
    dataset = clean().take(np.flatnonzero(np.random.default_rng(1).random(144) < 0.8))
    sizes = np.bincount(dataset.task)
    place = first + np.arange(len(dataset)) - (np.cumsum(sizes) - sizes)[dataset.task]
    assert of(with_number(dataset, place)) == ["counter"]
    assert of(with_number(dataset, 2 * place)) == []
    assert of(with_number(dataset, np.random.default_rng(2).permuted(place))) == []


def test_a_category_or_whole_number_that_is_another_in_each_row_is_found() -> None:
    random = np.random.default_rng(3)
    for dataset in (
        with_category(clean(), random.permutation(144)),
        with_number(clean(), 1_000 + random.permutation(144)),
    ):
        assert of(dataset) == ["unique"]


def test_whole_numbers_that_differ_because_they_are_large_are_none() -> None:
    dataset, random = clean(), np.random.default_rng(4)
    assert of(with_number(dataset, random.integers(10**8, size=144))) == []
    assert of(with_number(dataset, random.normal(size=144))) == []


def test_names_of_what_was_measured_several_times_are_found() -> None:
    assert of(with_category(clean(), np.arange(144) // 2)) == ["blocks"]
    assert of(with_number(clean(), np.arange(144) // 3)) == ["blocks"]


def test_categories_that_come_again_or_name_the_task_are_none() -> None:
    random = np.random.default_rng(5)
    dataset = clean()
    assert of(with_category(dataset, random.integers(60, size=144))) == []
    assert of(with_category(dataset, dataset.task)) == []
    assert of(with_category(dataset, np.arange(144) % 12)) == []
    assert of(with_category(clean(tasks=60, rows=3), np.arange(180) // 3)) == []


def test_values_that_tell_test_rows_are_found() -> None:
    dataset, random = clean(rows=30), np.random.default_rng(6)
    who = random.integers(40, size=len(dataset))
    assert of(with_category(dataset, who), who < 8) == ["split"]
    assert of(with_number(dataset, who), who < 8) == ["split"]
    test = sealed(dataset)
    assert of(with_category(dataset, test.astype(int)), test) == ["split"]
    assert of(with_number(dataset, np.where(test, 1, 0)), test) == ["split"]


def test_values_that_a_split_at_random_keeps_apart_are_none() -> None:
    random = np.random.default_rng(7)
    dataset = clean(rows=30)
    for seed in range(20):
        for levels in (2, 40, 250):
            assert of(with_category(dataset, random.integers(levels, size=len(dataset))), sealed(dataset, seed)) == []


def test_numbers_that_hardly_ever_come_again_tell_no_split() -> None:
    dataset, random = clean(tasks=20, rows=200), np.random.default_rng(9)
    sums = random.integers(100_000, size=len(dataset))
    assert len(np.unique(sums)) > 0.95 * len(sums)
    assert of(with_number(dataset, sums)) == []


def test_heights_of_persons_who_are_kept_together_are_no_names() -> None:
    dataset, random = clean(rows=30), np.random.default_rng(8)
    who = random.integers(40, size=len(dataset))
    assert of(with_number(dataset, random.normal(size=40)[who]), who < 8) == []


def test_names_of_tasks_are_none_where_whole_tasks_are_held_out() -> None:
    dataset = clean(tasks=20)
    assert of(with_category(dataset, dataset.task), dataset.task < 5) == []
