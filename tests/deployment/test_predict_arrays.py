"""Arrays are predicted as the DataFrame that says the same."""

from collections.abc import Callable

import numpy as np
import pytest

from mthn_automl.errors import DataError
from tests.contracts import zoo
from tests.deployment.few import Animal, array, every_animal, every_architecture, frame, predictor

PLANTED = array(zoo.planted)


def columns_of(animal: Animal, name: str, tasks: list[str]) -> np.ndarray:
    """What `predict` says of the rows under these tasks: (rows, outputs)."""
    model = predictor(name, animal)
    table = model.predict(frame(animal).assign(task=tasks)).drop(columns=["row", "task"])
    return (table.drop(columns="prediction") if model.schema.classes else table).to_numpy()


def some_tasks(animal: Animal) -> list[str]:
    """Known ones out of order, one of which only the metadata are known, and two never seen."""
    names = [*animal().tasks.names, "described", "never seen", "nor this"]
    return [names[number % len(names)] for number in np.random.default_rng(0).integers(0, 99, len(animal()))]


@every_architecture
@every_animal
def test_names_of_tasks_give_what_a_dataframe_gives(name: str, animal: Animal) -> None:
    tasks = some_tasks(animal)
    found = predictor(name, animal).predict_arrays(array(animal), np.array(tasks))
    assert found.dtype == np.float64
    expected = columns_of(animal, name, tasks)
    scale = np.abs(expected).max(axis=0)
    np.testing.assert_allclose(found / scale, expected / scale, rtol=1e-6, atol=1e-6)


@every_architecture
def test_numbers_of_tasks_are_their_places(name: str) -> None:
    model, numbers = predictor(name, zoo.planted), np.arange(len(PLANTED)) * 7 % 12
    expected = model.predict_arrays(PLANTED, [model.tasks.names[number] for number in numbers])
    np.testing.assert_array_equal(model.predict_arrays(PLANTED, numbers), expected)


def test_minus_one_is_a_task_never_seen() -> None:
    model = predictor("hypernetwork", zoo.planted)
    expected = model.predict_arrays(PLANTED[:2], ["task 3", "never seen"])
    np.testing.assert_allclose(model.predict_arrays(PLANTED[:2], np.array([3, -1])), expected, rtol=1e-6)


def named_by_years() -> zoo.Dataset:
    """Names of tasks are numbers, in falling order."""
    dataset = zoo.planted()
    names = tuple(str(2011 - number) for number in range(12))
    return zoo.replace(dataset, tasks=zoo.TaskTable(names, dataset.tasks.metadata))


@pytest.mark.parametrize("kind", [np.int64, np.float64, object, str])
def test_whole_numbers_are_names_where_tasks_are_named_so(kind: type) -> None:
    model = predictor("hypernetwork", named_by_years)
    expected = model.predict_arrays(PLANTED[:3], ["2003", "2011", "1999"])
    found = model.predict_arrays(PLANTED[:3], np.array([2003, 2011, 1999]).astype(kind))
    np.testing.assert_allclose(found, expected, rtol=1e-5)  # networks of few tasks, and of all, round apart


def test_columns_are_those_of_the_arrays() -> None:
    model = predictor("ridge", zoo.missing_values)
    assert model.columns == ("x0", "x1", "x2", "x3", "xc0")
    assert array(zoo.missing_values).shape[1] == len(model.columns)


def test_a_category_that_is_nan_or_minus_one_is_missing() -> None:
    model, given = predictor("hypernetwork", zoo.missing_values), array(zoo.missing_values)[:2].copy()
    given[:, -1] = -1
    expected = model.predict_arrays(given, ["task 0", "task 1"])
    given[:, -1] = np.nan
    np.testing.assert_array_equal(model.predict_arrays(given, ["task 0", "task 1"]), expected)


