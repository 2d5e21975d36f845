"""Metrics agree with scikit-learn, and say NaN where they are undefined."""

from itertools import product

import numpy as np
import pytest
import sklearn.metrics as reference
from numpy.testing import assert_allclose

from mthn_automl.data import metrics
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import (
    NUMBERS,
    check_metric,
    default_metric,
    error_by_target,
    error_by_task,
    error_over_rows,
    error_over_tasks,
    metric_named,
)
from mthn_automl.errors import UsageError

CHOSEN_BY_ARGMAX = ("accuracy", "balanced_accuracy", "f1", "quadratic_kappa")


def regression(targets: int, rows: int = 60) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(targets)
    target = rng.normal(100.0, 3.0, (rows, targets))
    return target, target + rng.normal(0.0, 1.0, (rows, targets))


def classes(count: int, rows: int = 60) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(count)
    raw = np.round(rng.uniform(0.05, 1.0, (rows, count)), 1)  # rounded, so that scores are tied
    return rng.integers(count, size=(rows, 1)).astype(float), raw / raw.sum(axis=1, keepdims=True)


def averaged_over_targets(name: str, target: FloatArray, prediction: FloatArray) -> float:
    functions = {
        "rmse": lambda: np.sqrt(reference.mean_squared_error(target, prediction)),
        "mse": lambda: reference.mean_squared_error(target, prediction),
        "mae": lambda: reference.mean_absolute_error(target, prediction),
        "r2": lambda: 1 - reference.r2_score(target, prediction),
        "rmsle": lambda: np.sqrt(reference.mean_squared_log_error(target, prediction)),
        "poisson_deviance": lambda: reference.mean_poisson_deviance(target, prediction),
    }
    return float(functions[name]())


def of_classes(name: str, target: FloatArray, probabilities: FloatArray) -> float:
    true, chosen, binary = target[:, 0], probabilities.argmax(axis=1), probabilities.shape[1] == 2
    scores = probabilities[:, 1] if binary else probabilities
    functions = {
        "log_loss": lambda: reference.log_loss(true, probabilities),
        "accuracy": lambda: 1 - reference.accuracy_score(true, chosen),
        "balanced_accuracy": lambda: 1 - reference.balanced_accuracy_score(true, chosen),
        "roc_auc": lambda: 1 - reference.roc_auc_score(true, scores, multi_class="ovr"),
        "quadratic_kappa": lambda: 1 - reference.cohen_kappa_score(true, chosen, weights="quadratic"),
        "f1": lambda: 1 - reference.f1_score(true, chosen, average="binary" if binary else "macro"),
    }
    return float(functions[name]())


def test_an_error_is_scikit_learns() -> None:
    of_counts = (("rmsle", 3), ("poisson_deviance", 1))
    for name, targets in (("rmse", 1), ("rmse", 3), ("mse", 3), ("mae", 3), ("r2", 3), *of_counts):
        given = regression(targets)
        expected = averaged_over_targets(name, *given)
        assert metric_named(name).function(*given) == pytest.approx(expected), (name, targets)
    for name, count in product(("log_loss", "roc_auc", *CHOSEN_BY_ARGMAX), (2, 4)):
        given = classes(count)
        assert metric_named(name).function(*given) == pytest.approx(of_classes(name, *given)), (name, count)


@pytest.mark.parametrize("name", metrics.names())
def test_a_metric_is_called_as_its_file_is_weighs_rows_and_tells_tasks_apart(name: str) -> None:
    """A weight counts a row as often as it says; the errors by task are those of each task alone."""
    metric = metric_named(name)
    assert metric.name == name
    target, prediction = regression(2) if metric.problems & NUMBERS else classes(3)
    weights = np.random.default_rng(0).integers(4, size=len(target))
    repeated = np.repeat(np.arange(len(target)), weights)
    expected = metric.function(target[repeated], prediction[repeated])
    assert metric.prepare(target, prediction).weighted(weights[None].astype(float))[0] == pytest.approx(expected)
    task = np.random.default_rng(1).choice([2, 5, 9], size=len(target))
    alone = [metric.function(target[task == each], prediction[task == each]) for each in (2, 5, 9)]
    assert_allclose(error_by_task(metric, target, prediction, task), alone)
    assert error_over_tasks(metric, target, prediction, task)[0] == pytest.approx(np.mean(alone))


UNDEFINED = {
    "r2 of one row": ("r2", [[3.0]], [[3.0]]),
    "r2 of a constant target": ("r2", [[0.1], [0.1], [0.1]], [[3.0], [1.0], [2.0]]),
    "roc_auc of one class": ("roc_auc", [[1.0], [1.0]], [[0.5, 0.5], [0.1, 0.9]]),
    "roc_auc of a score that is no number": ("roc_auc", [[1.0], [0.0]], [[0.5, 0.5], [0.1, np.nan]]),
    "f1 of a class neither true nor predicted": ("f1", [[0.0]], [[0.9, 0.1]]),
    "rmse of no rows": ("rmse", np.empty((0, 1)), np.empty((0, 1))),
    "rmse of a prediction that is no number": ("rmse", [[1.0]], [[np.nan]]),
}


