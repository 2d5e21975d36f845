"""Rows as arrays and one row alone are predicted as the DataFrame that says the same."""

import sys
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl.data.dataset import TaskTable
from mthn_automl.deployment import predictor as module
from mthn_automl.errors import DataError
from tests.contracts import zoo
from tests.contracts.settings import suits
from tests.deployment.few import ANIMALS, ENSEMBLES, Animal, array, every_model, few_models, frame, predictor

TASK = np.zeros(40, dtype=np.int64)
PLANTED, GAPPY = array(zoo.planted), array(zoo.missing_values)


def row_of(animal: Animal, index: int = 5) -> dict[str, Any]:
    return frame(animal).iloc[index].to_dict()


def some_tasks(animal: Animal) -> list[str]:
    """Known ones out of order, one of which only the metadata are known, and two never seen."""
    names = ["described", "never seen", "nor this", *animal().tasks.names]
    return [names[number % len(names)] for number in (0, 1, *np.random.default_rng(0).integers(0, 99, len(animal())))]


@every_model
def test_rows_in_any_form_give_what_a_dataframe_of_them_gives(name: str) -> None:
    for animal in (each for each in ANIMALS if name in ENSEMBLES or suits(name, each)):
        model, given, tasks = predictor(name, animal), array(animal), some_tasks(animal)[: len(animal())]
        table = model.predict(frame(animal).assign(task=tasks)).drop(columns=["row", "task"])
        expected = (table.drop(columns="prediction") if model.schema.classes else table).to_numpy()
        scale = np.abs(expected).max(axis=0)
        exposure = animal().exposure
        found = model.predict_arrays(given, np.array(tasks), exposure)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-6, atol=1e-6)
        assert model.predict_arrays(given[:0], np.array([], dtype=str), []).shape == (0, model.schema.outputs)
        for index in range(4):
            one = model.predict_one({**row_of(animal, index), "task": tasks[index]})
            assert list(one) == list(table.columns)
            assert {type(value) for value in one.values()} <= {float, str}
            numbers = [value for value in one.values() if isinstance(value, float)]
            np.testing.assert_allclose(numbers / scale, expected[index] / scale, rtol=1e-5, atol=1e-6)
            classes = [value for value in table.iloc[index] if isinstance(value, str)]
            assert [value for value in one.values() if isinstance(value, str)] == classes
            beside = None if exposure is None else exposure[index]
            assert model.predict_one(given[index], task=tasks[index], exposure=beside) == one
            alone = model.predict(frame(animal).assign(task=tasks).iloc[[index]])[list(one)]
            same_row = table.iloc[[index]].set_axis(alone.index)
            pd.testing.assert_frame_equal(alone, same_row, rtol=1e-5, atol=1e-6 * scale.max())


@few_models
def test_a_count_is_predicted_in_proportion_to_its_exposure_which_must_be_given(name: str) -> None:
    model, row = predictor(name, zoo.counts), row_of(zoo.counts)
    once, twice = (model.predict_one({**row, "exposure": factor * row["exposure"]}) for factor in (1, 2))
    assert twice["prediction"] == pytest.approx(2 * once["prediction"], rel=1e-6)
    given, tasks = array(zoo.counts)[:2], ["task 0", "task 1"]
    for wrong, said in (
        (None, "in proportion to 'exposure', however no exposure is given"),
        ([1.0, 0.0], "a finite number above 0 in every row"),
        ([1.0], "one exposure a row"),
        (["many", 1.0], "must be a number above 0"),
    ):
        with pytest.raises(DataError, match=said):
            model.predict_arrays(given, tasks, wrong)
    with pytest.raises(DataError, match="no exposure is given"):
        model.predict_one({**row, "exposure": None})
    table = frame(zoo.counts)
    with pytest.raises(DataError, match="must have a column 'exposure'"):
        model.predict(table.drop(columns="exposure"))
    with pytest.raises(DataError, match="'exposure' is -1 in row 0"):
        model.predict(table.assign(exposure=-1.0))


CELLS: dict[str, dict[str, Any]] = {
    "a missing number": {"x0": np.nan},
    "None for a number": {"x0": None},
    "an empty text": {"x0": ""},
    "pandas' missing number": {"x1": pd.NA},
    "a whole number": {"x1": 3},
    "a number of numpy": {"x1": np.float32(0.5)},
    "a number as text": {"x1": "0.5"},
    "a number far away": {"x1": 1e30},
    "a column more": {"more": "ignored"},
    "a category": {"xc0": "level 1"},
    "a category never seen": {"xc0": "never seen"},
    "None for a category": {"xc0": None},
    "NaN for a category": {"xc0": np.nan},
}


