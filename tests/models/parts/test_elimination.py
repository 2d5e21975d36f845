"""Solving first for what tasks have of their own gives the ridge regression of all columns at once."""

import numpy as np
import pytest
from scipy.sparse import csr_array, hstack
from sklearn.linear_model import Ridge as RidgeRegression

from mthn_automl.data.encoding import Flags
from mthn_automl.models.parts import elimination, linear
from mthn_automl.models.parts.elimination import TaskRows, fit_by_elimination
from mthn_automl.models.parts.linear import task_columns
from mthn_automl.models.ridge import Ridge, RidgeSettings
from tests.contracts import zoo

ROWS, TASKS = 120, 9
RANDOM = np.random.default_rng(0)
SHARED = RANDOM.normal(3.0, 2.0, size=(ROWS, 5)) * (RANDOM.random((ROWS, 5)) < 0.6)
OWN = np.column_stack([np.ones(ROWS), RANDOM.normal(size=(ROWS, 2))])
TASK = RANDOM.choice([0, 1, 2, 4, 5, 6, 7], size=ROWS)  # the tasks 3 and 8 have no rows
TARGET = RANDOM.normal(1e3, 2.0, size=(ROWS, 2))


@pytest.mark.parametrize("alpha", [1e-3, 1.0, 1e4])
@pytest.mark.parametrize("width", [0, 1, 3])
@pytest.mark.parametrize("weight", [None, RANDOM.exponential(size=ROWS)])
def test_it_is_the_regression_of_all_columns_at_once(alpha: float, width: int, weight: np.ndarray | None) -> None:
    given = TaskRows(csr_array(SHARED), OWN[:, :width], TASK, TASKS)
    found = fit_by_elimination(given, TARGET, weight, alpha=alpha)
    every = hstack([given.shared, task_columns(given.own, TASK, TASKS)]).toarray()
    expected = RidgeRegression(alpha=alpha, solver="svd").fit(every, TARGET, sample_weight=weight)
    assert found.own.shape == (TASKS, width, 2)
    together = np.concatenate([found.shared, found.own.reshape(-1, 2)])
    np.testing.assert_allclose(together, expected.coef_.T, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.intercept, expected.intercept_, rtol=1e-9)


@pytest.mark.parametrize("task", ["none", "intercept", "slopes"])
@pytest.mark.parametrize("animal", [zoo.several_targets, zoo.gaps_and_weights, zoo.task_without_rows])
def test_a_large_model_predicts_as_the_small_one_does(
    animal: zoo.Animal, task: linear.TaskEffects, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset, settings = animal(), RidgeSettings(0.1, task, use_metadata=True, interactions=True)
    small, large = Ridge(settings), Ridge(settings)
    small.fit(dataset, flags=Flags.of(dataset), seed=0)
    monkeypatch.setattr(linear, "DENSE_VALUES", 0)
    large.fit(dataset, flags=Flags.of(dataset), seed=0)
    new = zoo.of_new_tasks(dataset)
    for rows in (dataset, new):
        expected = small.predict(rows)
        np.testing.assert_allclose(large.predict(rows), expected, atol=1e-6 * np.abs(expected).max())
    assert large.size() == small.size()


def test_it_is_left_to_iterations_where_these_are_quicker_or_it_would_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    def given(shared: csr_array, tasks: int = 3) -> TaskRows:
        rows = shared.shape[0]
        return TaskRows(shared, np.ones((rows, 1)), np.arange(rows) % tasks, tasks)

    full = given(csr_array(np.ones((60, 40))))
    one_filled = csr_array((np.ones(60), (np.arange(60), np.arange(60))), shape=(60, 1_000))
    assert [each.is_quick for each in (full, given(one_filled), given(full.shared, 1_000_000))] == [True, False, False]
    for name in ("MOST_SHARED", "MOST_VALUES"):
        with monkeypatch.context() as patched:
            patched.setattr(elimination, name, 39)
            assert not full.is_quick
    assert full.is_quick


def test_intercepts_alone_are_left_to_iterations_which_need_few(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, begun = zoo.planted(), []
    monkeypatch.setattr(linear, "DENSE_VALUES", 0)
    monkeypatch.setattr(linear, "fit_by_elimination", lambda *given, **more: begun.append(1) or fit(*given, **more))
    fit = elimination.fit_by_elimination
    for task, interactions in (("intercept", False), ("none", False), ("slopes", False), ("none", True)):
        settings = RidgeSettings(0.1, task, use_metadata=True, interactions=interactions)  # type: ignore[arg-type]
        Ridge(settings).fit(dataset, flags=Flags.of(dataset), seed=0)
    assert len(begun) == 2
