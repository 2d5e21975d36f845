"""Who is stopped at a rung: clearly worse configurations, with a reason, and nobody by noise alone."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.data.scoring import metric_named
from mthn_automl.tuning import rungs as module
from mthn_automl.tuning.rungs import (
    FEWEST_COMPARED,
    FEWEST_STEPS,
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
every_schedule = pytest.mark.parametrize(
    ("epochs", "steps", "check_every"),
    [(1000, 2.0, 3), (600, 10.0, 1), (90, 67.0, 5), (30, 500.0, 1), (1000, 0.5, 7), (360, 1.5, 3)],
)


@every_schedule
def test_rungs_are_checks_and_lie_before_the_end(epochs: int, steps: float, check_every: int) -> None:
    found = rung_epochs(epochs, steps, check_every)
    assert found
    assert list(found) == sorted(set(found))
    assert all(epoch % check_every == 0 and 0 < epoch < epochs for epoch in found)


@every_schedule
def test_no_rung_comes_before_a_training_has_taken_its_fewest_steps(
    epochs: int, steps: float, check_every: int
) -> None:
    assert rung_epochs(epochs, steps, check_every)[0] * max(steps, 1.0) >= FEWEST_STEPS


@every_schedule
def test_each_rung_is_about_twice_as_late_as_the_one_before(epochs: int, steps: float, check_every: int) -> None:
    later = [*rung_epochs(epochs, steps, check_every), epochs]
    assert [long / SPACING for long in later[1:]] == pytest.approx(later[:-1], abs=check_every)


def test_a_training_that_is_over_soon_has_no_rungs() -> None:
    assert rung_epochs(30, 1.0, 1) == ()


def test_the_rungs_of_a_plan_follow_from_the_rows_of_a_fold() -> None:
    plan = toys.plan(folds=5, epochs=900)
    assert with_rungs(plan, 800).schedule.rungs == rung_epochs(900, 800 * 4 / 5 / 16, 1)
    assert with_rungs(toys.plan(folds=1, epochs=900), 800).schedule.rungs == rung_epochs(900, 50, 1)


def losses(dataset: Dataset, metric: str, average: str = "rows") -> tuple[CellLosses, FloatArray]:
    fold = np.arange(len(dataset)) % 3 - 1
    return CellLosses(dataset, fold, metric, average), fold


def noisy_prediction(dataset: Dataset) -> FloatArray:
    return np.random.default_rng(0).normal(size=(len(dataset), dataset.schema.outputs))


@pytest.mark.parametrize(("metric", "of_cells"), [("rmse", "mse"), ("r2", "mse"), ("mse", "mse"), ("mae", "mae")])
def test_a_cell_is_the_loss_of_the_rows_of_a_task_in_a_fold(metric: str, of_cells: str) -> None:
    dataset = zoo.planted()
    of, fold = losses(dataset, metric)
    prediction = noisy_prediction(dataset)
    rung = of.of(prediction, 7, 42)
    assert (rung.epoch, rung.parameters, rung.cells.shape) == (7, 42, (2, len(dataset.tasks)))
    for number, task in np.ndindex(rung.cells.shape):
        rows = (fold == number) & (dataset.task == task)
        alone = metric_named(of_cells).function(dataset.target[rows], prediction[rows])
        assert rung.cells[number, task] == pytest.approx(alone, nan_ok=True)


@pytest.mark.parametrize("animal", [zoo.binary, zoo.multiclass], ids=["binary", "multiclass"])
@pytest.mark.parametrize("metric", ["accuracy", "roc_auc", "log_loss", "f1"])
def test_classes_are_compared_by_log_loss(animal: object, metric: str) -> None:
    dataset: Dataset = animal()  # type: ignore[operator]
    of, fold = losses(dataset, metric)
    prediction = np.full((len(dataset), dataset.schema.outputs), 1 / dataset.schema.outputs)
    scored = fold >= 0
    assert of.of(prediction, 1, 1).error == pytest.approx(
        metric_named("log_loss").function(dataset.target[scored], prediction[scored])
    )


@pytest.mark.parametrize("average", ["rows", "tasks"])
def test_the_error_of_a_rung_averages_as_the_search_does(average: str) -> None:
    dataset = zoo.planted()
    dataset = dataset.take(np.flatnonzero((dataset.task != 0) | (np.arange(len(dataset)) % 5 == 0)))
    of, fold = losses(dataset, "rmse", average)
    prediction, scored = noisy_prediction(dataset), fold >= 0
    squared = (dataset.target - prediction)[:, 0] ** 2
    over_rows = squared[scored].mean()
    rung = of.of(prediction, 1, 1)
    assert rung.error == pytest.approx(over_rows if average == "rows" else np.nanmean(rung.cells))
    assert np.nanmean(rung.cells) != pytest.approx(over_rows)


def test_where_a_fold_has_no_rows_of_a_task_its_cell_is_unknown() -> None:
    dataset = zoo.planted()
    fold = np.where(dataset.task == 1, 0, np.arange(len(dataset)) % 2)
    cells = CellLosses(dataset, fold, "rmse", "rows").of(noisy_prediction(dataset), 1, 1).cells
    assert np.argwhere(np.isnan(cells)).tolist() == [[1, 1]]


def test_rows_that_are_never_scored_do_not_count() -> None:
    dataset = zoo.planted()
    of, fold = losses(dataset, "rmse")
    prediction = noisy_prediction(dataset)
    without = np.where((fold == -1)[:, None], np.nan, prediction)
    np.testing.assert_array_equal(of.of(prediction, 1, 1).cells, of.of(without, 1, 1).cells)


def test_many_tasks_are_compared_in_groups_and_no_row_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = zoo.planted()
    monkeypatch.setattr(module, "MOST_GROUPS", 4)
    of, fold = losses(dataset, "rmse")
    prediction = noisy_prediction(dataset)
    cells, squared = of.of(prediction, 1, 1).cells, (dataset.target - prediction)[:, 0] ** 2
    assert cells.shape == (2, 4)
    assert len(dataset.tasks) > 4
    grouped = [
        [squared[(fold == number) & (dataset.task % 4 == group)].mean() for group in range(4)] for number in (0, 1)
    ]
    np.testing.assert_allclose(cells, grouped)


def test_more_tasks_than_groups_are_usual() -> None:
    tasks = MOST_GROUPS + 50
    dataset = toys.cubic_dataset(tasks=tasks, rows=2, metadata=False)
    fold = np.arange(len(dataset)) % 2
    assert CellLosses(dataset, fold, "rmse", "rows").of(dataset.target, 1, 1).cells.shape == (2, MOST_GROUPS)


def cells(level: float, seed: int = 0, noise: float = 0.05) -> FloatArray:
    """(folds, groups) of losses around a level."""
    return level * np.exp(noise * np.random.default_rng(seed).normal(size=(FOLDS, GROUPS)))


def filled(levels: Sequence[float], *, epoch: int = 10, several: bool = False) -> Rungs:
    """Trials of these levels, numbered from 0, that were all at a rung."""
    rungs = Rungs((10, 30, 90), several=several)
    for number, level in enumerate(levels):
        rungs.note(number, toys.rung(epoch, cells(level, number)))
    return rungs


NINE = [1.0, 1.1, 1.2, 2.0, 2.1, 2.2, 3.0, 3.1, 3.2]


@pytest.mark.parametrize("before", range(FEWEST_COMPARED))
def test_nobody_is_stopped_before_there_are_others_to_compare_with(before: int) -> None:
    assert filled([1.0] * before).reason_to_stop(99, toys.rung(10, cells(50.0))) == ""


def test_a_trial_is_not_compared_with_itself() -> None:
    rungs = filled([1.0] * FEWEST_COMPARED)
    assert rungs.reason_to_stop(0, toys.rung(10, cells(50.0))) == ""


@pytest.mark.parametrize("level", [0.5, 0.99, 1.15])
def test_one_of_the_best_third_goes_on(level: float) -> None:
    assert filled(NINE).reason_to_stop(99, toys.rung(10, cells(level, 99))) == ""


def test_one_that_is_clearly_worse_is_stopped_and_the_reason_says_than_whom_and_where() -> None:
    rung = toys.rung(30, cells(2.5, 99))
    rungs = filled(NINE, epoch=30)
    p_value = p_value_of_worse(rung.cells, rungs.seen[30][3].cells)
    assert p_value < SIGNIFICANCE
    assert rungs.reason_to_stop(99, rung) == (
        f"worse than trial 3, the last of the best third, at rung 2 of 3 (epoch 30, p = {p_value:.2g})"
    )


def test_what_others_showed_at_another_rung_does_not_count() -> None:
    assert filled(NINE, epoch=10).reason_to_stop(99, toys.rung(30, cells(50.0))) == ""


def test_asking_is_not_noting() -> None:
    rungs = filled(NINE)
    rungs.reason_to_stop(99, toys.rung(10, cells(0.1)))
    assert 99 not in rungs.seen[10]


def test_a_rung_that_the_plan_does_not_have_is_not_kept_and_stops_nobody() -> None:
    rungs = filled(NINE)
    rungs.note(50, toys.rung(11, cells(1.0)))
    assert set(rungs.seen) == {10, 30, 90}
    assert rungs.reason_to_stop(99, toys.rung(11, cells(50.0))) == ""


def test_equal_losses_stop_nobody() -> None:
    rungs, same = filled([]), toys.rung(10, cells(1.0))
    for number in range(9):
        rungs.note(number, same)
    assert rungs.reason_to_stop(99, same) == ""


def test_one_that_is_worse_in_all_folds_but_one_goes_on() -> None:
    others, rung = filled([1.0] * 6), cells(3.0, 99)
    rung[1] = 0.5
    assert others.reason_to_stop(99, toys.rung(10, rung)) == ""


def test_unknown_cells_do_not_hinder_the_comparison() -> None:
    known = np.where(np.arange(FOLDS * GROUPS).reshape(FOLDS, GROUPS) % 5 == 0, np.nan, 1.0)
    rungs = Rungs((10,))
    for number in range(6):
        rungs.note(number, toys.rung(10, cells(1.0, number) * known))
    assert rungs.reason_to_stop(99, toys.rung(10, cells(3.0, 99) * known)).startswith("worse than trial")


@pytest.mark.parametrize("shape", [pytest.param((1, GROUPS), id="one fold"), pytest.param((12, 1), id="one task")])
def test_one_fold_or_one_task_is_enough_where_there_are_cells(shape: tuple[int, int]) -> None:
    rungs = Rungs((10,))
    for number in range(6):
        rungs.note(number, toys.rung(10, np.full(shape, 1.0 + 0.01 * number)))
    worse = toys.rung(10, 3.0 + np.arange(math.prod(shape)).reshape(shape))
    assert rungs.reason_to_stop(99, worse).startswith("worse than trial")


def test_two_cells_can_never_show_that_one_is_worse() -> None:
    rungs = Rungs((10,))
    for number in range(6):
        rungs.note(number, toys.rung(10, [[1.0], [1.0]]))
    assert rungs.reason_to_stop(99, toys.rung(10, [[50.0], [60.0]])) == ""


@pytest.mark.parametrize("where", ["ours", "theirs", "both"])
def test_a_fold_without_any_known_cell_shows_nothing(where: str) -> None:
    gap = np.where(np.arange(FOLDS)[:, None] == 1, np.nan, 1.0)
    ours, theirs = cells(3.0, 1), cells(1.0, 2)
    assert p_value_of_worse(ours * gap if where != "theirs" else ours, theirs * gap if where != "ours" else theirs) == 1


@pytest.mark.parametrize("theirs", [cells(1.0), np.full((FOLDS, GROUPS), np.nan)], ids=["equal", "unknown"])
def test_nothing_known_or_nothing_different_is_no_proof(theirs: FloatArray) -> None:
    assert p_value_of_worse(cells(1.0), theirs) == 1


def test_the_p_value_is_that_of_the_signed_ranks() -> None:
    """With all of n differences above 0, one of the 2^n choices of signs is as extreme."""
    ours = np.arange(1.0, 9.0).reshape(2, 4)
    assert p_value_of_worse(ours, np.zeros((2, 4))) == pytest.approx(0.5**8)


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


def with_sizes(parameters: Sequence[int], *, several: bool) -> Rungs:
    rungs = Rungs((10,), several=several)
    for number, size in enumerate(parameters):
        rungs.note(number, toys.rung(10, cells(1.0, number), size))
    return rungs


@pytest.mark.parametrize(("size", "stopped"), [(99, False), (100, True), (101, True)])
def test_where_the_number_of_parameters_counts_a_trial_is_compared_with_no_larger_ones(
    size: int, stopped: bool
) -> None:
    rung = toys.rung(10, cells(3.0, 99), size)
    assert bool(with_sizes([100] * 6, several=True).reason_to_stop(99, rung)) == stopped
    assert with_sizes([100] * 6, several=False).reason_to_stop(99, rung)


def test_larger_ones_are_not_among_those_that_must_have_been_there() -> None:
    rungs = with_sizes([5] * (FEWEST_COMPARED - 1) + [1000] * 9, several=True)
    assert rungs.reason_to_stop(99, toys.rung(10, cells(50.0), 10)) == ""


def test_a_rung_is_the_same_after_json() -> None:
    given = Rung(30, 0.25, np.array([[0.5, math.nan], [0.125, 1e-300]]), 7)
    again = rung_from_json(json.loads(json.dumps(rung_to_json(given), allow_nan=False)))
    assert replace(again, cells=given.cells) == replace(given, cells=given.cells)
    np.testing.assert_array_equal(again.cells, given.cells)
