"""Test rows that a column or a file names, though groups or later rows are asked for."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.alarms import Alarm
from mthn_automl.data.dataset import Keys
from mthn_automl.run.checking import check
from tests.data.alarms.guilty import clean, found

ROWS = 112


def data(**columns: Any) -> pd.DataFrame:
    """Eight tasks of fourteen rows; persons of two rows, and days that rise."""
    random, row = np.random.default_rng(0), np.arange(ROWS)
    days = np.datetime_as_string(np.datetime64("2020-01-01") + row, unit="D")
    made = {"task": [f"t{each}" for each in row // 14], "x": random.normal(size=ROWS), "when": days}
    frame = pd.DataFrame({**made, "person": [f"P{each // 2}" for each in row], **columns})
    return frame.assign(target=frame["x"] + random.normal(size=ROWS))


def crossed(given: Any, **options: Any) -> list[Alarm]:
    return [each for each in check(given, **options).alarms if each.name == "crossed_split"]


def test_rows_whose_group_is_in_training_too_are_counted() -> None:
    alternating = np.where(np.arange(ROWS) % 2 == 0, "train", "test")
    (alarm,) = crossed(data(split=alternating), split="split", group="person", ignore=["when"])
    assert alarm.evidence == {"kind": "group", "rows": 56, "groups": 56, "test_rows": 56}
    by_pairs = np.where(np.arange(ROWS) % 4 < 2, "train", "test")
    assert crossed(data(split=by_pairs), split="split", group="person", ignore=["when"]) == []


def test_rows_that_come_before_training_rows_of_their_task_are_counted() -> None:
    last = np.where(np.arange(ROWS) % 14 < 10, "train", "test")
    assert crossed(data(split=last), split="split", time="when", ignore=["person"]) == []
    first = np.where(np.arange(ROWS) % 14 < 4, "test", "train")
    (alarm,) = crossed(data(split=first), split="split", time="when", ignore=["person"])
    assert alarm.evidence == {"kind": "time", "rows": 32, "test_rows": 32}
    tasks = np.where(np.arange(ROWS) < 60, "test", "train")
    (alarm,) = crossed(data(split=tasks), split="split", time="when", ignore=["person"])
    assert alarm.evidence["rows"] == 60
    assert crossed(data(split=tasks[::-1]), split="split", time="when", ignore=["person"]) == []


@pytest.mark.parametrize(
    ("options", "rows"),
    [
        pytest.param({"group": "person", "ignore": ["when"]}, 56, id="group"),
        pytest.param({"group": "auto", "ignore": ["when", "person"]}, 0, id="rows that are all different"),
        pytest.param({"time": "when", "ignore": ["person"]}, 48, id="time"),
    ],
)
def test_a_file_of_test_rows_is_held_against_training_too(options: dict[str, Any], rows: int, tmp_path: Path) -> None:
    whole = data()
    whole[::2].to_csv(tmp_path / "train.csv", index=False)
    whole[1::2].to_csv(tmp_path / "test.csv", index=False)
    found_here = crossed(tmp_path / "train.csv", test=tmp_path / "test.csv", **options)
    assert [each.evidence["rows"] for each in found_here] == [rows] * bool(rows)


def test_a_test_file_without_the_column_says_so(tmp_path: Path) -> None:
    whole = data()
    found_here = check(whole[::2], test=whole[1::2].drop(columns="person"), group="person", ignore=["when"])
    assert any("there is no column 'person', so that nobody can tell" in note for note in found_here.notes)


@pytest.mark.parametrize("person", [True, False])
def test_rows_of_a_wide_table_are_held_against_training_by_the_groups_that_are_asked_for(person: bool) -> None:
    whole = data().assign(other=np.arange(ROWS) / 7).drop(columns=["when", "task"])
    test = whole[1::2] if person else whole[1::2].drop(columns="person")
    found_here = crossed(whole[::2], test=test, wide=True, target=["target", "other"], group="person", task="item")
    assert [each.evidence["rows"] for each in found_here] == [112] * person


def test_groups_of_metadata_and_of_equal_rows_are_those_of_training() -> None:
    whole = data().drop(columns=["when", "person"])
    region = pd.DataFrame({"task": [f"t{each}" for each in range(8)], "region": list("aabbccdd")})
    by_region = check(whole[::2], region, test=whole[1::2], group="region")
    (alarm,) = (each for each in by_region.alarms if each.name == "crossed_split")
    assert alarm.evidence["groups"] == 4
    equal = whole.assign(x=np.repeat(whole["x"][::2].to_numpy(), 2))
    (alarm,) = crossed(equal[::2], test=equal[1::2], group="auto")
    assert alarm.evidence["rows"] == 56


def test_the_column_of_times_is_no_identifier_since_the_user_has_said_what_it_is() -> None:
    for when in (data()["when"], np.arange(ROWS), pd.date_range("2020-01-01", periods=ROWS, freq="7h")):
        given = data(when=when).drop(columns="person")
        assert [each.name for each in check(given, time="when", strict=True).alarms] == []
        assert [each.columns[0][:4] for each in check(given).alarms] == ["when"]


def test_rows_without_a_time_or_a_group_of_others_are_none() -> None:
    whole, test = clean(), np.arange(144) % 2 == 0
    assert found("crossed_split", replace(whole, keys=Keys(time=np.full(144, np.nan))), test) == []
    assert found("crossed_split", replace(whole, group=np.arange(144), keys=Keys(groups_asked=True)), test) == []
    assert found("crossed_split", replace(whole, group=np.arange(144) // 2), test) == []
