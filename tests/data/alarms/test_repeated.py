"""One task under two names, one target under two names; answers and targets that are merely alike are neither."""

from dataclasses import replace
from itertools import product

import numpy as np

from mthn_automl.data.dataset import Dataset
from tests.contracts.zoo import build, table
from tests.data.alarms.guilty import GUILTY, clean, found


def tasks_of(dataset: Dataset) -> list[tuple[object, object]]:
    return [(alarm.evidence["tasks"], alarm.evidence["groups"]) for alarm in found("repeated_task", dataset)]


def pairs_of(dataset: Dataset) -> list[tuple[str, ...]]:
    return [alarm.columns for alarm in found("repeated_target", dataset)]


def test_a_task_under_two_names_is_found_and_both_are_said() -> None:
    dataset, test = GUILTY["repeated_task"]()
    (alarm,) = found("repeated_task", dataset, test)
    assert "'task 0', 'task 1'" in alarm.sentence
    assert (alarm.evidence["tasks"], alarm.evidence["rows"]) == (2, 24)


def test_two_small_tasks_are_enough() -> None:
    dataset = clean(tasks=2, rows=8)
    half = np.tile(np.arange(8), 2)
    twice = replace(dataset, features=dataset.features.take(half), target=dataset.target[half])
    assert tasks_of(twice) == [(2, 1)]


def test_a_row_more_or_another_target_makes_another_task() -> None:
    dataset, _ = GUILTY["repeated_task"]()
    assert tasks_of(dataset.take(np.arange(1, len(dataset)))) == []
    dataset.target[0] += 1
    assert tasks_of(dataset) == []


def test_people_who_give_the_same_answers_are_not_one() -> None:
    """The same questions to each of 300, of whom many say yes or no to all or nearly all."""
    questions = np.array(list(product(range(3), range(2), range(2))), dtype=float)
    for seed in range(5):
        random = np.random.default_rng(seed)
        task = np.repeat(np.arange(300), 12)
        inclined = 1 / (1 + np.exp(-3 * random.normal(size=300)))
        target = (random.random(len(task)) < inclined[task]).astype(float)
        dataset = build(features=table(np.tile(questions, (300, 1))), task=task, target=target[:, None])
        assert tasks_of(dataset) == []


def test_targets_that_are_one_column_are_found() -> None:
    dataset = clean(targets=3)
    for other in (lambda first: first, lambda first: 32 + 1.8 * first):
        target = dataset.target.copy()
        target[:, 2] = other(target[:, 0])
        target[::5, 2] = np.nan
        assert pairs_of(replace(dataset, target=target)) == [("target0", "target2")]


def test_targets_that_are_merely_alike_are_two() -> None:
    dataset = clean(targets=2)
    target = dataset.target.copy()
    target[:, 1] = target[:, 0] + 1e-6 * target[:, 1]
    assert pairs_of(replace(dataset, target=target)) == []
    assert pairs_of(replace(dataset, target=np.full_like(target, 3.0))) == []
