"""`check`: data on one screen, and as JSON, before any time is spent."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.account import ColumnAccount
from mthn_automl.data.alarms.parts.alarm import Alarm
from mthn_automl.data.description import Bin, Description, Sizes
from mthn_automl.data.problems import planted
from tests.command import Ended, in_process


def written(folder: Path, **columns: Any) -> None:
    """Data and metadata of twelve tasks of twelve rows, with what is given besides."""
    data, meta = planted(tasks=12, rows=12)
    data.assign(**{name: each(data) for name, each in columns.items()}).to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)


def checked(folder: Path, *words: object) -> Ended:
    return in_process(folder, "check", "data.csv", "--meta", "meta.csv", *words)


def leak(data: pd.DataFrame) -> pd.Series:
    return 3 * data["target"]


def names_of(kind: Any) -> list[str]:
    return [each.name for each in fields(kind)]


def test_the_screen_has_each_column_with_role_reading_gaps_and_example(tmp_path: Path) -> None:
    written(
        tmp_path,
        price=lambda data: [f"${1000 + 7919 * k % 977:,}" for k in range(len(data))],
        word=lambda data: ["a", "b"] * 72,
    )
    ended = checked(tmp_path, "--ignore", "word")
    assert (ended.code, ended.err) == (0, "")
    assert "144 rows of 12 tasks; regression on 'target', by rmse; 24 rows would be test rows." in ended.out
    assert "12 to 12 rows a task" in ended.out
    lines = {line.split()[0]: line.split()[1] for line in ended.out.splitlines() if len(line.split()) > 2}
    roles = {
        "task": "task",
        "x1": "feature",
        "target": "target",
        "word": "ignored",
        "m1": "metadata",
        "price": "feature",
    }
    assert roles.items() <= lines.items()
    assert "Alarms" not in ended.out


def test_the_json_has_the_documented_keys(tmp_path: Path) -> None:
    written(tmp_path, leak=leak)
    found = json.loads(checked(tmp_path, "--json").out)
    for kind, each in (
        (Description, found),
        (Sizes, found["sizes"]),
        (Bin, found["sizes"]["histogram"][0]),
        (ColumnAccount, found["columns"][0]),
        (Alarm, found["alarms"][0]),
    ):
        assert list(each) == names_of(kind)


def test_an_alarm_is_shown_with_its_advice_and_strict_makes_it_an_error(tmp_path: Path) -> None:
    written(tmp_path, leak=leak)
    ended = checked(tmp_path)
    assert ended.code == 0
    assert "Alarms:\n- 'leak' determines the target 'target'" in ended.out
    strict = checked(tmp_path, "--strict")
    assert (strict.code, strict.out) == (3, ended.out)
    assert "--strict allows no alarm, however there is one: 'leak' determines" in strict.err
    search = in_process(tmp_path, "search", "data.csv", "--meta", "meta.csv", "--strict", "--runner", "local")
    assert (search.code, search.out) == (3, "")
    assert search.err == strict.err
    assert not (tmp_path / "mthn_runs").exists()
    assert checked(tmp_path, "--strict", "--ignore", "leak").code == 0


def test_rows_of_a_test_file_are_compared_with_the_data(tmp_path: Path) -> None:
    written(tmp_path)
    data = pd.read_csv(tmp_path / "data.csv")
    data.iloc[np.arange(0, 144, 5)].to_csv(tmp_path / "test.csv", index=False)
    ended = checked(tmp_path, "--test", "test.csv", "--json")
    assert [each["name"] for each in json.loads(ended.out)["alarms"]] == ["copied_test_rows"]


def test_what_is_asked_is_asked_once(tmp_path: Path) -> None:
    written(tmp_path, x1=lambda data: data["x1"].where(np.arange(len(data)) % 5 > 0, -999.0))
    assert checked(tmp_path).out.count("--missing=-999 says so") == 1
    assert "far from all others" not in checked(tmp_path, "--missing", "-999").out


@pytest.mark.parametrize(
    "words", [["--problem", "regresion"], ["--categorical", "x9"], ["--metric", "accuracy", "--problem", "regression"]]
)
def test_what_search_refuses_is_refused(tmp_path: Path, words: list[str]) -> None:
    written(tmp_path)
    ended = checked(tmp_path, *words)
    searched = in_process(tmp_path, "search", "data.csv", "--meta", "meta.csv", *words)
    assert (ended.code, ended.out, ended.err) == (2, "", searched.err)