@few_models
def test_a_cell_means_in_one_row_what_it_means_in_a_dataframe(name: str) -> None:
    model = predictor(name, zoo.missing_values)
    for case, change in CELLS.items():
        row = {**row_of(zoo.missing_values), **change}
        as_read = {key: None if isinstance(value, str) and value == "" else value for key, value in row.items()}
        expected = model.predict(pd.DataFrame([as_read]))
        assert model.predict_one(row)["prediction"] == pytest.approx(expected["prediction"][0], rel=1e-5), case


@few_models
def test_what_is_not_there_is_missing(name: str) -> None:
    model, row = predictor(name, zoo.missing_values), row_of(zoo.missing_values)
    expected = model.predict_one({**row, "x1": None, "xc0": None})
    assert model.predict_one({key: value for key, value in row.items() if key not in ("x1", "xc0")}) == expected
    given = GAPPY[:2].copy()
    given[:, -1] = -1
    as_minus_one = model.predict_arrays(given, ["task 0", "task 1"])
    given[:, -1] = np.nan
    np.testing.assert_allclose(model.predict_arrays(given, ["task 0", "task 1"]), as_minus_one, rtol=1e-6)


def test_columns_are_taken_by_their_names() -> None:
    model, rows = predictor("ridge", zoo.planted), frame(zoo.planted)
    assert predictor("ridge", zoo.missing_values).columns == ("x0", "x1", "x2", "x3", "xc0")
    assert model.predict_one(rows.iloc[5][::-1]) == model.predict_one(rows.iloc[5].to_dict())
    expected = model.predict_arrays(PLANTED, rows["task"])
    np.testing.assert_array_equal(model.predict_arrays(rows[["x1", "x0"]], rows["task"]), expected)
    with pytest.raises(DataError, match="it has no 'x1'; add them"):
        model.predict_arrays(rows[["x0"]], rows["task"])


def test_lists_single_precision_text_and_a_task_beside_the_row_will_do() -> None:
    model, gappy = predictor("hypernetwork", zoo.planted), predictor("hypernetwork", zoo.missing_values)
    expected = model.predict_arrays(PLANTED[:2], ["task 0", "task 5"])
    assert model.predict_arrays(PLANTED[:2].tolist(), ["task 0", "task 5"]) == pytest.approx(expected)
    single = model.predict_arrays(PLANTED[:2].astype(np.float32), np.array([0, 5], dtype=np.int8))
    assert single == pytest.approx(expected, rel=1e-4)
    np.testing.assert_array_equal(gappy.predict_arrays(GAPPY.astype(str), TASK), gappy.predict_arrays(GAPPY, TASK))
    row = row_of(zoo.planted)
    beside = [model.predict_one(given, task="task 9") for given in (row, {"x0": row["x0"], "x1": row["x1"]})]
    assert beside == [model.predict_one({**row, "task": "task 9"})] * 2


@few_models
def test_indices_of_tasks_are_those_of_their_names_and_minus_one_a_task_never_seen(name: str) -> None:
    model, indices = predictor(name, zoo.planted), np.arange(len(PLANTED)) * 7 % 13 - 1
    names = [*model.tasks.names, "never seen"]
    expected = model.predict_arrays(PLANTED, [names[index] for index in indices])
    np.testing.assert_allclose(model.predict_arrays(PLANTED, indices), expected, rtol=1e-6)


def named_by_years() -> zoo.Dataset:
    """Names of tasks are numbers, in falling order."""
    names = tuple(str(2011 - number) for number in range(12))
    return zoo.replace(zoo.planted(), tasks=TaskTable(names, zoo.planted().tasks.metadata))


def test_whole_numbers_are_names_where_tasks_are_named_so() -> None:
    model = predictor("hypernetwork", named_by_years)
    expected = model.predict_arrays(PLANTED[:3], ["2003", "2011", "1999"])
    for kind in (np.int64, np.float64, object, str):
        tasks = np.array([2003, 2011, 1999]).astype(kind)
        found = model.predict_arrays(PLANTED[:3], tasks)
        np.testing.assert_allclose(found, expected, rtol=1e-5)  # networks of few tasks, and of all, round apart
        assert model.predict_one(PLANTED[0], task=tasks[0])["prediction"] == pytest.approx(found[0, 0], rel=1e-5)


