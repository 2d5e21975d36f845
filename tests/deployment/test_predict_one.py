"""One row alone is predicted as the DataFrame that holds nothing else."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.deployment import predictor as module
from mthn_automl.errors import DataError
from tests.contracts import zoo
from tests.deployment.few import Animal, array, every_animal, every_architecture, frame, predictor

CASES = {
    "a known task": {},
    "a task never seen": {"task": "never seen"},
    "a task of which the metadata are known": {"task": "described"},
    "a missing number": {"x0": np.nan},
    "None for a number": {"x0": None},
    "pandas' missing number": {"x1": pd.NA},
    "a whole number": {"x1": 3},
    "a number of numpy": {"x1": np.float32(0.5)},
    "a number far away": {"x1": 1e30},
    "a column more": {"more": "ignored"},
}
every_case = pytest.mark.parametrize("change", CASES.values(), ids=CASES.keys())


def row_of(animal: Animal, number: int = 5) -> dict[str, Any]:
    return frame(animal).iloc[number].to_dict()


def as_a_table(name: str, animal: Animal, row: dict[str, Any]) -> dict[str, Any]:
    """What `predict` says of the row."""
    table = predictor(name, animal).predict(pd.DataFrame([row]))
    return table.drop(columns=["row", "task"]).iloc[0].to_dict()


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    assert list(found) == list(expected)
    for key, value in expected.items():
        assert found[key] == (value if isinstance(value, str) else pytest.approx(value, rel=1e-5, abs=1e-6)), key
        assert type(found[key]) in (float, str)


@every_case
@every_animal
@every_architecture
def test_one_row_gives_what_a_dataframe_of_it_gives(name: str, animal: Animal, change: dict[str, Any]) -> None:
    row = {**row_of(animal), **change}
    assert_same(predictor(name, animal).predict_one(row), as_a_table(name, animal, row))


@pytest.mark.parametrize("word", ["level 1", "never seen", None, np.nan])
@every_architecture
def test_a_category_gives_what_a_dataframe_of_it_gives(name: str, word: object) -> None:
    row = {**row_of(zoo.missing_values), "xc0": word}
    assert_same(predictor(name, zoo.missing_values).predict_one(row), as_a_table(name, zoo.missing_values, row))


@every_architecture
def test_what_is_not_there_is_missing(name: str) -> None:
    model, row = predictor(name, zoo.missing_values), row_of(zoo.missing_values)
    expected = model.predict_one({**row, "x1": None, "xc0": None})
    del row["x1"], row["xc0"]
    assert model.predict_one(row) == expected
    assert model.predict_one({**row, "x1": "", "xc0": ""}) == expected


def test_text_that_is_a_number_is_one() -> None:
    model, row = predictor("hypernetwork", zoo.planted), row_of(zoo.planted)
    assert model.predict_one({name: str(value) for name, value in row.items()}) == model.predict_one(row)


@every_animal
@every_architecture
def test_an_array_and_a_task_give_the_same_as_a_mapping(name: str, animal: Animal) -> None:
    model, row = predictor(name, animal), row_of(animal)
    assert model.predict_one(array(animal)[5], task=row["task"]) == model.predict_one(row)


def test_the_task_may_stand_beside_the_row() -> None:
    model, row = predictor("hypernetwork", zoo.planted), row_of(zoo.planted)
    expected = model.predict_one({**row, "task": "task 9"})
    assert model.predict_one(row, task="task 9") == expected
    del row["task"]
    assert model.predict_one(row, task="task 9") == expected


def test_a_task_named_by_a_number_is_found_by_it() -> None:
    def numbered() -> zoo.Dataset:
        return zoo.replace(zoo.planted(), tasks=zoo.TaskTable(tuple(map(str, range(12))), zoo.planted().tasks.metadata))

    model, row = predictor("hypernetwork", numbered), row_of(numbered)
    expected = model.predict_one({**row, "task": "7"})
    assert [model.predict_one({**row, "task": task}) for task in (7, 7.0, np.int64(7))] == [expected] * 3
    assert model.predict_one({**row, "task": "8"}) != expected


@every_architecture
def test_rows_of_many_tasks_in_turn_are_not_confused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 0)
    model, rows = predictor(name, zoo.binary), frame(zoo.binary)
    expected = model.predict(rows)["probability_yes"]
    found = [model.predict_one(rows.iloc[number].to_dict())["probability_yes"] for number in range(0, len(rows), 4)]
    np.testing.assert_allclose(found, expected[::4], rtol=1e-5)
    assert len(model._cached) <= 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"task": None}, "Every row must name its task"),
        ({"task": np.nan}, "Every row must name its task"),
        ({"x0": "many"}, "Column 'x0' must hold finite numbers, however the row says 'many'"),
        ({"x0": np.inf}, "Column 'x0' .* says 'inf'"),
        ({"x0": [1.0]}, "Column 'x0' .* says '\\[1.0\\]'"),
    ],
    ids=["no task", "NaN for a task", "text", "infinite", "a list"],
)
@pytest.mark.parametrize("name", ["hypernetwork", "ridge"])
def test_a_row_that_cannot_be_right_is_refused_with_a_sentence(name: str, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        predictor(name, zoo.planted).predict_one({**row_of(zoo.planted), **change})


def test_an_array_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match="must have 2 columns, 'x0', 'x1', however"):
        predictor("hypernetwork", zoo.planted).predict_one([1.0], task="task 1")


def test_a_series_is_read_by_its_names_in_any_order() -> None:
    row = frame(zoo.planted).iloc[5]
    expected = predictor("ridge", zoo.planted).predict_one(row.to_dict())
    assert predictor("ridge", zoo.planted).predict_one(row[::-1]) == expected


@pytest.mark.parametrize("task", [["task 1"], {}, np.array(["task 1"]), b"task 1"])
def test_what_is_no_name_of_a_task_is_refused(task: object) -> None:
    with pytest.raises(DataError, match="A task must be given by its name, however there is"):
        predictor("ridge", zoo.planted).predict_one({**row_of(zoo.planted), "task": task})


@pytest.mark.parametrize("row", [[1.0, [2.0]], [10**400, 1.0], ["a", 1.0]])
def test_an_array_that_holds_no_numbers_is_refused(row: Any) -> None:
    with pytest.raises(DataError, match="An array of features must hold numbers"):
        predictor("ridge", zoo.planted).predict_one(row, "task 1")


def test_a_number_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(DataError, match="Column 'x0' must hold finite numbers"):
        predictor("ridge", zoo.planted).predict_one({**row_of(zoo.planted), "x0": 10**400})
