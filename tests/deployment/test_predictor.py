"""Predictions for rows of DataFrames: columns by the kind of problem, in the order of the rows, for any task."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl import catalogue
from mthn_automl.data.encoding import Flags
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import DataError
from mthn_automl.training.fit import Schedule
from mthn_automl.training.members import Member
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.objective import Configuration, fit_classical
from mthn_automl.tuning.plan import Plan
from tests.training.trained import encode_all, train

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


def predictor(name: str, frames: Frames) -> Predictor:
    dataset = read_dataset(*frames)
    configuration = Configuration(catalogue.read(name), SETTINGS[name], {"learning_rate": 1e-2}, seed=0)
    if not configuration.neural:
        model: Any = fit_classical(configuration, dataset, Flags.of(dataset))
    else:
        data = encode_all(dataset, Flags.of(dataset))
        plan = Plan(1, 2, Schedule(64, max_epochs=60, patience=60, check_every=60), None)
        pack = train(configuration, data, [Member(0, 0), Member(0, 1)], plan, None).pack
        model = Networks(pack, data.encoders[0], data.problem)
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
def test_the_columns_suit_the_problem(name: str, make: Callable[[], Frames], columns: list[str]) -> None:
    data, meta = make()
    found = predictor(name, (data, meta)).predict(data)
    assert list(found.columns) == ["row", "task", *columns]
    assert len(found) == len(data)
    assert found.notna().all(axis=None)


@every_model
def test_predictions_are_near_the_targets(name: str) -> None:
    data, meta = several_targets()
    found = predictor(name, (data, meta)).predict(data)
    pairs = [(found[f"prediction_{column}"], data[column]) for column in ("target_a", "target_b")]
    assert min(np.corrcoef(*pair)[0, 1] for pair in pairs) > 0.9
    assert max(((one - other) ** 2).mean() / other.var() for one, other in pairs) < 0.3


@pytest.mark.parametrize("make", [binary, multiclass])
@every_model
def test_the_predicted_class_is_the_most_probable_one(name: str, make: Callable[[], Frames]) -> None:
    data, meta = make()
    found = predictor(name, (data, meta)).predict(data)
    probability = found.filter(like="probability_")
    assert (probability.idxmax(axis=1) == "probability_" + found["prediction"]).all()
    np.testing.assert_allclose(probability.sum(axis=1), 1.0)
    assert (found["prediction"].to_numpy() == data["target"].to_numpy()).mean() > 0.8


@every_model
def test_predictions_come_in_the_order_of_the_rows(name: str) -> None:
    data, meta = regression()
    model = predictor(name, (data, meta))
    order = np.random.default_rng(0).permutation(len(data))
    whole, mixed = model.predict(data), model.predict(data.iloc[order])
    assert mixed["row"].tolist() == list(range(len(data)))
    assert mixed["task"].tolist() == data["task"].iloc[order].tolist()
    np.testing.assert_allclose(mixed["prediction"], whole["prediction"].iloc[order], rtol=1e-5, atol=1e-5)


@every_model
def test_neither_the_target_nor_the_order_of_columns_is_needed(name: str) -> None:
    data, meta = regression()
    model = predictor(name, (data, meta))
    bare = data.drop(columns="target")[["x2", "task", "x1"]].assign(more="ignored")
    pd.testing.assert_frame_equal(model.predict(bare), model.predict(data))


@every_model
def test_known_tasks_keep_their_metadata_without_the_file(name: str) -> None:
    data, meta = regression()
    model = predictor(name, (data, meta))
    pd.testing.assert_frame_equal(model.predict(data.iloc[20:25]), model.predict(data.iloc[20:25], meta))


def unseen() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of one place under three new tasks, between two known ones; the new ones' metadata."""
    data, meta = regression()
    rows = pd.concat([data.iloc[[0]]] * 5, ignore_index=True).drop(columns="target")
    described = pd.DataFrame({"task": ["n1", "n2"], "m1": [-2.0, 2.0], "m2": [2.0, -2.0]})
    return rows.assign(task=["0", "n1", "n2", "n3", "0"]), described[list(meta.columns)]


@every_model
def test_unseen_tasks_are_predicted_by_their_metadata(name: str) -> None:
    rows, described = unseen()
    found = predictor(name, regression()).predict(rows, described)
    assert found["task"].tolist() == ["0", "n1", "n2", "n3", "0"]
    assert np.isfinite(found["prediction"]).all()
    assert found["prediction"].iloc[0] == pytest.approx(found["prediction"].iloc[4])
    assert abs(found["prediction"].iloc[1] - found["prediction"].iloc[2]) > 1e-3


@every_model
def test_unseen_tasks_without_metadata_are_one_average_task(name: str) -> None:
    rows, _ = unseen()
    found = predictor(name, regression()).predict(rows)["prediction"]
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found.iloc[1:4], found.iloc[1], rtol=1e-5)


@every_model
def test_metadata_of_spare_tasks_are_remembered(name: str) -> None:
    data, meta = regression()
    rows, described = unseen()
    given = predictor(name, (data, meta)).predict(rows, described)
    remembered = predictor(name, (data, pd.concat([meta, described], ignore_index=True))).predict(rows)
    pd.testing.assert_frame_equal(remembered, given)


@every_model
def test_unseen_tasks_leave_the_known_ones_as_they_were(name: str) -> None:
    data, meta = regression()
    rows, described = unseen()
    model = predictor(name, (data, meta))
    both = model.predict(pd.concat([data, rows], ignore_index=True), described)["prediction"].iloc[: len(data)]
    np.testing.assert_allclose(both, model.predict(data)["prediction"], rtol=1e-5, atol=1e-5)


@every_model
def test_a_frame_without_rows_is_an_error(name: str) -> None:
    data, meta = regression()
    model = predictor(name, (data, meta))
    with pytest.raises(DataError, match="row"):
        model.predict(data.iloc[:0])


@every_model
def test_a_missing_feature_column_is_an_error_that_names_it(name: str) -> None:
    data, meta = regression()
    with pytest.raises(DataError, match="x2"):
        predictor(name, (data, meta)).predict(data.drop(columns="x2"))
