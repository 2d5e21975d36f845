"""The same persons in several tasks are found; rows that are equal because there are few values are not."""

from dataclasses import replace
from itertools import product

import numpy as np

from mthn_automl.data.dataset import Dataset
from tests.contracts.zoo import build, table
from tests.data.alarms.guilty import clean, found, persons, with_category


def of(dataset: Dataset) -> list[tuple[object, object, object]]:
    return [
        (alarm.evidence["groups"], alarm.evidence["rows"], alarm.evidence["tasks"])
        for alarm in found("shared_rows", dataset)
    ]


def test_persons_who_answer_in_each_task_are_found_by_what_describes_them_or_by_their_name() -> None:
    people = persons(tasks=6, people=40)
    assert of(people) == [(40, 240, 6)]
    (alarm,) = found("shared_rows", people)
    assert "40 groups of rows" in alarm.sentence
    assert "--group auto" in alarm.advice
    few = replace(
        people,
        schema=replace(people.schema, features=people.schema.features[2:]),
        features=table(people.features.numeric[:, 2:]),
    )
    assert of(few) == []
    assert of(with_category(few, np.tile(np.arange(40), 6))) == [(40, 240, 6)]


def test_some_persons_are_enough() -> None:
    dataset = clean(tasks=5, rows=100)
    features = dataset.features.numeric.copy()
    features[100:110], features[250:260] = features[:10], features[:10]
    assert of(replace(dataset, features=table(features))) == [(10, 30, 3)]


def test_tasks_of_one_row_each_are_compared_too() -> None:
    random = np.random.default_rng(0)
    who = random.normal(size=(20, 3))
    dataset = build(features=table(np.tile(who, (4, 1))), task=np.arange(80), target=random.normal(size=(80, 1)))
    assert of(dataset) == [(20, 80, 80)]


def test_a_design_that_is_done_in_each_task_is_none() -> None:
    levels = np.array(list(product(range(3), range(2), range(2))), dtype=float)
    random = np.random.default_rng(1)
    for rows in (levels, np.tile(levels, (3, 1)), np.delete(levels, [2, 7], axis=0)):
        task = np.repeat(np.arange(30), len(rows))
        dataset = build(features=table(np.tile(rows, (30, 1))), task=task, target=random.normal(size=(len(task), 1)))
        assert of(dataset) == []


def test_few_values_that_depend_on_each_other_are_none() -> None:
    """Nine answers of few values, all of which follow one trait, as those of a household do."""
    for seed in range(5):
        random = np.random.default_rng(seed)
        task, trait = np.repeat(np.arange(80), 25), random.normal(size=(2_000, 1))
        trait += random.normal(size=(80, 1))[task]
        answers = np.digitize(trait + 0.7 * random.normal(size=(2_000, 9)), [-0.7, 0.7]).astype(float)
        assert of(build(features=table(answers), task=task, target=random.normal(size=(2_000, 1)))) == []


def test_rows_of_which_most_is_missing_are_nobody() -> None:
    dataset, random = clean(tasks=10, rows=30, features=3), np.random.default_rng(3)
    features = np.column_stack([np.tile(np.arange(30.0), 10), dataset.features.numeric[:, 1:]])
    features[random.random(300) < 0.3, 1:] = np.nan
    assert of(replace(dataset, features=table(features))) == []


def test_the_same_times_in_each_task_are_none() -> None:
    random = np.random.default_rng(2)
    task, time = np.repeat(np.arange(16), 11), np.tile(np.arange(0.0, 77.0, 7.0), 16)
    dataset = build(features=table(time[:, None]), task=task, target=random.normal(size=(176, 1)))
    assert of(dataset) == []
