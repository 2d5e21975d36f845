"""The errors on sealed rows, told apart by what was held out."""

from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.analysis.sealed import SealedErrors, saving, sealed_errors
from mthn_automl.analysis.statistics import bootstrap_interval
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.scoring import metric_named
from tests.contracts import zoo

MSE = metric_named("mse")


def rows() -> tuple[Dataset, FloatArray]:
    """12 tasks of 14 rows, and predictions that are the worse the higher the number of the task."""
    dataset = zoo.planted()
    worse = np.random.default_rng(0).normal(size=dataset.target.shape) * (1 + dataset.task[:, None])
    return dataset, dataset.target + worse


def found(known: int, *, ranked: bool = False, dataset: Dataset | None = None) -> SealedErrors:
    given, prediction = rows()
    return sealed_errors(prediction, 1.0, dataset or given, "mse", 0, known_tasks=known, ranked_by_new_tasks=ranked)


def error(tasks: slice) -> float:
    dataset, prediction = rows()
    some = np.isin(dataset.task, np.arange(12)[tasks])
    return MSE.function(dataset.target[some], prediction[some])


def test_rows_of_one_kind_are_told_once() -> None:
    for each in (found(12), found(0, ranked=True)):
        assert each.error == pytest.approx(error(slice(None)))
        assert (each.new_rows, each.new_tasks) == (None, None)


def test_new_rows_and_new_tasks_are_told_apart_and_what_ranks_is_the_test_error() -> None:
    for ranked in (False, True):
        each = found(8, ranked=ranked)
        assert each.new_rows is not None
        assert each.new_tasks is not None
        assert each.new_rows.error == pytest.approx(error(slice(8)))
        assert each.new_tasks.error == pytest.approx(error(slice(8, None)))
        assert each.error == pytest.approx(error(slice(8, None)) if ranked else error(slice(None)))
        assert each.new_tasks.low < each.new_tasks.error < each.new_tasks.high


def test_the_interval_is_over_what_was_held_out() -> None:
    dataset, prediction = rows()
    group = replace(dataset, group=dataset.task % 4)

    def interval(unit: np.ndarray | None) -> tuple[float, float]:
        return bootstrap_interval(MSE, dataset.target, prediction, dataset.task, "rows", seed=0, unit=unit)

    for each, unit in ((found(12), None), (found(0), dataset.task), (found(12, dataset=group), group.group)):
        assert (each.low, each.high) == interval(unit)


@pytest.mark.parametrize("average", ["rows", "tasks"])
def test_what_is_saved_is_of_rows_or_of_tasks_as_models_are_ranked(average: str) -> None:
    """Of the first task there are two rows, of which the other model knows next to nothing."""
    dataset, prediction = rows()
    kept = np.flatnonzero((dataset.task > 0) | (np.cumsum(dataset.task == 0) <= 2))
    dataset, prediction = dataset.take(kept), prediction[kept]
    worse = np.where(dataset.task == 0, 40.0, 1 + np.random.default_rng(1).random(len(dataset)))
    other = dataset.target + (prediction - dataset.target) * worse[:, None]
    ours, theirs = (sealed_errors(each, 1.0, dataset, "mse", 0, known_tasks=12) for each in (prediction, other))
    found = saving(ours, theirs, dataset, "mse", 0, average=average, known_tasks=12)
    assert found is not None
    errors = (ours.error, theirs.error) if average == "rows" else (ours.error_tasks, theirs.error_tasks)
    assert found.less == pytest.approx(1 - errors[0] / errors[1])
    assert found.low < found.less < found.high


def test_tasks_whose_error_is_undefined_are_left_out_of_what_is_saved() -> None:
    dataset, prediction = rows()
    kept = np.flatnonzero((dataset.task > 0) | (np.cumsum(dataset.task == 0) <= 1))
    dataset, prediction = dataset.take(kept), prediction[kept]
    other = dataset.target + 2 * (prediction - dataset.target)
    ours, theirs = (sealed_errors(each, 1.0, dataset, "r2", 0, known_tasks=12) for each in (prediction, other))
    assert ours.undefined_tasks == 1
    found = saving(ours, theirs, dataset, "r2", 0, average="tasks", known_tasks=12)
    assert found is not None
    assert found.less == pytest.approx(0.75)
