"""Trees of plain arrays predict what scikit-learn's do, state their size, and refuse nodes that point anywhere."""

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

from mthn_automl.data.dataset import FloatArray
from mthn_automl.errors import FormatError
from mthn_automl.models.parts.trees import Forest, Trees


def matrix() -> FloatArray:
    values = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32).astype(np.float64)
    values[::5, 1] = np.nan
    return values


def target() -> FloatArray:
    first = np.nan_to_num(matrix())
    return np.stack([first[:, 0] + first[:, 1], first[:, 2] ** 2], axis=1)


def test_trees_predict_what_scikit_learns_do() -> None:
    for kind in (RandomForestRegressor, ExtraTreesRegressor):
        grown = kind(20, random_state=0).fit(matrix(), target())
        np.testing.assert_allclose(Forest.of(grown).mean(matrix()), grown.predict(matrix()), rtol=1e-12)
    boosted = HistGradientBoostingRegressor(max_iter=20, min_samples_leaf=3).fit(matrix(), target()[:, 0])
    np.testing.assert_allclose(Trees.of(boosted).scores(matrix())[:, 0], boosted.predict(matrix()), rtol=1e-12)


def test_a_split_counts_twice_and_a_leaf_as_often_as_it_has_values() -> None:
    forest = Forest.of(RandomForestRegressor(3, random_state=0).fit(matrix(), target())).to_state()
    boosted = Trees.of(HistGradientBoostingRegressor(max_iter=3).fit(matrix(), target()[:, 0])).to_state()
    splits, leaves = (int((forest["nodes"]["is_leaf"] == kind).sum()) for kind in (0, 1))
    assert Forest.from_state(forest).parameters == 2 * splits + 2 * leaves
    splits, leaves = (int((boosted["nodes"]["is_leaf"] == kind).sum()) for kind in (0, 1))
    assert Trees.from_state(boosted).parameters == 2 * splits + leaves + 1


def test_no_leaf_is_certain_of_a_class() -> None:
    labels = (target()[:, 0] > 0).astype(int)
    estimator = RandomForestClassifier(20, random_state=0).fit(matrix(), labels)
    found = Forest.of(estimator, np.bincount(labels) / 60).mean(matrix())
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert found.min() > 0.0
    assert estimator.predict_proba(matrix()).min() == 0.0


def test_a_forest_that_points_elsewhere_is_refused() -> None:
    grown = RandomForestRegressor(3, random_state=0).fit(matrix(), target())
    for field, value in [("left", 10_000), ("right", 0), ("feature_idx", 3), ("feature_idx", -1), ("is_leaf", 1)]:
        state = Forest.of(grown).to_state()
        state["nodes"][field][0] = value
        with pytest.raises(FormatError, match=r"A stored (tree|forest) must"):
            Forest.from_state(state)
