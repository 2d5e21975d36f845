"""A forest of plain arrays predicts what scikit-learn's does, and refuses nodes that point anywhere."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

from mthn_automl.data.dataset import FloatArray
from mthn_automl.errors import FormatError
from mthn_automl.models.parts.forests import Forest


def matrix() -> FloatArray:
    values = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32).astype(np.float64)
    values[::5, 1] = np.nan
    return values


def target() -> FloatArray:
    first = np.nan_to_num(matrix())
    return np.stack([first[:, 0] + first[:, 1], first[:, 2] ** 2], axis=1)


@pytest.mark.parametrize("kind", [RandomForestRegressor, ExtraTreesRegressor])
def test_it_predicts_what_scikit_learn_predicts(kind: Any) -> None:
    estimator = kind(20, random_state=0).fit(matrix(), target())
    np.testing.assert_allclose(Forest.of(estimator).mean(matrix()), estimator.predict(matrix()), rtol=1e-12)


def test_no_leaf_is_certain_of_a_class() -> None:
    labels = (target()[:, 0] > 0).astype(int)
    estimator = RandomForestClassifier(20, random_state=0).fit(matrix(), labels)
    found = Forest.of(estimator, np.bincount(labels) / 60).mean(matrix())
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert found.min() > 0.0
    assert estimator.predict_proba(matrix()).min() == 0.0


@pytest.mark.parametrize(
    ("field", "value"), [("left", 10_000), ("right", 0), ("feature_idx", 3), ("feature_idx", -1), ("is_leaf", 1)]
)
def test_a_forest_that_points_elsewhere_is_refused(field: str, value: int) -> None:
    state = Forest.of(RandomForestRegressor(3, random_state=0).fit(matrix(), target())).to_state()
    state["nodes"][field][0] = value
    with pytest.raises(FormatError, match=r"A stored (tree|forest) must"):
        Forest.from_state(state)
