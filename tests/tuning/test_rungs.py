"""Who is stopped at a rung: clearly worse configurations, with a reason, and nobody by noise alone."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.scoring import metric_named
from mthn_automl.tuning import rungs as module
from mthn_automl.tuning.rungs import (
    FEWEST_COMPARED,
    FEWEST_STEPS,
    MANY_CELLS,
    MOST_GROUPS,
    SIGNIFICANCE,
    SPACING,
    CellLosses,
    Rung,
    Rungs,
    p_value_of_worse,
    rung_epochs,
    rung_from_json,
    rung_to_json,
    with_rungs,
)
from tests.contracts import zoo
from tests.tuning import toys

FOLDS, GROUPS = 3, 12


@pytest.mark.parametrize(
    ("epochs", "steps", "check_every"),
    [(1000, 2.0, 3), (600, 10.0, 1), (90, 67.0, 5), (30, 500.0, 1), (1000, 0.5, 7), (360, 1.5, 3)],
)
def test_each_rung_is_a_check_about_twice_as_late_as_the_former(epochs: int, steps: float, check_every: int) -> None:
    found = rung_epochs(epochs, steps, check_every)
    assert list(found) == sorted(set(found))
    assert all(epoch % check_every == 0 and 0 < epoch < epochs for epoch in found)
    assert found[0] * max(steps, 1.0) >= FEWEST_STEPS
    assert [later / SPACING for later in (*found[1:], epochs)] == pytest.approx(list(found), abs=check_every)


def test_the_rungs_of_a_plan_follow_from_the_rows_of_a_fold_and_a_training_that_is_over_soon_has_none() -> None:
    plan = toys.plan(folds=5, epochs=900)
    assert with_rungs(plan, 800).schedule.rungs == rung_epochs(900, 800 * 4 / 5 / 16, 1)
    assert with_rungs(toys.plan(folds=1, epochs=900), 800).schedule.rungs == rung_epochs(900, 50, 1)
    assert rung_epochs(30, 1.0, 1) == ()


def losses(dataset: Dataset, metric: str, average: str = "rows") -> tuple[CellLosses, FloatArray]:
    fold = np.arange(len(dataset)) % 3 - 1
    return CellLosses(dataset, fold, metric, average), fold


def noisy_prediction(dataset: Dataset) -> FloatArray:
    return np.random.default_rng(0).normal(size=(len(dataset), dataset.schema.outputs))


@pytest.mark.parametrize(("metric", "of_cells"), [("rmse", "mse"), ("r2", "mse"), ("mse", "mse"), ("mae", "mae")])
def test_a_cell_is_the_loss_of_the_scored_rows_of_a_task_in_a_fold(metric: str, of_cells: str) -> None:
    dataset = zoo.planted()
    of, fold = losses(dataset, metric)
    prediction = noisy_prediction(dataset)
    rung = of.of(prediction, 7, 42)
    assert (rung.epoch, rung.parameters, rung.cells.shape) == (7, 42, (2, len(dataset.tasks)))
    for number, task in np.ndindex(rung.cells.shape):
        rows = (fold == number) & (dataset.task == task)
        alone = metric_named(of_cells).function(dataset.target[rows], prediction[rows])
        assert rung.cells[number, task] == pytest.approx(alone, nan_ok=True)
    without = np.where((fold == -1)[:, None], np.nan, prediction)
    np.testing.assert_array_equal(of.of(without, 1, 1).cells, rung.cells)


def test_where_a_fold_has_no_rows_of_a_task_its_cell_is_unknown() -> None:
    dataset = zoo.planted()
    fold = np.where(dataset.task == 1, 0, np.arange(len(dataset)) % 2)
    cells = CellLosses(dataset, fold, "rmse", "rows").of(noisy_prediction(dataset), 1, 1).cells
    assert np.argwhere(np.isnan(cells)).tolist() == [[1, 1]]


def test_classes_are_compared_by_log_loss() -> None:
    for dataset, metric in product((zoo.binary(), zoo.multiclass()), ("accuracy", "roc_auc", "log_loss", "f1")):
        of, fold = losses(dataset, metric)
        prediction, scored = np.full((len(dataset), dataset.schema.outputs), 1 / dataset.schema.outputs), fold >= 0
        expected = metric_named("log_loss").function(dataset.target[scored], prediction[scored])
        assert of.of(prediction, 1, 1).error == pytest.approx(expected), metric


def test_the_error_of_a_rung_averages_as_the_search_does() -> None:
    dataset = zoo.planted()
    dataset = dataset.take(np.flatnonzero((dataset.task != 0) | (np.arange(len(dataset)) % 5 == 0)))
    prediction = noisy_prediction(dataset)
    for average in ("rows", "tasks"):
        of, fold = losses(dataset, "rmse", average)
        over_rows = ((dataset.target - prediction)[:, 0] ** 2)[fold >= 0].mean()
        rung = of.of(prediction, 1, 1)
        assert rung.error == pytest.approx(over_rows if average == "rows" else np.nanmean(rung.cells))
        assert np.nanmean(rung.cells) != pytest.approx(over_rows)


def test_many_tasks_are_compared_in_groups_and_no_row_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    many = toys.cubic_dataset(tasks=MOST_GROUPS + 50, rows=2, metadata=False)
    halves = CellLosses(many, np.arange(len(many)) % 2, "rmse", "rows")
    assert halves.of(many.target, 1, 1).cells.shape == (2, MOST_GROUPS)
    monkeypatch.setattr(module, "MOST_GROUPS", 4)
    dataset = zoo.planted()
    of, fold = losses(dataset, "rmse")
    prediction, group = noisy_prediction(dataset), dataset.task % 4
    squared = (dataset.target - prediction)[:, 0] ** 2
    grouped = [[squared[(fold == number) & (group == each)].mean() for each in range(4)] for number in (0, 1)]
    np.testing.assert_allclose(of.of(prediction, 1, 1).cells, grouped)
    assert len(dataset.tasks) > 4


def cells(level: float, seed: int = 0, noise: float = 0.05) -> FloatArray:
    """(folds, groups) of losses around a level."""
    return level * np.exp(noise * np.random.default_rng(seed).normal(size=(FOLDS, GROUPS)))


def rungs_of(shown: Iterable[FloatArray], *, epoch: int = 10) -> Rungs:
    """Trials, numbered from 0, that were all at a rung with these cells."""
    rungs = Rungs((10, 30, 90))
    for number, of_trial in enumerate(shown):
        rungs.note(number, toys.rung(epoch, of_trial))
    return rungs


def filled(levels: Iterable[float], *, epoch: int = 10) -> Rungs:
    return rungs_of((cells(level, number) for number, level in enumerate(levels)), epoch=epoch)


def stopped(rungs: Rungs, shown: FloatArray, *, number: int = 99, epoch: int = 10) -> bool:
    return rungs.reason_to_stop(number, toys.rung(epoch, shown)).startswith("worse than trial")


NINE = [1.0, 1.1, 1.2, 2.0, 2.1, 2.2, 3.0, 3.1, 3.2]


def test_a_trial_is_compared_only_with_enough_others_at_a_rung_of_the_plan() -> None:
    bad, enough = cells(50.0), filled([1.0] * FEWEST_COMPARED)
    assert stopped(enough, bad)
    assert not stopped(enough, bad, number=0)  # it is one of them itself
    assert not any(stopped(filled([1.0] * before), bad) for before in range(FEWEST_COMPARED))
    nine = filled(NINE)
    assert not stopped(nine, bad, epoch=30)
    nine.note(50, toys.rung(11, cells(1.0)))
    assert not stopped(nine, bad, epoch=11)
    assert set(nine.seen) == {10, 30, 90}
    assert 99 not in nine.seen[10]  # asking is not noting


def test_one_other_is_enough_where_there_are_many_cells() -> None:
    for groups, expected in ((MANY_CELLS // FOLDS, False), (MANY_CELLS // FOLDS + 1, True)):
        rungs = rungs_of([np.ones((FOLDS, groups))])
        assert stopped(rungs, np.full((FOLDS, groups), 2.0)) is expected


def test_one_that_is_clearly_worse_is_stopped_and_the_reason_says_than_whom_and_where() -> None:
    rung = toys.rung(30, cells(2.5, 99))
    rungs = filled(NINE, epoch=30)
    p_value = p_value_of_worse(rung.cells, rungs.seen[30][3].cells)
    assert p_value < SIGNIFICANCE
    assert rungs.reason_to_stop(99, rung) == (
        f"worse than trial 3, the last of the best third, at rung 2 of 3 (epoch 30, p = {p_value:.2g})"
    )


def test_one_of_the_best_third_goes_on_and_one_equal_to_all_or_better_in_a_fold() -> None:
    assert not any(stopped(filled(NINE), cells(level, 99)) for level in (0.5, 0.99, 1.15))
    assert not stopped(rungs_of([cells(1.0)] * 9), cells(1.0))
    better_once = cells(3.0, 99)
    better_once[1] = 0.5
    assert not stopped(filled([1.0] * 6), better_once)


@pytest.mark.parametrize("shape", [pytest.param((1, GROUPS), id="one fold"), pytest.param((12, 1), id="one task")])
def test_one_fold_or_one_task_is_enough_where_there_are_cells(shape: tuple[int, int]) -> None:
    worse = 3.0 + np.arange(math.prod(shape)).reshape(shape)
    assert stopped(rungs_of(np.full(shape, 1.0 + 0.01 * number) for number in range(6)), worse)
    assert not stopped(rungs_of([np.ones((2, 1))] * 6), np.array([[50.0], [60.0]]))  # two cells can never show it


def test_unknown_cells_do_not_hinder_the_comparison() -> None:
    known = np.where(np.arange(FOLDS * GROUPS).reshape(FOLDS, GROUPS) % 5 == 0, np.nan, 1.0)
    assert stopped(rungs_of(cells(1.0, number) * known for number in range(6)), cells(3.0, 99) * known)


def test_the_p_value_is_that_of_the_signed_ranks_and_1_where_a_fold_shows_no_difference() -> None:
    """With all of n differences above 0, one of the 2^n choices of signs is as extreme."""
    assert p_value_of_worse(np.arange(1.0, 9.0).reshape(2, 4), np.zeros((2, 4))) == pytest.approx(0.5**8)
    gap = np.where(np.arange(FOLDS)[:, None] == 1, np.nan, 1.0)
    ours, theirs = cells(3.0, 1), cells(1.0, 2)
    for one, other in ((ours * gap, theirs), (ours, theirs * gap), (ours * gap, theirs * gap), (ours, ours)):
        assert p_value_of_worse(one, other) == 1
    assert p_value_of_worse(ours, np.full_like(ours, np.nan)) == 1


SEARCHES, TRIALS = 40, 20


def stopped_by_noise(seed: int) -> int:
    """Of a search of identical configurations, how many are stopped at a rung.

    A task in a fold is as hard for everyone; the networks of a fold share their luck, and cells have some of their own.
    """
    random = np.random.default_rng(seed)
    hardness = np.exp(random.normal(size=(FOLDS, GROUPS)))
    rungs, stopped = Rungs((10,)), 0
    for number in range(TRIALS):
        luck = 0.1 * random.normal(size=(FOLDS, 1)) + 0.2 * random.normal(size=(FOLDS, GROUPS))
        rung = toys.rung(10, hardness * np.exp(luck))
        stopped += bool(rungs.reason_to_stop(number, rung))
        rungs.note(number, rung)
    return stopped


def test_configurations_that_differ_by_luck_alone_are_seldom_stopped() -> None:
    """By rank alone two thirds would be; a trial is compared with a good one of many, which was lucky itself."""
    stopped = sum(stopped_by_noise(seed) for seed in range(SEARCHES))
    assert stopped / (SEARCHES * TRIALS) < 0.1


def test_of_configurations_that_do_differ_most_of_the_bad_ones_are_stopped() -> None:
    random = np.random.default_rng(0)
    rungs, stopped = Rungs((10,)), list[int]()
    levels = np.exp(random.uniform(0, 2, size=60))
    for number, level in enumerate(levels):
        rung = toys.rung(10, level * cells(1.0, number, noise=0.2))
        stopped += [number] if rungs.reason_to_stop(number, rung) else []
        rungs.note(number, rung)
    assert int(np.argmin(levels)) not in stopped
    assert len(stopped) > 25
    assert set(np.argsort(levels)[-10:]) - set(range(5)) <= set(stopped)


def test_what_a_finished_trial_ended_with_stands_at_the_rungs_that_it_did_not_reach() -> None:
    rungs = Rungs((10, 30, 90))
    for number in range(6):
        early = toys.rung(10, cells(9.0, number))
        rungs.note(number, early)
        rungs.finish(number, toys.rung(17, cells(1.0, number)))
        assert rungs.seen[10][number] is early
    assert rungs.reason_to_stop(99, toys.rung(90, cells(3.0, 99))).startswith("worse than trial")
    assert rungs.reason_to_stop(99, toys.rung(10, cells(3.0, 99))) == ""


def test_a_rung_is_the_same_after_json() -> None:
    given = Rung(30, 0.25, np.array([[0.5, math.nan], [0.125, 1e-300]]), 7)
    again = rung_from_json(json.loads(json.dumps(rung_to_json(given), allow_nan=False)))
    assert replace(again, cells=given.cells) == replace(given, cells=given.cells)
    np.testing.assert_array_equal(again.cells, given.cells)


def test_where_the_number_of_parameters_counts_a_trial_is_compared_with_no_larger_ones() -> None:
    def goes_on(sizes: Sequence[int], size: int, *, several: bool = True) -> bool:
        rungs = Rungs((10,), several=several)
        for number, parameters in enumerate(sizes):
            rungs.note(number, toys.rung(10, cells(1.0, number), parameters))
        return rungs.reason_to_stop(99, toys.rung(10, cells(3.0, 99), size)) == ""

    assert [goes_on([100] * 6, size) for size in (99, 100, 101)] == [True, False, False]
    assert not any(goes_on([100] * 6, size, several=False) for size in (99, 100, 101))
    assert goes_on([5] * (FEWEST_COMPARED - 1) + [1000] * 9, 10)  # too few that are no larger


def test_losses_at_a_rung_weigh_rows_and_leave_out_what_is_missing() -> None:
    dataset = zoo.gaps_and_weights()
    fold = np.arange(len(dataset)) % 2
    prediction = np.nan_to_num(dataset.target) + np.random.default_rng(0).normal(size=dataset.target.shape)
    rung = CellLosses(dataset, fold, "rmse", "rows").of(prediction, 5, 1)
    counts = np.where(np.isnan(dataset.target), 0.0, dataset.weight[:, None])  # type: ignore[index]
    squares = counts * np.nan_to_num(prediction - dataset.target) ** 2
    assert rung.error == pytest.approx(squares.sum() / counts.sum())
    inside = (fold == 1) & (dataset.task == 2)
    assert rung.cells[1, 2] == pytest.approx(squares[inside].sum() / counts[inside].sum())
