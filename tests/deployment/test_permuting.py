"""What a model predicts without some of what it is told is what it predicts of rows that say otherwise."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mthn_automl import catalogue
from mthn_automl.deployment.permuting import Told, as_never_seen, cycle, permuted
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.mean import with_metadata
from tests.contracts import zoo
from tests.contracts.settings import traits_of
from tests.deployment.few import ENSEMBLES, few_models, frame, predictor

FEATURE = Told("x1", "feature", features=("x1",))
METADATA = Told("m", "metadata", metadata=("m0", "m1", "m2"))
TASK = Told("task", "task", task=True)


def without(model: Predictor, told: Told, seed: int = 0) -> np.ndarray:
    return permuted(model, zoo.planted(), told, np.random.default_rng(seed))


def before(model: Predictor) -> np.ndarray:
    return model.predict_encoded(zoo.planted())


def test_no_row_keeps_its_own() -> None:
    for count in (2, 3, 10, 1000):
        order = cycle(count, np.random.default_rng(count))
        assert (order != np.arange(count)).all()
        assert sorted(order) == list(range(count))
    assert cycle(1, np.random.default_rng(0)).tolist() == [0]


@few_models
def test_a_permuted_feature_is_that_of_another_row(name: str) -> None:
    model, rows = predictor(name, zoo.planted), frame(zoo.planted)
    order = cycle(len(rows), np.random.default_rng(0))
    rows["x1"] = rows["x1"].to_numpy()[order]
    wanted = model.predict(rows)["prediction"].to_numpy()
    np.testing.assert_allclose(without(model, FEATURE)[:, 0], wanted, rtol=1e-6)


@few_models
def test_a_task_without_its_identity_is_one_never_seen_with_its_metadata(name: str) -> None:
    model, rows = predictor(name, zoo.planted), frame(zoo.planted)
    metadata = zoo.planted().tasks.metadata
    assert metadata is not None
    meta = pd.DataFrame(metadata.numeric, columns=["m0", "m1", "m2"])
    meta.insert(0, "task", [f"new {number}" for number in range(12)])
    rows["task"] = [f"new {number}" for number in zoo.planted().task]
    wanted = model.predict(rows, meta)["prediction"].to_numpy()
    np.testing.assert_allclose(without(model, TASK)[:, 0], wanted, rtol=1e-6)


@pytest.mark.parametrize("name", [*catalogue.usable(), *ENSEMBLES])
def test_metadata_matter_exactly_where_a_model_looks_at_them(name: str) -> None:
    """Also of tasks of training, which networks know by heart."""
    model = predictor(name, zoo.planted)
    changed = without(model, METADATA)
    differs = not np.allclose(changed, before(model), rtol=1e-6)
    assert differs == uses(name)
    same = replace(model, model=with_metadata(model.model, model.tasks))
    np.testing.assert_allclose(same.predict_encoded(zoo.planted()), before(model), rtol=1e-6)


def uses(name: str) -> bool:
    return name in ENSEMBLES or traits_of(name, ProblemShape(2, 1, 12, 3), {}).uses_metadata


def test_rows_of_tasks_never_seen_stay_as_they_are() -> None:
    rows = zoo.planted()
    found = as_never_seen(rows, known=5)
    new = rows.task >= 5
    np.testing.assert_array_equal(found.task[new], rows.task[new])
    assert (found.task[~new] >= 12).all()
    assert found.tasks.metadata is not None
    assert rows.tasks.metadata is not None
    described = found.tasks.metadata.numeric[found.task]
    np.testing.assert_array_equal(described, rows.tasks.metadata.numeric[rows.task])
