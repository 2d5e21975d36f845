"""Metrics agree with scikit-learn, and say NaN where they are undefined."""

import numpy as np
import pytest
import sklearn.metrics as reference
from numpy.testing import assert_allclose

from mthn_automl.data import metrics
from mthn_automl.data.dataset import FloatArray
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import (
    check_metric,
    default_metric,
    error_by_task,
    error_over_rows,
    error_over_tasks,
    metric_named,
)
from mthn_automl.errors import UsageError

CHOSEN_BY_ARGMAX = ("accuracy", "balanced_accuracy", "f1")


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
        "f1": lambda: 1 - reference.f1_score(true, chosen, average="binary" if binary else "macro"),
    }
    return float(functions[name]())


@pytest.mark.parametrize(("name", "targets"), [("rmse", 1), ("rmse", 3), ("mse", 3), ("mae", 3), ("r2", 3)])
def test_a_regression_error_is_scikit_learns(name: str, targets: int) -> None:
    target, prediction = regression(targets)
    assert metric_named(name).function(target, prediction) == pytest.approx(
        averaged_over_targets(name, target, prediction)
    )


@pytest.mark.parametrize("count", [2, 4])
@pytest.mark.parametrize("name", ["log_loss", "accuracy", "balanced_accuracy", "roc_auc", "f1"])
def test_an_error_of_classes_is_scikit_learns(name: str, count: int) -> None:
    target, probabilities = classes(count)
    assert metric_named(name).function(target, probabilities) == pytest.approx(of_classes(name, target, probabilities))


@pytest.mark.parametrize("name", metrics.names())
def test_weights_count_rows_as_often_as_they_say(name: str) -> None:
    """And a metric is called as its file is."""
    metric = metric_named(name)
    assert metric.name == name
    target, prediction = regression(2) if Problem.REGRESSION in metric.problems else classes(3)
    weights = np.random.default_rng(0).integers(4, size=len(target))
    repeated = np.repeat(np.arange(len(target)), weights)
    expected = metric.function(target[repeated], prediction[repeated])
    assert metric.prepare(target, prediction).weighted(weights[None].astype(float))[0] == pytest.approx(expected)


@pytest.mark.parametrize("name", metrics.names())
def test_the_errors_by_task_are_those_of_each_task_alone(name: str) -> None:
    metric = metric_named(name)
    target, prediction = regression(2) if Problem.REGRESSION in metric.problems else classes(3)
    task = np.random.default_rng(1).choice([2, 5, 9], size=len(target))
    alone = [metric.function(target[task == each], prediction[task == each]) for each in (2, 5, 9)]
    assert_allclose(error_by_task(metric, target, prediction, task), alone)
    assert error_over_tasks(metric, target, prediction, task)[0] == pytest.approx(np.mean(alone))


@pytest.mark.parametrize(
    ("name", "target", "prediction"),
    [
        pytest.param("r2", [[3.0]], [[3.0]], id="r2 of one row"),
        pytest.param("r2", [[0.1], [0.1], [0.1]], [[3.0], [1.0], [2.0]], id="r2 of a constant target"),
        pytest.param("roc_auc", [[1.0], [1.0]], [[0.5, 0.5], [0.1, 0.9]], id="roc_auc of one class"),
        pytest.param("roc_auc", [[1.0], [0.0]], [[0.5, 0.5], [0.1, np.nan]], id="roc_auc of a score that is no number"),
        pytest.param("f1", [[0.0]], [[0.9, 0.1]], id="f1 of a class neither true nor predicted"),
        pytest.param("rmse", np.empty((0, 1)), np.empty((0, 1)), id="rmse of no rows"),
        pytest.param("rmse", [[1.0]], [[np.nan]], id="rmse of a prediction that is no number"),
    ],
)
def test_an_undefined_error_is_nan(name: str, target: object, prediction: object) -> None:
    assert np.isnan(error_over_rows(metric_named(name), np.asarray(target), np.asarray(prediction)))


def test_a_constant_target_does_not_undo_the_r2_of_the_others() -> None:
    target, prediction = regression(2)
    constant = np.full((len(target), 1), 7.0)
    expected = metric_named("r2").function(target, prediction)
    assert metric_named("r2").function(np.hstack([target, constant]), np.hstack([prediction, constant])) == (
        pytest.approx(expected)
    )


def test_tasks_whose_error_is_undefined_are_left_out_and_counted() -> None:
    target = np.array([[0.1], [0.1], [0.1], [1.0], [2.0], [3.0], [5.0]])
    task = np.array([0, 0, 0, 1, 1, 1, 2])
    error, undefined = error_over_tasks(metric_named("r2"), target, target + 0.5, task)
    assert error == pytest.approx(0.375)
    assert undefined == 2


def test_with_no_task_defined_the_error_is_nan() -> None:
    error, undefined = error_over_tasks(metric_named("r2"), np.ones((2, 1)), np.ones((2, 1)), np.array([0, 1]))
    assert np.isnan(error)
    assert undefined == 2


def test_a_probability_of_zero_costs_a_finite_log_loss() -> None:
    assert metric_named("log_loss").function(np.array([[1.0]]), np.array([[1.0, 0.0]])) == pytest.approx(
        36.04, abs=0.01
    )


@pytest.mark.parametrize("name", CHOSEN_BY_ARGMAX)
def test_a_prediction_that_is_no_number_is_wrong(name: str) -> None:
    target = np.array([[0.0], [1.0]])
    sure = np.array([[0.9, 0.1], [0.1, 0.9]])
    broken = np.array([[0.9, 0.1], [np.nan, np.nan]])
    assert metric_named(name).function(target, sure) == 0.0 < metric_named(name).function(target, broken)


def test_single_precision_is_scored_in_double() -> None:
    target = np.array([[1e4], [1e4 + 1]])
    assert metric_named("mse").function(target, target.astype(np.float32) + np.float32(1)) == 1.0


@pytest.mark.parametrize(
    ("problem", "name"),
    [(Problem.REGRESSION, "rmse"), (Problem.BINARY, "log_loss"), (Problem.MULTICLASS, "log_loss")],
)
def test_the_default_metric_suits_the_problem(problem: Problem, name: str) -> None:
    assert default_metric(problem) == check_metric(name, problem).name == name


@pytest.mark.parametrize(
    ("name", "problem", "message"),
    [
        pytest.param("rsme", Problem.REGRESSION, "it is 'rsme'; did you mean 'rmse'", id="a misspelt metric"),
        pytest.param("rmse", Problem.BINARY, "not for binary; known: accuracy, bal", id="a metric of another problem"),
    ],
)
def test_a_metric_that_cannot_be_used_is_refused(name: str, problem: Problem, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_metric(name, problem)


@pytest.mark.parametrize(("name", "spoken"), [("rmse", "rmse"), ("accuracy", "1 - accuracy")])
def test_the_error_of_a_score_is_called_one_minus_it(name: str, spoken: str) -> None:
    assert metric_named(name).error_name == spoken
