"""The whole search as an estimator."""

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier, is_regressor

from mthn_automl import MultiTaskSearch, load_model
from mthn_automl.data.problems import planted
from mthn_automl.errors import UsageError
from mthn_automl.estimators.search import OWN
from mthn_automl.run.options import OPTIONS, SEARCH, WHERE
from mthn_automl.tuning import plan

DATA, META = planted(6, 20)
X, Y = DATA[["task", "x1", "x2"]], DATA["target"]
QUICK = MultiTaskSearch(architectures="ridge,pooled", trials=2, folds=2, seeds=1, runner="local", random_state=0)


@pytest.fixture(autouse=True)
def few_steps() -> Iterator[None]:
    with patch.object(plan, "STEPS_WANTED", 40):
        yield


def test_its_parameters_are_the_options_of_search() -> None:
    searched = {name for name, each in OPTIONS.items() if each.panel in (SEARCH, WHERE)} - {"seed", "warm_start"}
    assert set(QUICK.get_params()) - set(OWN) == searched | {"test_fraction", "holdout_tasks"}
    usual = MultiTaskSearch().get_params()
    assert {name: usual[name] for name in searched} == {name: OPTIONS[name].usual for name in searched}


def test_searches_all_rows_and_leaves_a_run_that_predicts_alike(tmp_path: Path) -> None:
    y = np.where(Y > 0, "yes", "no")
    found = clone(QUICK).set_params(output=tmp_path / "run").fit(X, y, metadata=META)
    assert found.leaderboard_["architecture"].isin(["ridge", "pooled", "ensemble"]).all()
    assert found.leaderboard_["test_error"].isna().all()
    assert found.classes_.tolist() == ["no", "yes"]
    assert is_classifier(found)
    stored = load_model(tmp_path / "run").predict(X)
    assert found.predict(X).tolist() == stored["prediction"].tolist()
    np.testing.assert_allclose(found.predict_proba(X)[:, 1], stored["probability_yes"])
    assert found.score(X, y) > 0.7
    with pytest.raises(UsageError, match="empty"):
        clone(found).fit(X, y)


def test_a_temporary_run_goes_with_its_estimator_and_the_model_stays(tmp_path: Path) -> None:
    found = clone(QUICK).fit(X, Y)
    assert is_regressor(found)
    assert not hasattr(found, "predict_proba")
    folder, expected = found.result_.folder, found.predict(X)
    assert folder.is_dir()
    joblib.dump(found, tmp_path / "found.joblib")
    del found
    assert not folder.exists()
    np.testing.assert_array_equal(joblib.load(tmp_path / "found.joblib").predict(X), expected)


@pytest.mark.parametrize(
    ("problem", "classes", "numbers"), [("auto", False, False), ("ordinal", True, False), ("count", False, True)]
)
def test_is_a_classifier_before_fit_where_its_problem_is_said(problem: str, classes: bool, numbers: bool) -> None:
    unfitted = MultiTaskSearch(problem=problem)
    assert (is_classifier(unfitted), is_regressor(unfitted)) == (classes, numbers)
    assert hasattr(unfitted, "predict_proba") is classes


def test_refuses_a_problem_and_an_option_that_cannot_be() -> None:
    with pytest.raises(UsageError, match="problem must be one of auto, regression"):
        MultiTaskSearch(problem="regresion").fit(X, Y)
    with pytest.raises(UsageError, match="--sampler"):
        MultiTaskSearch(sampler="grid").fit(X, pd.DataFrame({"a": Y, "b": -Y}))
