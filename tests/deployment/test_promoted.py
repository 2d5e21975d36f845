"""Metadata that stand in the rows describe a new task, whether its rows come as a table or as one row."""

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl import catalogue
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.tuning.objective import Configuration
from tests.deployment.few import fitted
from tests.deployment.test_predictor import SETTINGS, every_model


@cache
def predictor(name: str) -> Predictor:
    data, meta = planted(tasks=5, rows=12)
    kinds = meta.assign(kind=["p", "q", "p", "q", "p"], opened=[f"200{k}-03-04" for k in range(5)])
    dataset = read_dataset(data.merge(kinds, on="task"))
    assert dataset.schema.promoted
    model = fitted(Configuration(catalogue.read(name), SETTINGS[name], {"learning_rate": 1e-2}, seed=0), dataset, 20)
    return Predictor(name, dataset.schema, dataset.tasks, dataset.spare, model)


ROW: dict[str, Any] = {"x1": 0.3, "x2": -0.5, "m1": 1.0, "m2": -2.0, "kind": "q", "opened": "2003-03-04"}
ROWS: dict[str, dict[str, Any]] = {
    "all": {},
    "others": {"m1": -1.0, "kind": "p"},
    "some": {"m1": None, "opened": None},
    "none": dict.fromkeys(["m1", "m2", "kind", "opened"]),
    "known": {"task": "1"},
}


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
@every_model
def test_one_row_is_predicted_as_a_table_of_it(name: str) -> None:
    model = predictor(name)
    for given in ROWS.values():
        row = {"task": "n", **ROW, **given}
        known = {column: cell for column, cell in row.items() if cell is not None}
        expected = model.predict(pd.DataFrame([row]))["prediction"].iloc[0]
        for form in (row, known, pd.Series(row)):
            assert model.predict_one(form)["prediction"] == pytest.approx(expected, rel=1e-5, abs=1e-6)
        unnamed = {column: cell for column, cell in row.items() if column != "task"}
        assert model.predict_one(unnamed, task=row["task"]) == model.predict_one(row)


@pytest.mark.filterwarnings("ignore::mthn_automl.errors.UnknownWarning")
@every_model
def test_its_metadata_tell_new_tasks_apart(name: str) -> None:
    model, row = predictor(name), {"task": "n", **ROW}
    found = [model.predict_one({**row, **given})["prediction"] for given in ROWS.values()]
    assert len(np.unique(np.round(found[:4], 4))) == 4
