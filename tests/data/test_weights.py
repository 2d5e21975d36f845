"""Targets with gaps and rows that do not count alike, as they are read."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.new_rows import read_rows
from mthn_automl.data.problems import with_gaps
from mthn_automl.data.read import read_dataset
from mthn_automl.errors import DataError, MthnError


def frame(**columns: Any) -> pd.DataFrame:
    """12 rows of 3 tasks, with two targets and a weight, some columns replaced."""
    number = np.arange(12)
    made = {"task": [f"t{k % 3}" for k in number], "x": number / 7, "target1": number / 3.0, "target2": number**2 / 9}
    return pd.DataFrame({**made, "w": 1.0 + number % 4, **columns})


def noted(dataset: Dataset, text: str) -> bool:
    return any(text in note for note in dataset.notes)


def assert_same(one: Dataset, other: Dataset) -> None:
    """But for where the rows stood, and what was said of others."""
    kept = [
        {**asdict(each), "row": None, "notes": None, "account": None, "schema": str(each.schema)}
        for each in (one, other)
    ]
    np.testing.assert_equal(kept[0], kept[1])


def test_a_row_stays_that_has_one_of_several_targets() -> None:
    """The case of the issue: 126 of 144 rows were dropped."""
    data, missing = with_gaps(tasks=12, rows=12, missing=(0.0, 0.6, 0.6))
    dataset = read_dataset(data)
    assert len(dataset) == 144
    np.testing.assert_array_equal(np.isnan(dataset.target), missing)
    counts = missing.sum(axis=0)
    assert noted(dataset, f"some targets are missing, 'target2' in {counts[1]}, 'target3' in {counts[2]}: a row trains")


def test_a_row_goes_that_misses_all_targets() -> None:
    dataset = read_dataset(frame(target1=[None, None, *range(10)], target2=[None, 1.0, *range(9), None]))
    assert noted(dataset, "1 row dropped because all targets are missing")
    assert dataset.row.tolist() == list(range(1, 12))
    assert np.isnan(dataset.target).sum(axis=0).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("target2", "message"),
    [
        ([None] * 12, "Some rows must have each target, however no row of the data has one in 'target2'"),
        ([5.0, None, 5.0, *[None] * 9], "'target2' is 5 in every row of the data that has it"),
        (["x", None, *"1" * 10], "Column 'target2' must hold numbers, however row 0 of the data says 'x'"),
        ([None, "x", *"1" * 10], "Column 'target2' must hold numbers, however row 1 of the data says 'x'"),
    ],
)
def test_a_target_with_gaps_must_hold_numbers_that_vary(target2: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_dataset(frame(target2=target2))


def test_weights_are_no_feature_and_are_said() -> None:
    dataset = read_dataset(frame(), weight="w")
    assert [each.name for each in dataset.schema.features] == ["x"]
    assert dataset.schema.weight == "w"
    assert dataset.weight is not None
    assert dataset.weight.tolist() == [1.0, 2.0, 3.0, 4.0] * 3
    assert dataset.take(np.array([3, 0])).weight.tolist() == [4.0, 1.0]  # type: ignore[union-attr]
    assert {each.name: each.role for each in dataset.account}["w"] == "weight"
    assert noted(
        dataset, "Rows count as 'w' says, from 1 to 4, in training and in every error; 12 rows so weighted tell"
    )
    assert noted(dataset, "about as much as 10 that count alike")
    assert read_dataset(frame()).weight is None


def test_a_column_that_looks_like_a_target_may_be_the_weight() -> None:
    dataset = read_dataset(frame(target3=2.0 + np.arange(12)), weight="target3")
    assert dataset.schema.targets == ("target1", "target2")


def test_rows_of_weight_zero_are_as_if_they_were_not_there() -> None:
    """Whatever they hold: another category, another task, a number beyond all others."""
    strange = frame(x=[1e9, *np.arange(11) / 7], task=["other", *(f"t{k % 3}" for k in range(11))])
    strange["word"] = ["rare", *"ababababab", "a"]
    strange["w"] = [0.0, *([2.0, 1.0] * 5), 3.0]
    dataset = read_dataset(strange, weight="w")
    assert noted(dataset, "1 row left out because the weight is 0")
    assert_same(dataset, read_dataset(strange.iloc[1:], weight="w"))


@pytest.mark.parametrize(
    ("columns", "weight", "message"),
    [
        ({"w": [-1.0, *[1.0] * 11]}, "w", "Weights must be numbers, zero or above, however row 0 of the data says -1"),
        ({"w": [1.0, None, *[1.0] * 10]}, "w", "however row 1 of the data has none in 'w'; a weight of 0 leaves"),
        ({"w": ["x", *"1" * 11]}, "w", "Column 'w' must hold numbers, however row 0 of the data says 'x'"),
        ({"w": 0.0}, "w", "Some rows must count, however 'w' is 0 in every row"),
        ({}, "task", "The weight must be a column of its own, however 'task' is the task or a target"),
        ({}, "v", "--weight must name a column, however there is no 'v'"),
    ],
)
def test_weights_that_cannot_be_are_refused(columns: dict[str, Any], weight: str, message: str) -> None:
    with pytest.raises(MthnError, match=message):
        read_dataset(frame(**columns), weight=weight)


def test_test_rows_are_weighted_and_have_gaps_too_and_rows_to_predict_need_neither() -> None:
    trained = read_dataset(frame(), weight="w")
    known = {"schema": trained.schema, "tasks": trained.tasks, "spare": trained.spare}
    tested = read_rows(frame(target2=[None, *range(11)], w=[1, 0, *[3] * 10]), **known, need_target=True)
    assert tested.weight is not None
    assert tested.weight.tolist() == [1.0, *[3.0] * 10]
    assert np.isnan(tested.target[0, 1])
    with pytest.raises(DataError, match="must have a column 'w' that says what each row counts"):
        read_rows(frame().drop(columns="w"), **known, need_target=True)
    assert read_rows(frame()[["task", "x"]], **known, need_target=False).weight is None
