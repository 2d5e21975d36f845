"""Shapley values add up, and are those of a linear function where the model is one."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mthn_automl import explain
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UsageError
from tests.contracts import zoo
from tests.deployment.few import Animal, frame, predictor
from tests.run.test_explaining import planted, truth  # noqa: F401  # a fixture


@pytest.fixture(scope="module", autouse=True)
def _there() -> None:
    """Only where a test asks: it takes seconds to import."""
    pytest.importorskip("shap")


@pytest.mark.filterwarnings("ignore")  # shap's own, of numba and of the global random state
def test_of_the_truth_they_are_its_terms(truth: Predictor) -> None:  # noqa: F811
    rows, meta = planted(1)
    table = explain(truth, rows, meta, rows=[40]).shapley.set_index("name")
    row, base = rows.iloc[40], table["base"].iloc[0]
    assert table["shapley"].sum() + base == pytest.approx(table["prediction"].iloc[0])
    assert table.loc["x", "shapley"] == pytest.approx(3 * row["x"], abs=1.5)
    offset = np.random.default_rng(99).normal(size=(3, 30))[2][2]
    assert table.loc["task", "shapley"] == pytest.approx(offset)
    for idle in ("twin", "idle", "word", "noise"):
        assert table.loc[idle, "shapley"] == 0.0
    assert table.loc["task", "value"] == "task 2"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "animal"),
    [
        *(("ridge", zoo.multiclass), ("ridge", zoo.several_targets), ("ridge", zoo.missing_values)),
        *(("ridge", zoo.no_metadata), ("ensemble of both", zoo.counts)),
    ],
)
def test_they_add_up_to_what_is_predicted(name: str, animal: Animal) -> None:
    model, rows = predictor(name, animal), frame(animal)
    rows.loc[1, "task"] = "never seen"
    table = explain(model, rows, rows=[0, 1]).shapley
    wanted = model.predict(rows.iloc[:2]).select_dtypes("float")
    for (row, output), part in table.groupby(["row", "output"]):
        assert part["prediction"].iloc[0] == pytest.approx(wanted.loc[row, output], rel=1e-5)
        assert part["shapley"].sum() + part["base"].iloc[0] == pytest.approx(wanted.loc[row, output], rel=1e-4)
    assert (table.loc[(table["row"] == 1) & (table["kind"] == "task"), "shapley"] == 0).all()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("animal", [zoo.no_metadata, zoo.multiclass])
def test_a_row_of_a_wide_table_has_a_block_for_each_of_its_predictions(animal: Animal) -> None:
    found = predictor("ridge", animal)
    found = replace(found, schema=replace(found.schema, wide=found.tasks.names))
    rows = frame(animal).drop(columns="task").head(6)
    table, wanted = explain(found, rows, rows=[3, 1]).shapley, found.predict(rows)
    numbers = wanted.drop(columns="row").select_dtypes("float")
    assert table["row"].unique().tolist() == [3, 1]
    for row, part in table.groupby("row"):
        assert part["output"].unique().tolist() == list(numbers)
        for output, block in part.groupby("output"):
            total = block["shapley"].sum() + block["base"].iloc[0]
            assert block["prediction"].iloc[0] == pytest.approx(numbers.loc[row, output], rel=1e-6)
            assert total == pytest.approx(numbers.loc[row, output], rel=1e-4)


def test_a_row_that_is_not_there_and_a_missing_package_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    model, rows = predictor("ridge", zoo.planted), frame(zoo.planted)
    with pytest.raises(
        UsageError, match=r"one of the 168 that are given, however there is no row 168: .* positions"
    ) as told:
        explain(model, rows, rows=168)
    assert str(told.value).endswith("the data of the run; take another, such as 0, 1, 2, 3, 4.")
    monkeypatch.setitem(sys.modules, "shap", None)
    with pytest.raises(UsageError, match=r"need the package shap, however it is not installed: `pip install"):
        explain(model, pd.DataFrame(rows), rows=[0])