def test_an_undefined_error_is_nan() -> None:
    found = {
        case: error_over_rows(metric_named(name), *map(np.asarray, given)) for case, (name, *given) in UNDEFINED.items()
    }
    np.testing.assert_equal(found, dict.fromkeys(UNDEFINED, np.nan))


def test_a_constant_target_does_not_undo_the_r2_of_the_others() -> None:
    (target, prediction), r2 = regression(2), metric_named("r2").function
    constant = np.full((len(target), 1), 7.0)
    found = r2(np.hstack([target, constant]), np.hstack([prediction, constant]))
    assert found == pytest.approx(r2(target, prediction))


def test_tasks_whose_error_is_undefined_are_left_out_and_counted() -> None:
    target = np.array([[0.1], [0.1], [0.1], [1.0], [2.0], [3.0], [5.0]])
    task = np.array([0, 0, 0, 1, 1, 1, 2])
    assert error_over_tasks(metric_named("r2"), target, target + 0.5, task) == (pytest.approx(0.375), 2)
    none = error_over_tasks(metric_named("r2"), np.ones((2, 1)), np.ones((2, 1)), np.array([0, 1]))
    np.testing.assert_equal(none, (np.nan, 2))


def test_extreme_predictions_are_scored_as_they_should() -> None:
    """A probability of zero costs a finite loss; what is no number is wrong; single precision is scored in double."""
    found = metric_named("log_loss").function(np.array([[1.0]]), np.array([[1.0, 0.0]]))
    assert found == pytest.approx(36.04, abs=0.01)
    target, sure = np.array([[0.0], [1.0]]), np.array([[0.9, 0.1], [0.1, 0.9]])
    broken = np.array([[0.9, 0.1], [np.nan, np.nan]])
    for name in CHOSEN_BY_ARGMAX:
        assert metric_named(name).function(target, sure) == 0.0 < metric_named(name).function(target, broken)
    target = np.array([[1e4], [1e4 + 1]])
    assert metric_named("mse").function(target, target.astype(np.float32) + np.float32(1)) == 1.0


def test_the_default_metric_suits_the_problem_and_another_is_refused() -> None:
    usual = {Problem.REGRESSION: "rmse", Problem.COUNT: "poisson_deviance"}
    for problem in Problem:
        name = usual.get(problem, "log_loss")
        assert default_metric(problem) == check_metric(name, problem).name == name
    with pytest.raises(UsageError, match="it is 'rsme'; did you mean 'rmse'"):
        check_metric("rsme", Problem.REGRESSION)
    with pytest.raises(UsageError, match="not for binary; known: accuracy, bal"):
        check_metric("rmse", Problem.BINARY)


def test_the_error_of_a_score_is_called_one_minus_it() -> None:
    assert [metric_named(name).error_name for name in ("rmse", "accuracy")] == ["rmse", "1 - accuracy"]


@pytest.mark.parametrize("name", metrics.names())
def test_a_weight_counts_a_row_as_often_as_it_says_in_every_error(name: str) -> None:
    metric = metric_named(name)
    target, prediction = regression(3) if Problem.REGRESSION in metric.problems else classes(3)
    random = np.random.default_rng(0)
    if Problem.REGRESSION in metric.problems:
        target[random.random(target.shape) < 0.4] = np.nan
    weight, task = random.integers(1, 4, size=len(target)), np.arange(len(target)) % 3
    rows = np.repeat(np.arange(len(target)), weight)
    given, repeated = (target, prediction), (target[rows], prediction[rows])
    found = error_over_rows(metric, *given, weight / 7.0)
    assert found == pytest.approx(error_over_rows(metric, *repeated))
    of_tasks = error_by_task(metric, *given, task, weight / 7.0)
    assert_allclose(of_tasks, error_by_task(metric, *repeated, task[rows]))
    resamples = random.integers(3, size=(4, len(target))).astype(float)
    expected = metric.prepare(*given).weighted(resamples * weight)
    assert_allclose(metric.prepare(*given, weight / 7.0).weighted(resamples), expected)


@pytest.mark.parametrize(
    "name", [name for name in metrics.names() if Problem.REGRESSION in metric_named(name).problems]
)
def test_gaps_count_nowhere_and_what_is_known_counts_alike(name: str) -> None:
    target, prediction = regression(3)
    metric, gaps = metric_named(name), np.random.default_rng(1).random(target.shape) < [0.0, 0.5, 0.9]
    gappy = np.where(gaps, np.nan, target)
    by_target = error_by_target(metric, gappy, prediction)
    alone = [
        averaged_over_targets(name, *(each[~gap, k : k + 1] for each in (target, prediction)))
        for k, gap in enumerate(gaps.T)
    ]
    assert_allclose(by_target, alone)
    cells = (target[~gaps][:, None], prediction[~gaps][:, None])
    expected = np.mean(alone) if name == "r2" else averaged_over_targets(name, *cells)
    assert metric.function(gappy, prediction) == pytest.approx(expected)
    assert np.isnan(metric.function(np.full_like(target, np.nan), prediction))
    assert np.isnan(metric.function(gappy, np.where(~gaps, np.nan, prediction)))
