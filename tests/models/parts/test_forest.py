"""A forest of plain arrays predicts what scikit-learn does, states its size, and refuses nodes that point anywhere."""

from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier, RandomForestRegressor

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.encoding import Flags
from mthn_automl.errors import FormatError
from mthn_automl.models.parts import forest
from mthn_automl.models.parts.forest import Forest
from mthn_automl.models.random_forest import RandomForest, RandomForestSettings
from tests.contracts import zoo


def matrix() -> FloatArray:
    values = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32).astype(np.float64)
    values[::5, 1] = np.nan
    return values


def target() -> FloatArray:
    first = np.nan_to_num(matrix())
    return np.stack([first[:, 0] + first[:, 1], first[:, 2] ** 2], axis=1)


def grown(trees: int = 3) -> Forest:
    return Forest.of(RandomForestRegressor(trees, random_state=0).fit(matrix(), target()).estimators_)


def test_trees_predict_what_scikit_learns_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for at_once in (1, 100_000):
        monkeypatch.setattr(forest, "AT_ONCE", at_once)
        for kind in (RandomForestRegressor, ExtraTreesRegressor):
            model = kind(20, random_state=0).fit(matrix(), target())
            np.testing.assert_allclose(Forest.of(model.estimators_).mean(matrix()), model.predict(matrix()), rtol=1e-12)


def test_a_split_counts_twice_and_a_leaf_as_often_as_it_has_values() -> None:
    made = grown()
    splits = int((made.column >= 0).sum())
    assert splits + len(made.roots) == len(made.values)  # a tree has one leaf more than splits
    assert made.parameters == 2 * splits + 2 * len(made.values)


def test_leaves_of_classes_count_all_rows_as_one_more() -> None:
    labels, shares = (target()[:, 0] > 0).astype(int), np.array([0.25, 0.75])
    model = RandomForestClassifier(1, bootstrap=False, random_state=0).fit(matrix(), labels)
    found = Forest.of(model.estimators_, shares).mean(matrix())
    rows = model.estimators_[0].tree_.n_node_samples[model.estimators_[0].apply(matrix().astype(np.float32))]
    expected = (rows[:, None] * np.eye(2)[labels] + shares) / (rows[:, None] + 1)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def broken(state: dict[str, Any], name: str, value: int) -> dict[str, Any]:
    """The first split's value is another."""
    array = state[name].copy()
    array[np.flatnonzero(state["column"] >= 0)[0]] = value
    return {**state, name: array}


def test_a_stored_tree_that_points_outside_of_itself_is_refused() -> None:
    state = grown().to_state()
    assert np.array_equal(Forest.from_state(state).mean(matrix()), grown().mean(matrix()))
    second = int(state["roots"][1])
    for name, value in (("left", 0), ("right", second), ("left", 10**6), ("right", -1), ("column", 3)):
        with pytest.raises(FormatError, match="must point only to its own nodes and columns"):
            Forest.from_state(broken(state, name, value))
    with pytest.raises(FormatError):
        Forest.from_state({**state, "values": state["values"][:-1]})
    with pytest.raises(FormatError):
        Forest.from_state({**state, "roots": state["roots"][:0]})


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        pytest.param("roots", lambda roots: roots[[0, 2, 1]], "point only to its own nodes", id="roots that fall"),
        pytest.param("roots", lambda roots: roots[[0, 1, 1]], "point only to its own nodes", id="roots twice"),
        pytest.param(
            "roots", lambda roots: np.append(roots, 10**6), "point only to its own nodes", id="roots out of range"
        ),
        pytest.param("roots", lambda roots: roots - 1, "point only to its own nodes", id="negative roots"),
        pytest.param(
            "column",
            lambda column: np.where(column < 0, -2, column),
            "point only to its own nodes",
            id="columns below that of a leaf",
        ),
        pytest.param(
            "column", lambda column: column.astype(np.float64), "kinds and lengths", id="columns that are no integers"
        ),
        pytest.param(
            "left", lambda left: left.astype(np.float64), "kinds and lengths", id="nodes that are no integers"
        ),
        pytest.param("right", lambda right: right[:-1], "kinds and lengths", id="too few nodes"),
        pytest.param("missing_left", lambda left: left[:, None], "kinds and lengths", id="too many dimensions"),
        pytest.param("values", lambda values: values[:, :0], "kinds and lengths", id="values of no output"),
        pytest.param("values", lambda values: values.ravel(), "kinds and lengths", id="values of one dimension"),
        pytest.param("values", lambda values: values * np.nan, "must have numbers", id="values that are no numbers"),
        pytest.param(
            "threshold", lambda threshold: threshold * np.nan, "must have numbers", id="thresholds that are no numbers"
        ),
        pytest.param(
            "columns", lambda columns: columns + 0.5, "kinds and lengths", id="a number of columns that is none"
        ),
    ],
)
def test_arrays_of_another_kind_are_refused(name: str, spoil: Any, said: str) -> None:
    state = grown().to_state()
    with pytest.raises(FormatError, match=said):
        Forest.from_state({**state, name: spoil(state[name])})


def test_a_forest_of_another_matrix_or_for_other_targets_is_refused() -> None:
    dataset, model = zoo.planted(), RandomForest(RandomForestSettings(n_estimators=2))
    model.fit(dataset, flags=Flags.of(dataset), seed=0)
    state = model.state()
    of_one = state["forests"][0]
    for other in ({"columns": 100}, {"values": np.tile(of_one["values"], 2)}):
        with pytest.raises(FormatError, match=r"the columns and outputs \[\(6, 1\)\] of its rows"):
            RandomForest(model.settings).restore({**state, "forests": [{**of_one, **other}]})
    for outputs in ([[1]], [[-1]], [[0], [0]]):
        changed = {**state, "outputs": outputs, "forests": [of_one] * len(outputs)}
        with pytest.raises(FormatError, match="they must be some of 1, however"):
            RandomForest(model.settings).restore(changed)
