"""Intervals hold as often as they say, are as wide as their task asks, and wider where nothing is known of it."""

from typing import Any

import numpy as np
import pytest

from mthn_automl.deployment.calibration.intervals import Intervals, Residuals, intervals_of
from mthn_automl.errors import UsageError

TASKS, ROWS = 10, 40
NOISE = np.where(np.arange(TASKS) < 5, 1.0, 4.0)


def residuals(rng: np.random.Generator, noise: np.ndarray, rows: int = ROWS, targets: int = 1) -> Residuals:
    task = np.repeat(np.arange(len(noise)), rows)
    prediction = rng.normal(size=(len(task), targets))
    return Residuals(prediction + noise[task, None] * rng.normal(size=prediction.shape), prediction, task)


def known(rng: np.random.Generator, noise: np.ndarray, rows: int = ROWS) -> Intervals:
    return intervals_of(residuals(rng, noise, rows), None, len(noise), counts=False, source="unknown")


def half(found: Intervals, task: int, level: float = 0.9, prediction: float = 0.0) -> float:
    low, high = found.bounds(np.full((1, len(found.targets)), prediction), np.array([task]), level)
    return float((high - low)[0, 0]) / 2


def test_rows_are_covered_as_often_as_asked_over_draws_of_all_rows() -> None:
    """The scale is learnt from the same rows, so that their own scores must not know of themselves."""
    rng, inside = np.random.default_rng(0), list[float]()
    for _ in range(300):
        found, new = known(rng, NOISE, 12), residuals(rng, NOISE, 12)
        low, high = found.bounds(new.prediction, new.task, 0.9)
        inside.append(float(((low <= new.target) & (new.target <= high)).mean()))
    error = 4 * np.std(inside) / np.sqrt(len(inside))
    assert 0.9 - error - 0.003 <= np.mean(inside) <= 0.9 + 1 / 121 + error + 0.003


def test_tasks_that_differ_get_widths_of_their_own_and_are_covered_each() -> None:
    rng = np.random.default_rng(1)
    found, new = known(rng, NOISE), residuals(rng, NOISE, 400)
    assert half(found, 9) > 2.5 * half(found, 0)
    low, high = found.bounds(new.prediction, new.task, 0.9)
    inside = ((low <= new.target) & (new.target <= high))[:, 0]
    by_task = np.bincount(new.task, inside) / 400
    assert by_task.min() > 0.75


def test_tasks_that_are_alike_share_one_width() -> None:
    found = known(np.random.default_rng(2), np.ones(TASKS))
    assert half(found, 0) == pytest.approx(half(found, 9), rel=0.2)
    assert half(found, 0) == pytest.approx(1.645, rel=0.1)


def test_a_task_of_few_rows_is_shrunk_towards_all_and_one_of_many_is_not() -> None:
    """Both have residuals a tenth of the others'."""
    rng = np.random.default_rng(3)
    everyone = residuals(rng, NOISE)
    task = np.concatenate([everyone.task, [10, 10], np.full(200, 11)])
    small = 0.1 * rng.normal(size=(202, 1))
    target = np.concatenate([everyone.target, small])
    prediction = np.concatenate([everyone.prediction, np.zeros((202, 1))])
    found = intervals_of(Residuals(target, prediction, task), None, 12, counts=False, source="unknown")
    assert half(found, 10) > 2 * half(found, 11)


def test_tasks_never_seen_get_wider_intervals_by_what_was_off_for_tasks_never_seen() -> None:
    rng = np.random.default_rng(4)
    near, far = residuals(rng, np.ones(TASKS)), residuals(rng, np.full(TASKS, 3.0))
    found = intervals_of(near, far, TASKS, counts=False, source="estimated")
    assert half(found, TASKS) > 2 * half(found, 0)


def test_where_all_rows_were_of_tasks_never_seen_known_ones_get_the_same() -> None:
    far = residuals(np.random.default_rng(5), np.ones(20))
    found = intervals_of(None, far, 20, counts=False, source="measured")
    assert half(found, 0) == half(found, 20)


def test_counts_are_never_below_0_and_wider_where_more_is_expected() -> None:
    rng = np.random.default_rng(6)
    mean = np.exp(rng.normal(1.0, 1.5, size=(2000, 1)))
    task = np.arange(2000) % TASKS
    counted = Residuals(rng.poisson(mean).astype(float), mean, task)
    found = intervals_of(counted, counted, TASKS, counts=True, source="estimated")
    assert half(found, 0, prediction=100.0) > 3 * half(found, 0, prediction=1.0)
    low, high = found.bounds(np.full((1, 1), 0.1), np.array([0]), 0.9, least=0.0)
    assert (low[0, 0], high[0, 0] > 0.1) == (0.0, True)


def test_each_of_several_targets_has_its_own_by_the_rows_that_have_it() -> None:
    both = residuals(np.random.default_rng(7), np.ones(TASKS), targets=2)
    both.target[:, 1] = both.prediction[:, 1] + 10 * (both.target[:, 1] - both.prediction[:, 1])
    both.target[::2, 1] = np.nan
    found = intervals_of(both, None, TASKS, counts=False, source="unknown")
    low, high = found.bounds(np.zeros((1, 2)), np.array([0]), 0.9)
    assert [each.rows for each in found.targets] == [TASKS * ROWS, TASKS * ROWS // 2]
    assert (high - low)[0, 1] > 5 * (high - low)[0, 0]


def test_weights_count() -> None:
    rng = np.random.default_rng(8)
    given = residuals(rng, np.where(np.arange(TASKS) < 5, 1.0, 1.0))
    large = np.abs(given.target - given.prediction)[:, 0] > 1.0
    heavy = Residuals(given.target, given.prediction, given.task, np.where(large, 5.0, 1.0))
    found = [intervals_of(each, None, TASKS, counts=False, source="unknown") for each in (given, heavy)]
    assert half(found[1], 0) > 1.1 * half(found[0], 0)


def test_predictions_without_error_have_intervals_without_width() -> None:
    exact = Residuals(np.ones((30, 1)), np.ones((30, 1)), np.arange(30) % 3)
    assert half(intervals_of(exact, exact, 3, counts=False, source="estimated"), 0) == 0.0


NO_NUMBERS = [(0, "0.9"), (0, True), pytest.param(0, 10**5000, id="of 5,001 digits")]


@pytest.mark.parametrize(
    ("task", "level"), [(0, 0.999), (TASKS, 0.95), (0, 0.0), (0, 1.0), (0, 90.0), (0, np.nan), *NO_NUMBERS]
)
def test_a_level_that_there_is_not_or_that_nothing_supports_is_refused(task: int, level: Any) -> None:
    some = residuals(np.random.default_rng(9), NOISE)
    found = intervals_of(some, some, TASKS, counts=False, source="estimated")
    with pytest.raises(UsageError, match=r"The level of an interval must .*, however it is "):
        found.bounds(np.zeros((1, 1)), np.array([task]), level)


def test_a_level_is_refused_by_how_many_rows_or_tasks_there_are() -> None:
    some = residuals(np.random.default_rng(9), NOISE)
    found = intervals_of(some, some, TASKS, counts=False, source="estimated")
    with pytest.raises(UsageError, match=r"at most 0\.909 by 10 tasks predicted as never seen"):
        half(found, TASKS, 0.95)
    with pytest.raises(UsageError, match="none at all by 0 tasks predicted as never seen"):
        half(known(np.random.default_rng(9), NOISE), TASKS, 0.5)
