"""A feature that determines the target is found, whatever function of it it is; one that only predicts it is not."""

from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.data.dataset import Dataset
from tests.contracts.zoo import build, table
from tests.data.alarms.guilty import classes, clean, found, sealed, with_category, with_number

FUNCTIONS = {
    "minus three times it": lambda target: -3 * target,
    "its exponential": np.exp,
    "its cube": lambda target: target**3,
    "its inverse": lambda target: 1 / target,
    "it to two decimals": lambda target: np.round(target, 2),
    "it with a little noise": lambda target: target + 0.01 * np.random.default_rng(1).normal(size=len(target)),
}


def of(dataset: Dataset) -> list[str]:
    return [alarm.columns[0] for alarm in found("determined_target", dataset)]


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_one_to_one_function_of_the_target_is_found(function) -> None:
    dataset = clean(rows=50)
    assert of(with_number(dataset, function(dataset.target[:, 0]))) == ["planted"]


def test_the_formula_is_said_where_there_is_one() -> None:
    dataset = clean()
    (alarm,) = found("determined_target", with_number(dataset, 2 * dataset.target[:, 0] - 8))
    assert alarm.sentence.endswith("; 'target0' is 0.5 times it plus 4.")
    assert "--ignore planted" in alarm.advice
    assert (alarm.evidence["slope"], alarm.evidence["intercept"]) == pytest.approx((0.5, 4.0))


def test_each_of_several_targets_is_looked_at() -> None:
    dataset = clean(targets=3)
    dataset = with_number(dataset, dataset.target[:, 2] ** 3)
    assert [alarm.columns for alarm in found("determined_target", dataset)] == [("planted", "target2")]


def test_a_copy_that_is_known_in_some_rows_is_found() -> None:
    dataset = clean(rows=30)
    known = np.random.default_rng(2).random(len(dataset)) < 0.6
    assert of(with_number(dataset, np.where(known, dataset.target[:, 0], np.nan))) == ["planted"]


@pytest.mark.parametrize("count", [2, 3])
def test_columns_that_give_classes_away_are_found(count: int) -> None:
    dataset = classes(rows=20, count=count)
    target = dataset.target[:, 0].astype(int)
    random = np.random.default_rng(3)
    assert of(with_number(dataset, 7 - target)) == ["planted"]
    assert of(with_number(dataset, target + random.random(len(target)))) == ["planted"]
    assert of(with_category(dataset, (target + 1) % count)) == ["planted"]
    assert of(with_category(dataset, 4 * target + random.integers(4, size=len(target)))) == ["planted"]
    assert of(with_category(dataset, np.where(target == 0, target - 1, target))) == ["planted"]


def test_a_number_that_is_missing_for_one_class_is_found() -> None:
    dataset = classes(rows=20, count=2)
    date = np.random.default_rng(4).normal(size=len(dataset))
    assert of(with_number(dataset, np.where(dataset.target[:, 0] == 1, date, np.nan))) == ["planted"]


def test_a_category_of_as_many_levels_as_the_target_has_values_is_found() -> None:
    dataset = clean(rows=60)
    dataset = replace(dataset, target=np.round(dataset.target, 1))
    codes = np.unique(dataset.target, return_inverse=True)[1].ravel()
    assert of(with_category(dataset, np.random.default_rng(5).permutation(codes.max() + 1)[codes])) == ["planted"]


def test_a_strong_predictor_is_none() -> None:
    dataset = clean(rows=50)
    noise = np.random.default_rng(6).normal(size=len(dataset))
    assert of(with_number(dataset, dataset.target[:, 0] + 0.15 * noise)) == []


def test_a_class_that_nearly_all_values_tell_is_not_determined() -> None:
    dataset = classes(rows=20)
    target, random = dataset.target[:, 0].astype(int), np.random.default_rng(7)
    wrong = random.random(len(target)) < 0.1
    assert of(with_category(dataset, np.where(wrong, random.integers(3, size=len(target)), target))) == []


def test_a_category_of_which_one_level_gives_the_target_away_is_none() -> None:
    dataset = classes(rows=20)
    target, random = dataset.target[:, 0].astype(int), np.random.default_rng(8)
    assert of(with_category(dataset, np.where(target == 2, 5, random.integers(5, size=len(target))))) == []


def test_a_category_of_many_levels_determines_nothing_by_having_them() -> None:
    random = np.random.default_rng(9)
    for dataset in (clean(), classes(), classes(count=2)):
        assert of(with_category(dataset, random.integers(100, size=len(dataset)))) == []
        assert of(with_category(dataset, random.permutation(len(dataset)))) == []


def test_a_rare_class_is_determined_by_none_that_seldom_changes() -> None:
    dataset, random = classes(tasks=20, rows=50, count=2), np.random.default_rng(10)
    dataset = replace(dataset, target=(random.random((len(dataset), 1)) < 0.004).astype(float))
    assert of(with_number(dataset, random.random(len(dataset)) < 0.004)) == []


def test_that_a_count_is_zero_where_a_feature_is_does_not_determine_the_count() -> None:
    random = np.random.default_rng(11)
    there = random.random(1_000) < 0.05
    target = np.where(there, random.exponential(10, 1_000), 0.0)
    dataset = build(
        features=table(np.where(there, random.exponential(10, 1_000), 0.0)[:, None]),
        task=np.repeat(np.arange(10), 100),
        target=target[:, None],
    )
    assert of(dataset) == []


def test_a_smooth_curve_over_time_is_no_copy_of_the_time() -> None:
    time = np.linspace(0, 20, 400)
    dataset = build(features=table(time[:, None]), task=np.zeros(400, dtype=np.int64), target=np.sin(time)[:, None])
    assert of(dataset) == []


def test_only_training_rows_are_looked_at() -> None:
    dataset = clean(rows=50)
    test, noise = sealed(dataset), np.random.default_rng(12).normal(size=len(dataset))
    target = dataset.target[:, 0]
    assert found("determined_target", with_number(dataset, np.where(test, target, noise)), test) == []
    assert len(found("determined_target", with_number(dataset, np.where(test, noise, target)), test)) == 1
