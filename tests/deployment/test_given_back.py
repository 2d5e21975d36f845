"""What comes with rows to predict comes back with the predictions; names of tasks that may be meant are said."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl import catalogue
from mthn_automl.data.encoding import Flags
from mthn_automl.data.read import read_dataset
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UnknownWarning

ROWS = 12


def frame(**columns: Any) -> pd.DataFrame:
    number = np.arange(ROWS)
    made = {"task": [f"Plot {k % 3}" for k in number], "x": np.sin(number), "target": number**0.5}
    return pd.DataFrame({**made, "tree": [f"0{k}" for k in number], **columns})


@pytest.fixture(scope="module")
def model() -> Predictor:
    dataset = read_dataset(frame(), id="tree")
    architecture: Any = catalogue.read("ridge").load_class()
    fitted = architecture(architecture.Settings())
    fitted.fit(dataset, flags=Flags.of(dataset), seed=0)
    return Predictor("ridge", dataset.schema, dataset.tasks, dataset.spare, fitted)


INDICES = {
    "names": pd.Index([f"r{k}" for k in range(ROWS)], name="key"),
    "dates": pd.date_range("2020-01-01", periods=ROWS, tz="Europe/Berlin"),
    "two levels": pd.MultiIndex.from_product([list("abc"), range(4)], names=["block", "row"]),
    "the same twice": pd.Index([0] * ROWS),
}


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES)
def test_an_index_of_any_kind_is_that_of_the_predictions(index: pd.Index, model: Predictor) -> None:
    table = model.predict(frame().set_axis(index))
    pd.testing.assert_index_equal(table.index, index)
    assert list(table) == ["row", "task", "tree", "prediction"]
    assert table["tree"].tolist() == frame()["tree"].tolist()
    assert table["prediction"].tolist() == model.predict(frame())["prediction"].tolist()


def test_lines_of_names_between_the_rows_of_a_frame_are_no_rows_and_the_others_keep_their_index(
    model: Predictor,
) -> None:
    given = frame().astype(object).set_axis(INDICES["names"])
    joined = pd.concat([given[:5], pd.DataFrame([list(given)], [None], list(given)), given[5:]])
    with pytest.warns(UnknownWarning, match="1 line of column names left out between the rows, the first row 5"):
        table = model.predict(joined)
    assert table.index.tolist() == given.index.tolist()
    assert table["tree"].tolist() == given["tree"].tolist()
    assert table["row"].tolist() == [row for row in range(ROWS + 1) if row != 5]
    np.testing.assert_allclose(table["prediction"], model.predict(frame())["prediction"])


KINDS = {
    "whole numbers": pd.array(range(ROWS), "int64"),
    "with gaps": pd.array([None, *range(1, ROWS)], "Int64"),
    "dates": pd.date_range("2020-01-01", periods=ROWS).array,
    "categories": pd.Categorical(list("abcd") * 3),
}


@pytest.mark.parametrize("ids", KINDS.values(), ids=KINDS)
def test_an_id_has_the_type_that_it_came_with(ids: Any, model: Predictor) -> None:
    given = frame(tree=ids)
    pd.testing.assert_series_equal(model.predict(given)["tree"], given["tree"])


def one(model: Predictor, task: str) -> float:
    return float(model.predict_one({"x": 0.5, "task": task})["prediction"])


def of_arrays(model: Predictor, task: str) -> float:
    return float(model.predict_arrays(np.array([[0.5]]), np.array([task]))[0, 0])


def of_frame(model: Predictor, task: str) -> float:
    return float(model.predict(pd.DataFrame({"x": [0.5], "task": [task]}))["prediction"].iloc[0])


every_way = pytest.mark.parametrize("predicted", [one, of_arrays, of_frame])


@every_way
@pytest.mark.parametrize("name", [" Plot 1", "Plot 1\u00a0", "Plot 1\t"])
def test_blanks_do_not_make_another_task(predicted: Callable[..., float], name: str, model: Predictor) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore" if predicted is of_frame else "error")  # there is no column 'tree'
        assert predicted(model, name) == predicted(model, "Plot 1")


@every_way
def test_a_name_that_is_nearly_known_is_said_and_never_taken_for_it(
    predicted: Callable[..., float], model: Predictor
) -> None:
    fresh = Predictor("ridge", model.schema, model.tasks, model.spare, model.model)
    with pytest.warns(UnknownWarning, match="did you mean 'Plot 1'"):
        found = predicted(fresh, "PLOT 01")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert found == predicted(fresh, "another") != predicted(fresh, "Plot 1")


def test_a_name_is_asked_for_once(model: Predictor) -> None:
    fresh = Predictor("ridge", model.schema, model.tasks, model.spare, model.model)
    with pytest.warns(UnknownWarning) as said:
        assert len({one(fresh, "plot_2") for _ in range(3)}) == 1
    assert len(said) == 1