@every_architecture
def test_no_rows_give_no_predictions(name: str) -> None:
    found = predictor(name, zoo.multiclass).predict_arrays(np.empty((0, 2)), np.array([], dtype=str))
    assert found.shape == (0, 3)


def test_lists_and_single_precision_will_do() -> None:
    model = predictor("hypernetwork", zoo.planted)
    expected = model.predict_arrays(PLANTED[:2], ["task 0", "task 5"])
    assert model.predict_arrays(PLANTED[:2].tolist(), ["task 0", "task 5"]) == pytest.approx(expected)
    single = model.predict_arrays(PLANTED[:2].astype(np.float32), np.array([0, 5], dtype=np.int8))
    assert single == pytest.approx(expected, rel=1e-4)


def with_cell(value: float, column: int = 1) -> np.ndarray:
    given = array(zoo.missing_values)
    given[3, column] = value
    return given


TASK = np.zeros(40, dtype=np.int64)
GIVEN = array(zoo.missing_values)


@pytest.mark.parametrize(
    ("features", "task", "message"),
    [
        pytest.param(GIVEN[:, :4], TASK, r"must have 5 columns, 'x0', .*however its shape is \(40, 4\)", id="columns"),
        pytest.param(GIVEN[0], TASK[:1], r"however its shape is \(5,\)", id="one row"),
        pytest.param(GIVEN.astype(str), TASK, None, id="numbers as text"),
        pytest.param([["a"] * 5], ["task 0"], "must hold numbers, a category as its index, however", id="text"),
        pytest.param(GIVEN, TASK[:39], "39 tasks are given for 40 rows", id="fewer tasks"),
        pytest.param(GIVEN, TASK[:, None], r"one task a row, however the shape of the tasks is \(40, 1\)", id="matrix"),
        pytest.param(GIVEN, TASK + 5, "between 0 and 4, or be -1 .* however there is 5", id="no such number"),
        pytest.param(GIVEN, TASK - 2, "however there is -2", id="negative number"),
        pytest.param(GIVEN, [None, *["task 0"] * 39], "Every row must name its task", id="None for a task"),
        pytest.param(GIVEN, np.full(40, np.nan), "Every row must name its task", id="NaN for a task"),
        pytest.param(with_cell(np.inf), TASK, "however row 3 of the features holds one that is not", id="infinite"),
        pytest.param(with_cell(-1e200), TASK, "however row 3 of the features", id="huge"),
        pytest.param(with_cell(3, 4), TASK, "from 0 to 2 or -1 .*'xc0' is 3 in row 3", id="no such category"),
        pytest.param(with_cell(0.5, 4), TASK, "'xc0' is 0.5 in row 3", id="half a category"),
    ],
)
def test_arrays_that_cannot_be_right_are_refused_with_a_sentence(
    features: np.ndarray, task: np.ndarray, message: str | None
) -> None:
    model: Callable[..., np.ndarray] = predictor("hypernetwork", zoo.missing_values).predict_arrays
    if message is None:
        np.testing.assert_array_equal(model(features, task), model(GIVEN, task))
        return
    with pytest.raises(DataError, match=message):
        model(features, task)


def test_the_columns_of_a_dataframe_are_taken_by_their_names() -> None:
    model, rows = predictor("ridge", zoo.planted), frame(zoo.planted)
    expected = model.predict_arrays(array(zoo.planted), rows["task"])
    np.testing.assert_array_equal(model.predict_arrays(rows[["x1", "x0"]], rows["task"]), expected)
    with pytest.raises(DataError, match="it has no 'x1'; add them"):
        model.predict_arrays(rows[["x0"]], rows["task"])


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (["task 1", np.nan], "Every row must name its task"),
        (["task 1", ["task 2"]], "one task a row, however they are nested"),
        ([b"task 1", b"task 2"], "A task must be given by its name"),
    ],
)
def test_a_list_that_holds_something_else_than_names_is_refused(task: list[object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        predictor("ridge", zoo.planted).predict_arrays(array(zoo.planted)[:2], task)
