"""Greedy ensembles: what is chosen, within which limits, and that an ensemble's error is that of rows not chosen by."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.scoring import metric_named
from mthn_automl.models.base import Size
from mthn_automl.tuning.criteria import NO_LIMITS, Limits
from mthn_automl.tuning.ensemble import STEPS, Candidate, Ensemble, Target, blended, chosen_on_others, ensembles, greedy
from tests.tuning import toys

ROWS, TASKS = 120, 6
TASK = np.arange(ROWS) % TASKS
FOLDS = {"five folds": np.arange(ROWS) // TASKS % 5, "a hold-out": np.zeros(ROWS, dtype=np.int64)}
every_layout = pytest.mark.parametrize("fold", FOLDS.values(), ids=FOLDS)


def target_of(values: FloatArray, metric: str = "rmse", average: str = "rows") -> Target:
    return Target(values.reshape(len(TASK), -1), TASK, metric_named(metric), average)


def candidates_of(
    target: Target, predictions: Sequence[FloatArray], parameters: Sequence[int] = (), models: int = 2
) -> list[Candidate]:
    """The best first, as a search has them; parameters: of all models of each, 100 where nothing is said."""
    found = [
        Candidate(toys.result(target.error(each), size=Size(total, total, 0), models=models), number, each)
        for number, (each, total) in enumerate(zip(predictions, parameters or [100] * len(predictions), strict=True))
    ]
    return sorted(found, key=lambda each: each.result.error)


def noise(seed: int, columns: int = 1) -> FloatArray:
    return np.random.default_rng(seed).normal(size=(ROWS, columns))


def opposite() -> tuple[Target, list[Candidate]]:
    """Two that err in opposite ways, and one that is worse and errs in its own."""
    values, error = noise(0), noise(1)
    return (target := target_of(values)), candidates_of(
        target, [values + error, values - 1.01 * error, values + 1.5 * np.flip(error)]
    )


def found_of(target: Target, candidates: Sequence[Candidate], fold: IntArray, limits: Limits = NO_LIMITS) -> Ensemble:
    """The one with the most members."""
    return ensembles(target, candidates, fold, limits)[-1]


def own_error(target: Target, candidates: Sequence[Candidate], found: Ensemble) -> float:
    """Of the rows that its weights were chosen by."""
    return target.error(blended([each.prediction for each in candidates], found.weights))


@every_layout
def test_those_that_err_in_opposite_ways_are_chosen_and_are_far_better_together(fold: IntArray) -> None:
    target, candidates = opposite()
    alone, pair = ensembles(target, candidates, fold)[:2]
    assert (list(alone.weights), sorted(pair.weights)) == ([0], [0, 1])
    assert pair.error < 0.2 * alone.error
    assert alone.error == pytest.approx(candidates[0].result.error)


def test_of_equal_errors_the_candidate_that_comes_first_is_taken() -> None:
    values, error = noise(0), noise(1)
    target = target_of(values)
    candidates = candidates_of(target, [values + error] * 3)
    assert greedy(target, [each.prediction for each in candidates], candidates) == [{0: 1.0}]


PROBLEMS = {"rmse": "numbers", "r2": "numbers", "mae": "numbers", "log_loss": "classes", "roc_auc": "classes"}


def problem_of(metric: str, average: str) -> tuple[Target, list[FloatArray]]:
    """Eight candidates, each of which knows something of its own."""
    values, errors = noise(0), [noise(seed) for seed in range(1, 9)]
    if PROBLEMS[metric] == "numbers":
        return target_of(values, metric, average), [values + each for each in errors]
    likely = [1 / (1 + np.exp(-(values + each))) for each in errors]
    return target_of((values > 0).astype(float), metric, average), [np.hstack([1 - each, each]) for each in likely]


@every_layout
@pytest.mark.parametrize("average", ["rows", "tasks"])
@pytest.mark.parametrize("metric", PROBLEMS)
def test_ensembles_are_weighted_means_in_rising_numbers_whatever_is_measured(
    metric: str, average: str, fold: IntArray
) -> None:
    target, predictions = problem_of(metric, average)
    candidates = candidates_of(target, predictions)
    found = ensembles(target, candidates, fold)
    assert len(found[0].weights) == 1
    assert len(found) > 1
    for less, more in pairwise(found):
        assert len(less.weights) < len(more.weights)
        assert own_error(target, candidates, less) > own_error(target, candidates, more)
    for each in found:
        weights = np.array(list(each.weights.values()))
        assert weights.sum() == pytest.approx(1.0)
        assert (weights >= 1 / STEPS - 1e-12).all()
        assert each.prediction.shape == predictions[0].shape
        assert (
            each.error == target.error(each.prediction) == {"rows": each.error_rows, "tasks": each.error_tasks}[average]
        )
        of_folds = [target.take(rows).error(each.prediction[rows]) for rows in map(np.flatnonzero, parts_of(fold))]
        assert each.fold_errors == tuple(of_folds)
        assert len(of_folds) == len(np.unique(fold))
        if PROBLEMS[metric] == "classes":
            np.testing.assert_allclose(each.prediction.sum(axis=1), 1.0)


def parts_of(fold: IntArray) -> list[IntArray]:
    return [fold == number for number in np.unique(fold)]


@every_layout
def test_what_is_pure_noise_gains_nothing_by_being_chosen_from(fold: IntArray) -> None:
    """The rows that choose see a gain, as they do in the best single one; rows that did not choose see none."""
    own, honest, single = list[float](), list[float](), list[float]()
    for seed in range(12):
        target = target_of(noise(1000 + seed))
        candidates = candidates_of(target, [0.4 * noise(100 * seed + number) for number in range(20)])
        found = found_of(target, candidates, fold)
        own.append(own_error(target, candidates, found))
        honest.append(found.error)
        single.append(candidates[0].result.error)
    spread = np.std(np.subtract(honest, single)) / np.sqrt(len(honest))
    assert np.mean(honest) > np.mean(single) - 2 * spread
    assert np.mean(own) < np.mean(single) - 2 * spread


@every_layout
def test_a_row_is_predicted_by_weights_that_its_own_target_had_no_part_in(fold: IntArray) -> None:
    """With the targets of a part changed, the predictions of its rows stay."""
    target, predictions = problem_of("rmse", "rows")
    part = fold == 0 if fold.any() else np.arange(ROWS) % 5 == 0
    candidates = candidates_of(target, predictions)
    moved = replace(target, values=np.where(part[:, None], -target.values, target.values))
    before, after = (found_of(each, candidates, fold, Limits(parameters=150)) for each in (target, moved))
    for found in (before, after):
        assert len(found.weights) == 3
    np.testing.assert_array_equal(before.prediction[part], after.prediction[part])
    assert not np.array_equal(before.prediction[~part], after.prediction[~part])


def test_members_keep_the_limits_together_with_a_fold_of_each() -> None:
    target, predictions = problem_of("rmse", "rows")
    candidates = candidates_of(target, predictions, parameters=[100 * (1 + number) for number in range(8)])
    free = found_of(target, candidates, FOLDS["five folds"])
    for limits in (Limits(parameters=500), Limits(parameters_per_task=260), Limits(latency=1.6)):
        found = ensembles(target, candidates, FOLDS["five folds"], limits)
        assert len(found) > 1
        for each in found:
            members = [candidates[index] for index in each.weights]
            size = sum((member.model_size for member in members), Size(0, 0, 0))
            assert limits.broken(size, sum(member.model_latency for member in members)) == ""
        assert len(found[-1].weights) < len(free.weights)
    assert ensembles(target, candidates, FOLDS["five folds"], Limits(parameters=49)) == []


def test_a_metric_that_the_other_folds_leave_undefined_is_no_error() -> None:
    """All rows of one class lie in the first fold, so that what chooses for it has nothing to choose by."""
    target, predictions = problem_of("roc_auc", "rows")
    fold = np.where(target.values[:, 0] == 1, 0, 1 + np.arange(ROWS) % 2)
    found = found_of(target, candidates_of(target, predictions), fold)
    assert np.isfinite(found.prediction).all()
    assert np.isfinite(found.error)
    assert np.isnan(found.fold_errors[1:]).all()


def test_rows_that_count_more_and_targets_that_are_known_choose_the_members() -> None:
    """Two that are right in one half each: of the heavy half, and of the only one whose target is known."""
    values, wrong = noise(0), noise(1)
    first = np.arange(ROWS)[:, None] < ROWS // 2
    predictions = [values + np.where(first, 0.0, wrong), values + np.where(first, wrong, 0.0)]
    heavy = replace(target_of(values), weight=np.where(first[:, 0], 1e-6, 1.0))
    known = target_of(np.where(first, values, np.nan))
    for target, best in ((heavy, 1), (known, 0)):
        candidates = candidates_of(target, predictions)
        assert candidates[0].number == best
        assert greedy(target, [each.prediction for each in candidates], candidates) == [{0: 1.0}]
    assert heavy.take(np.arange(3)).error(values[:3]) == 0.0


def test_within_limits_many_small_members_are_found_although_the_best_single_model_leaves_no_room() -> None:
    """The best one fills the limit; four of a sixth of its size, a little worse each, are far better together."""
    values = noise(0)
    target = target_of(values)
    predictions = [values + noise(1), *(values + 1.1 * noise(seed) for seed in range(2, 6))]
    small = [10_000, *[1_600] * 4]
    candidates = candidates_of(target, predictions, parameters=small, models=1)
    for limits in (Limits(parameters=10_000), Limits(parameters=3_300)):
        alone, *found = ensembles(target, candidates, FOLDS["five folds"], limits)
        assert found, limits
        sizes = [sum(candidates[index].model_size.total for index in each.weights) for each in found]
        assert max(sizes) <= (limits.parameters or 0)
        assert len(found[-1].weights) == (4 if limits.parameters == 10_000 else 2)
        assert found[-1].error < 0.8 * alone.error
    free, bound = (found_of(target, candidates, FOLDS["five folds"], each) for each in (NO_LIMITS, limits))
    assert len(free.weights) > len(bound.weights)


def test_what_keeps_a_single_unit_together_is_scored_by_rows_that_others_chose() -> None:
    """Of pure noise the rows that chose the weights would always praise them."""
    values, fold = noise(0), np.zeros(ROWS, dtype=np.int64)
    candidates = candidates_of(target := target_of(values), [noise(seed) for seed in (1, 2, 3)])
    found = ensembles(target, candidates, fold, unit=np.full(ROWS, 7))[-1]
    assert found.error > own_error(target, candidates, found)


def test_a_selection_without_time_is_of_the_best_alone_and_one_with_little_still_has_an_error() -> None:
    target, candidates = opposite()
    fold = FOLDS["five folds"]
    assert [len(each.weights) for each in ensembles(target, candidates, fold, seconds=0.0)] == [1]
    assert len(ensembles(target, candidates, fold, seconds=60.0)) > 1


def test_each_group_is_predicted_by_what_is_best_on_the_others_and_an_undefined_error_chooses_nothing() -> None:
    target = Target(np.zeros((4, 1)), np.zeros(4, dtype=int), metric_named("mse"), "rows")
    first, second, group = np.array([[0.0], [0], [3], [3]]), np.array([[2.0], [2], [0], [0]]), np.array([0, 0, 1, 1])
    assert chosen_on_others(target, [first, second], group)[:, 0].tolist() == [2.0, 2.0, 3.0, 3.0]
    unknown = np.full((4, 1), np.nan)
    assert chosen_on_others(target, [unknown, second], group)[:, 0].tolist() == [2.0, 2.0, 0.0, 0.0]
