"""What test rows alone show of a target cannot be learnt, and is said before any time is spent."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError
from mthn_automl.run.checking import check

ROWS = 48
TEST = np.arange(ROWS) % 4 == 0


def frame(**targets: Any) -> pd.DataFrame:
    """Every fourth row is a test row."""
    random = np.random.default_rng(0)
    rows = {"task": np.repeat(list("abcd"), ROWS // 4), "x": random.normal(size=ROWS)}
    return pd.DataFrame({**rows, "part": np.where(TEST, "test", "train"), **targets})


NUMBERS = np.random.default_rng(1).normal(size=ROWS)
REFUSED = {
    "no training row has one of two targets": (
        {"target_a": NUMBERS, "target b": np.where(TEST, NUMBERS, np.nan)},
        {"target": ("target_a", "target b")},
        "no training row has one in 'target b'; hold out other rows or leave it out: --target target_a.",
    ),
    "a target varies in test rows alone": (
        {"target": np.where(TEST, NUMBERS, 1.0)},
        {},
        "'target' is 1 in every training row; hold out other rows.",
    ),
    "one class is left for training": (
        {"target": np.where(TEST, "b", "a")},
        {},
        "'target' is 'a' in every training row; hold out other rows.",
    ),
}


@pytest.mark.parametrize(("targets", "asked", "said"), REFUSED.values(), ids=REFUSED)
def test_a_target_that_training_rows_show_nothing_of_is_refused(
    targets: dict[str, Any], asked: dict[str, Any], said: str
) -> None:
    with pytest.raises(DataError, match=re.escape(said)):
        check(frame(**targets), split="part", **asked)


@pytest.mark.parametrize(
    ("count", "said"),
    [(2, "leave it out: --target target0"), (8, "fill it in or name the 7 others by --target, each by one of its own")],
)
def test_how_to_leave_out_an_empty_one_of_several_targets_is_said(count: int, said: str) -> None:
    targets = {f"target{number}": NUMBERS for number in range(count - 1)}
    with pytest.raises(DataError, match=re.escape(said)):
        read_dataset(frame(**targets, target_last=np.nan))


def test_a_class_that_test_rows_alone_have_is_an_alarm_with_what_it_costs() -> None:
    target = np.where(np.arange(ROWS) % 2 == 0, "a", "b")
    target[[0, 4, 8]] = "c"
    (alarm,) = check(frame(target=target), split="part").alarms
    assert alarm.name == "unlearnt_class"
    assert "3 of 12 test rows (25 %) are of a class of 'target' that no training row has, 'c'" in alarm.sentence
    assert "the test accuracy is 75 % at most" in alarm.sentence
    with pytest.raises(DataError, match="--strict allows no alarm"):
        check(frame(target=target), split="part", strict=True)


def test_a_class_that_is_drawn_for_the_test_is_in_training_too() -> None:
    target = np.where(np.arange(ROWS) % 2 == 0, "a", "b")
    target[[0, 4]] = "c"
    assert [each.name for each in check(frame(target=target)).alarms] == []
