"""Solving first for what tasks have of their own gives the ridge regression of all columns at once."""

import numpy as np
import pytest
from scipy.sparse import csr_array, hstack
from sklearn.linear_model import Ridge as RidgeRegression

from mthn_automl.data.encoding import Flags
from mthn_automl.models.parts import linear
from mthn_automl.models.parts.elimination import MOST_SHARED, Grouped, fit_by_elimination
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
    grouped = Grouped(csr_array(SHARED), OWN[:, :width], TASK, TASKS)
    found = fit_by_elimination(grouped, TARGET, weight, alpha=alpha)
    every = hstack([grouped.shared, task_columns(grouped.own, TASK, TASKS)]).toarray()
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


def test_it_is_left_to_iterations_where_the_square_of_the_shared_columns_would_take_longer_or_not_fit() -> None:
    def grouped(shared: csr_array, tasks: int = 3) -> Grouped:
        rows = shared.shape[0]
        return Grouped(shared, np.ones((rows, 1)), np.arange(rows) % tasks, tasks)

    full = csr_array(np.ones((60, 40)))
    one_filled = csr_array((np.ones(60), (np.arange(60), np.arange(60))), shape=(60, 1_000))
    too_many = csr_array((60, MOST_SHARED + 1))
    assert [grouped(each).is_quick for each in (full, one_filled, too_many)] == [True, False, False]
    assert not grouped(full, tasks=1_000_000).is_quick
