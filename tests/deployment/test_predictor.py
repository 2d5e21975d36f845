"""Predictions for rows of DataFrames: columns by the kind of problem, in the order of the rows, for any task."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import FormatError
from mthn_automl.tuning.objective import Configuration
from tests.deployment.few import fitted

Frames = tuple[pd.DataFrame, pd.DataFrame]
SETTINGS: dict[str, dict[str, Any]] = {
    "ridge": {"task": "slopes", "interactions": True},
    "hypernetwork": {"embedding_size": 2, "width": 16, "depth": 1},
}
every_model = pytest.mark.parametrize("name", SETTINGS)


def regression() -> Frames:
    return planted(tasks=5, rows=12)


def several_targets() -> Frames:
    data, meta = regression()
    return data.assign(target_b=data["target"] * 100 + 7).rename(columns={"target": "target_a"}), meta


def binary() -> Frames:
    data, meta = regression()
    return data.assign(target=np.where(data["target"] > 0, "yes", "no")), meta


def multiclass() -> Frames:
    data, meta = regression()
    return data.assign(target=np.array(["low", "mid", "top"])[np.digitize(data["target"], [-0.5, 0.5])]), meta


def unseen() -> Frames:
    """Rows of one point under three new tasks, between two known ones; the metadata of two of the new ones."""
    data, meta = regression()
    rows = pd.concat([data.iloc[[0]]] * 5, ignore_index=True).drop(columns="target")
    described = pd.DataFrame({"task": ["n1", "n2"], "m1": [-2.0, 2.0], "m2": [2.0, -2.0]})
    return rows.assign(task=["0", "n1", "n2", "n3", "0"]), described[list(meta.columns)]


def with_spare_tasks() -> Frames:
    data, meta = regression()
    return data, pd.concat([meta, unseen()[1]], ignore_index=True)


@cache
def predictor(name: str, make: Callable[[], Frames] = regression) -> Predictor:
    dataset = read_dataset(*make())
    configuration = Configuration(catalogue.read(name), SETTINGS[name], {"learning_rate": 1e-2}, seed=0)
    model = fitted(configuration, dataset, epochs=60)
    return Predictor(name, dataset.schema, dataset.tasks, dataset.spare, model)


@pytest.mark.parametrize(
    ("make", "columns"),
    [
        (regression, ["prediction"]),
        (several_targets, ["prediction_target_a", "prediction_target_b"]),
        (binary, ["prediction", "probability_no", "probability_yes"]),
        (multiclass, ["prediction", "probability_low", "probability_mid", "probability_top"]),
    ],
)
@every_model
def test_the_columns_suit_the_problem_and_predictions_are_near_the_targets(
    name: str, make: Callable[[], Frames], columns: list[str]
) -> None:
    """The predicted class is the most probable one."""
    data, _ = make()
    found = predictor(name, make).predict(data)
    assert list(found.columns) == ["row", "task", *columns]
    assert len(found) == len(data)
    assert found.notna().all(axis=None)
    if columns[0] == "prediction" and len(columns) > 1:
        probability = found[columns[1:]]
        assert (probability.idxmax(axis=1) == "probability_" + found["prediction"]).all()
        np.testing.assert_allclose(probability.sum(axis=1), 1.0)
        assert (found["prediction"].to_numpy() == data["target"].to_numpy()).mean() > 0.8
    else:
        target = data.filter(like="target").to_numpy()
        assert (((found[columns] - target) ** 2).mean() / target.var(axis=0) < 0.3).all()


@every_model
def test_rows_are_predicted_by_what_they_hold_whatever_surrounds_them(name: str) -> None:
    """Their order, a target, the order of columns, columns more, the metadata of known tasks."""
    data, meta = regression()
    model, whole = predictor(name), predictor(name).predict(data)
    order = np.random.default_rng(0).permutation(len(data))
    mixed = model.predict(data.iloc[order])
    assert mixed["row"].tolist() == list(range(len(data)))
    assert mixed["task"].tolist() == data["task"].iloc[order].tolist()
    np.testing.assert_allclose(mixed["prediction"], whole["prediction"].iloc[order], rtol=1e-5, atol=1e-5)
    bare = data.drop(columns="target")[["x2", "task", "x1"]].assign(more="ignored")
    pd.testing.assert_frame_equal(model.predict(bare), whole)
    pd.testing.assert_frame_equal(model.predict(data, meta), whole)


@every_model
def test_unseen_tasks_are_predicted_by_their_metadata_and_leave_the_known_ones_as_they_were(name: str) -> None:
    """Those without metadata are one average task."""
    (data, _), (rows, described) = regression(), unseen()
    model = predictor(name)
    found = model.predict(rows, described)
    assert found["task"].tolist() == ["0", "n1", "n2", "n3", "0"]
    assert np.isfinite(found["prediction"]).all()
    assert found["prediction"].iloc[0] == pytest.approx(found["prediction"].iloc[4])
    assert abs(found["prediction"].iloc[1] - found["prediction"].iloc[2]) > 1e-3
    both = model.predict(pd.concat([data, rows], ignore_index=True), described)["prediction"].iloc[: len(data)]
    np.testing.assert_allclose(both, model.predict(data)["prediction"], rtol=1e-5, atol=1e-5)
    pd.testing.assert_frame_equal(predictor(name, with_spare_tasks).predict(rows), found)
    average = model.predict(rows)["prediction"]
    assert np.isfinite(average).all()
    np.testing.assert_allclose(average.iloc[1:4], average.iloc[1], rtol=1e-5)


@every_model
def test_a_model_that_predicts_no_numbers_says_so(name: str) -> None:
    """As one whose weights are none."""
    data, model = regression()[0], predictor(name)

    class Damaged:
        def predict(self, rows: Dataset) -> FloatArray:
            return np.where(np.arange(len(rows))[:, None] == 3, np.nan, model.model.predict(rows))

    with pytest.raises(FormatError, match=r"of 60 rows 1 get none, the first at place 3; its folder is damaged"):
        replace(model, model=Damaged()).predict(data)  # type: ignore[arg-type]
