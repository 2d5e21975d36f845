"""What every alarm must do, by being a file of its folder."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from shlex import split

import numpy as np
import pytest

from mthn_automl.data.alarms import alarms, names
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Column
from tests.contracts import zoo
from tests.data.alarms.guilty import GUILTY, clean, found, sealed, with_metadatum, with_number

every_alarm = pytest.mark.parametrize("name", names())

# Their target is a feature, times a number plus another.
DETERMINED = (zoo.several_targets, zoo.gaps_and_weights, zoo.one_row_tasks)


@pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)
def test_clean_data_set_off_no_alarm(animal: Callable[[], Dataset]) -> None:
    dataset = animal()
    for seed in range(3):
        given, sample = alarms(dataset, sealed(dataset, seed))
        found_here = {alarm.name for alarm in given}
        assert found_here <= ({"determined_target"} if animal in DETERMINED else set())
        assert found_here or animal not in DETERMINED or np.isnan(dataset.target).any()  # gaps may leave too few rows
        assert sample == ""


@pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)
def test_no_test_rows_or_only_test_rows_are_borne(animal: Callable[[], Dataset]) -> None:
    dataset = animal()
    for test in (np.zeros(len(dataset), dtype=bool), np.ones(len(dataset), dtype=bool)):
        alarms(dataset, test)
    alarms(dataset.take(np.arange(0)), np.zeros(0, dtype=bool))
    alarms(dataset.take(np.arange(1)), np.zeros(1, dtype=bool))
    unknown = np.full_like(dataset.target, np.nan)
    assert "metadata_statistic" not in {
        alarm.name for alarm in alarms(replace(dataset, target=unknown), sealed(dataset))[0]
    }


@every_alarm
def test_an_alarm_is_set_off_by_what_is_planted_and_says_so(name: str) -> None:
    dataset, test = GUILTY[name]()
    given = found(name, dataset, test)
    assert len(given) == 1
    alarm = given[0]
    assert alarm.name == name
    for text in (alarm.sentence, alarm.advice):
        assert text.endswith(".")
        assert "nan" not in text
    assert [column for column in alarm.columns if f"'{column}'" not in alarm.sentence] == []
    assert json.loads(json.dumps(dict(alarm.evidence), allow_nan=False)) == dict(alarm.evidence)
    assert {type(value) for value in alarm.evidence.values()} <= {int, float, str}


@every_alarm
def test_options_in_an_advice_name_columns_of_the_input_as_a_shell_takes_them(name: str) -> None:
    dataset, test = GUILTY[name]()

    def dated(columns: Sequence[Column]) -> tuple[Column, ...]:
        return tuple(replace(each, name=f"{each.name} (days)", source=f"day of {each.name}") for each in columns)

    schema = dataset.schema
    targets = tuple(f"the {target}" for target in schema.targets)
    features, metadata = dated(schema.features), dated(schema.metadata)
    dataset = replace(dataset, schema=replace(schema, targets=targets, features=features, metadata=metadata))
    options = re.findall("`(--.*?)`", found(name, dataset, test)[0].advice)
    given = {*targets, *(column.read_from for column in (*features, *metadata)), "auto"}
    assert [option for option in options if len(split(option)) != 2 or split(option)[1] not in given] == []


@every_alarm
def test_the_same_data_give_the_same_alarms_in_any_order_of_rows(name: str) -> None:
    dataset, test = GUILTY[name]()
    first = alarms(dataset, test)
    assert name in {alarm.name for alarm in first[0]}
    order = np.random.default_rng(1).permutation(len(dataset))
    assert alarms(dataset, test) == first
    assert alarms(dataset.take(order), test[order]) == first


@every_alarm
def test_an_alarm_changes_nothing_of_the_data(name: str) -> None:
    dataset, test = GUILTY[name]()
    for array in (dataset.features.numeric, dataset.features.codes, dataset.task, dataset.target, dataset.row, test):
        array.flags.writeable = False
    found(name, dataset, test)


def test_of_many_rows_a_sample_is_looked_at_and_said() -> None:
    dataset = clean(tasks=10, rows=200)
    dataset = with_number(dataset, dataset.target[:, 0] ** 3)
    given, sample = alarms(dataset, sealed(dataset), most_rows=500, seed=3)
    assert sample == ("500 of 2,000 rows, drawn at random (seed 3), for determined_target and shift; else all rows")
    assert [alarm.name for alarm in given] == ["determined_target"]
    assert given[0].evidence["training_rows"] <= 500
    assert alarms(dataset, sealed(dataset), most_rows=2_000)[1] == ""


def test_copies_are_found_among_all_rows_where_others_look_at_a_sample() -> None:
    dataset, test = GUILTY["copied_test_rows"]()
    given, _ = alarms(dataset, test, most_rows=20)
    assert "copied_test_rows" in {alarm.name for alarm in given}


def test_of_very_many_rows_whole_tasks_are_compared() -> None:
    dataset = clean(tasks=40, rows=40)
    means = np.array([dataset.target[dataset.task == task].mean() for task in range(40)])
    dataset = with_metadatum(dataset, means)
    given, sample = alarms(dataset, sealed(dataset), most_rows=10)
    assert sample.endswith("; else 480 rows, in whole tasks")
    assert [(alarm.name, alarm.evidence["tasks"]) for alarm in given] == [("metadata_statistic", 12)]
    assert alarms(clean(tasks=1, rows=600), np.zeros(600, dtype=bool), most_rows=10)[1].endswith(
        "; else 500 rows, in whole tasks"
    )