def test_the_networks_of_many_tasks_in_turn_are_not_confused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though none but the last is kept."""
    monkeypatch.setattr(module, "MOST_KEPT", 0)
    model, rows = predictor("hypernetwork", zoo.binary), frame(zoo.binary)
    expected = model.predict(rows)["probability_yes"]
    found = [model.predict_one(rows.iloc[index].to_dict())["probability_yes"] for index in range(0, len(rows), 4)]
    np.testing.assert_allclose(found, expected[::4], rtol=1e-5)


@every_model
def test_threads_that_ask_at_one_time_are_answered_as_one_that_asks_alone(name: str) -> None:
    """Whatever each has the model make and keep; networks of few tasks, and of all, round apart."""
    rows = frame(zoo.planted)
    asked = [rows.iloc[index].to_dict() for index in range(0, len(rows), 8)]
    expected = [predictor(name, zoo.planted).predict_one(row)["prediction"] for row in asked]
    model, usual = deepcopy(predictor(name, zoo.planted)), sys.getswitchinterval()  # which has kept no network yet
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as threads:
            together = [each["prediction"] for each in threads.map(model.predict_one, asked)]
    finally:
        sys.setswitchinterval(usual)
    np.testing.assert_allclose(together, expected, rtol=1e-5, atol=1e-6)
    afterwards = [model.predict_one(row)["prediction"] for row in asked]
    np.testing.assert_allclose(afterwards, expected, rtol=1e-5, atol=1e-6)


BAD_CELLS: tuple[tuple[dict[str, Any], str], ...] = (
    ({"task": None}, "Every row must name its task"),
    ({"task": np.nan}, "Every row must name its task"),
    ({"task": ["task 1"]}, "A task must be given by its name, however there is"),
    ({"task": b"task 1"}, "A task must be given by its name, however there is"),
    ({"x0": "many"}, "'x0' must hold finite numbers, however the row says 'many'"),
    ({"x0": np.inf}, "Column 'x0' .* says 'inf'"),
    ({"x0": [1.0]}, r"Column 'x0' .* says '\[1.0\]'"),
    ({"x0": 10**400}, "Column 'x0' must hold finite numbers"),
)


def test_a_row_that_cannot_be_right_is_refused_with_a_sentence() -> None:
    model = predictor("ridge", zoo.planted)
    for change, message in BAD_CELLS:
        with pytest.raises(DataError, match=message):
            model.predict_one({**row_of(zoo.planted), **change})
    for row in ([1.0, [2.0]], [10**400, 1.0], ["a", 1.0]):
        with pytest.raises(DataError, match="An array of features must hold numbers"):
            model.predict_one(row, "task 1")


def with_cell(value: float, column: int = 1) -> np.ndarray:
    given = GAPPY.copy()
    given[3, column] = value
    return given


BAD_ARRAYS: dict[str, tuple[Any, Any, str]] = {
    "columns": (GAPPY[:, :4], TASK, r"must have 5 columns, 'x0', .*however its shape is \(40, 4\)"),
    "one row": (GAPPY[0], TASK[:1], r"however its shape is \(5,\)"),
    "text": ([["a"] * 5], ["task 0"], "must hold numbers, a category as its index, however"),
    "fewer tasks": (GAPPY, TASK[:39], "39 tasks are given for 40 rows"),
    "matrix": (GAPPY, TASK[:, None], r"one task a row, however the shape of the tasks is \(40, 1\)"),
    "no such index": (GAPPY, TASK + 5, "between 0 and 4, or be -1 .* however there is 5"),
    "negative index": (GAPPY, TASK - 2, "however there is -2"),
    "None for a task": (GAPPY, [None, *["task 0"] * 39], "Every row must name its task"),
    "NaN for a task": (GAPPY, np.full(40, np.nan), "Every row must name its task"),
    "nested": (GAPPY[:2], ["task 1", ["task 2"]], "one task a row, however they are nested"),
    "bytes": (GAPPY[:2], [b"task 1"] * 2, "A task must be given by its name"),
    "infinite": (with_cell(np.inf), TASK, "however row 3 of the features holds one that is not"),
    "huge": (with_cell(-1e200), TASK, "however row 3 of the features"),
    "no such category": (with_cell(3, 4), TASK, "from 0 to 2 or -1 .*'xc0' is 3 in row 3"),
    "half a category": (with_cell(0.5, 4), TASK, "'xc0' is 0.5 in row 3"),
}


@pytest.mark.parametrize(("features", "task", "message"), BAD_ARRAYS.values(), ids=BAD_ARRAYS)
def test_arrays_that_cannot_be_right_are_refused_with_a_sentence(features: Any, task: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        predictor("hypernetwork", zoo.missing_values).predict_arrays(features, task)
