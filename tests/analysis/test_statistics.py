"""Tests and intervals agree with scipy, with numbers worked by hand, and with their own promise of coverage."""

from typing import Literal

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy import stats

from mthn_automl.analysis.statistics import (
    Paired,
    bootstrap_interval,
    bootstrap_saving,
    corrected_resampled_t_test,
    holm,
    wilcoxon,
)
from mthn_automl.data import metrics
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import metric_named

Average = Literal["rows", "tasks"]
DIFFERENCES = [0.3, 0.1, 0.4, -0.1, 0.2]


def test_without_shared_rows_the_test_is_the_paired_t_test() -> None:
    ours, theirs = corrected_resampled_t_test(DIFFERENCES, 0.0), stats.ttest_1samp(DIFFERENCES, 0.0)
    interval = theirs.confidence_interval(0.95)
    expected = np.array([np.mean(DIFFERENCES), interval.low, interval.high, theirs.pvalue])
    assert_allclose(np.array([ours.difference, ours.low, ours.high, ours.p_value]), expected)


def test_shared_rows_widen_the_interval_as_nadeau_and_bengio_say() -> None:
    paired = corrected_resampled_t_test(DIFFERENCES, 0.25)
    # mean 0.18, variance 0.037, error sqrt(0.037 * (1/5 + 1/4)) = 0.12903, t(4, 97.5 %) = 2.77645
    assert paired.low == pytest.approx(0.18 - 2.77645 * 0.129035, abs=1e-5)
    assert paired.high == pytest.approx(0.18 + 2.77645 * 0.129035, abs=1e-5)
    assert paired.p_value == pytest.approx(2 * stats.t.sf(0.18 / 0.129035, 4), abs=1e-5)


def test_swapping_the_methods_turns_the_interval_round() -> None:
    one, other = (corrected_resampled_t_test(sign * np.array(DIFFERENCES), 0.25) for sign in (1, -1))
    assert other == Paired(-one.difference, -one.high, -one.low, one.p_value)


def test_equal_differences_are_so_many_coins_that_fall_alike() -> None:
    assert corrected_resampled_t_test([0.0] * 4, 0.25) == Paired(0.0, 0.0, 0.0, 1.0)
    assert corrected_resampled_t_test([0.5] * 4, 0.25) == Paired(0.5, 0.5, 0.5, 2 * 0.5**4)


def test_one_resample_none_a_missing_or_a_diverged_one_cannot_be_tested_and_has_no_interval() -> None:
    for differences in ([0.4], [], [0.4, np.nan, 0.2], [0.4, np.inf, 0.2]):
        paired = corrected_resampled_t_test(differences, 0.25)
        assert np.isnan([paired.low, paired.high, paired.p_value]).all()


@pytest.mark.parametrize(
    ("raw", "adjusted"),
    [
        pytest.param([0.01, 0.04, 0.03], [0.03, 0.06, 0.06], id="three p-values"),
        pytest.param([0.01, np.nan, 0.04], [0.02, np.nan, 0.04], id="one unknown, not counted"),
        pytest.param([0.9, 0.8], [1.0, 1.0], id="none above one"),
        pytest.param([0.02, 0.02], [0.04, 0.04], id="ties"),
        pytest.param([], [], id="none"),
    ],
)
def test_holm_raises_p_values_by_their_number(raw: list[float], adjusted: list[float]) -> None:
    assert_allclose(holm(raw), adjusted)


def test_the_interval_of_a_mean_is_the_bootstrap_t_of_textbooks() -> None:
    error = np.random.default_rng(0).normal(size=(30, 1))
    losses, tail = error[:, 0] ** 2, 0.02  # 4 % are asked for where 5 % may miss
    drawn = losses[np.random.default_rng(5).integers(30, size=(20_000, 30))]
    apart = (drawn.mean(axis=1) - losses.mean()) / (drawn.std(axis=1) / np.sqrt(29))
    high, low = np.quantile(apart, [tail, 1 - tail])
    expected = losses.mean() - np.array([low, high]) * losses.std() / np.sqrt(29)
    found = bootstrap_interval(
        metric_named("mse"), 0 * error, error, np.zeros(30, dtype=int), "rows", seed=0, resamples=20_000
    )
    assert_allclose(found, expected, rtol=0.03)


def test_the_interval_of_a_ratio_of_means_has_the_spread_that_jackknifing_gives() -> None:
    rng = np.random.default_rng(0)
    target = rng.normal(size=(400, 1))
    prediction, metric = target + rng.normal(size=(400, 1)) * 0.5, metric_named("r2")
    low, high = bootstrap_interval(metric, target, prediction, np.zeros(400, dtype=int), "rows", seed=0)
    without = [np.delete(np.arange(400), row) for row in range(400)]
    left_out = np.array([metric.function(target[rows], prediction[rows]) for rows in without])
    assert high - low == pytest.approx(2 * 2.05 * np.sqrt(399) * left_out.std(), rel=0.1)


def test_no_wrong_row_of_ten_leaves_room_for_wrong_ones() -> None:
    target, right = np.zeros((10, 1)), np.tile([1.0, 0.0], (10, 1))
    low, high = bootstrap_interval(metric_named("accuracy"), target, right, np.zeros(10, dtype=int), "rows", seed=0)
    wilson = stats.binomtest(0, 10).proportion_ci(method="wilson")
    assert_allclose([low, high], [wilson.low, wilson.high])


def test_the_interval_of_an_area_stays_between_nought_and_one() -> None:
    rng = np.random.default_rng(0)
    target = (np.arange(20) % 2).astype(float)[:, None]
    score = (target[:, 0] + 0.6 * rng.normal(size=20)).clip(0, 1)
    probability, metric = np.column_stack([1 - score, score]), metric_named("roc_auc")
    low, high = bootstrap_interval(metric, target, probability, np.zeros(20, dtype=int), "rows", seed=0)
    assert 0 < low < metric.function(target, probability) < high < 1


def test_what_is_saved_of_an_error_is_paired_over_rows() -> None:
    error = np.random.default_rng(0).normal(size=(60, 1))
    given = metric_named("rmse"), 0 * error
    assert_allclose(bootstrap_saving(*given, 0.8 * error, error, seed=0), (0.2, 0.2))
    low, high = bootstrap_saving(*given, error, np.random.default_rng(1).normal(size=(60, 1)), seed=0)
    assert low < 0 < high
    assert np.isnan(bootstrap_saving(*given, error, error, seed=0, unit=np.zeros(60, dtype=int))).all()


@pytest.mark.parametrize(
    ("differences", "p_value"),
    [
        pytest.param([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2 / 2**6, id="all of one sign"),
        pytest.param([0.0] * 8, 1.0, id="none at all"),
        pytest.param([1.0] * 5, np.nan, id="too few to show anything"),
        pytest.param([1.0, 2.0, 3.0, 4.0, 5.0, np.nan], np.nan, id="too few that are known"),
    ],
)
def test_signed_ranks_over_tasks(differences: list[float], p_value: float) -> None:
    assert_allclose(wilcoxon(differences), p_value)


def test_the_interval_of_tasks_resamples_tasks_and_not_rows() -> None:
    task = np.repeat(np.arange(10), 50)
    prediction = np.sqrt(task.astype(float))[:, None]  # squared error of task t is t, for every row
    interval = bootstrap_interval(metric_named("mse"), np.zeros((500, 1)), prediction, task, "tasks", seed=1)
    reach = 2.4 * np.std(np.arange(10)) / np.sqrt(9)  # nearly Student's, of nine degrees of freedom, at 4 %
    assert_allclose(interval, (4.5 - reach, 4.5 + reach), rtol=0.1)


def test_rows_that_were_held_out_together_are_drawn_together() -> None:
    """Equal rows of a unit say no more than one of them; units are drawn as often as rows would be."""
    error = np.random.default_rng(2).normal(size=(40, 1))
    unit, alone = np.repeat(np.arange(40), 25), np.arange(40)
    metric, many = metric_named("mse"), np.repeat(error, 25, axis=0)
    together = bootstrap_interval(metric, 0 * many, many, unit, "rows", seed=0, unit=unit)
    assert_allclose(together, bootstrap_interval(metric, 0 * error, error, alone, "rows", seed=0))
    low, high = bootstrap_interval(metric, 0 * many, many, unit, "rows", seed=0)
    assert high - low < 0.4 * (together[1] - together[0])
    assert np.isnan(bootstrap_interval(metric, 0 * many, many, unit, "rows", seed=0, unit=0 * unit)).all()


def covers_one(average: Average, seed: int) -> bool:
    """Whether the interval of one sample holds the expected squared error of standard normal numbers."""
    error = np.random.default_rng(seed).normal(size=(120, 1))
    task = np.repeat(np.arange(60), 2)
    low, high = bootstrap_interval(metric_named("mse"), 0 * error, error, task, average, seed=seed, resamples=300)
    return low <= 1.0 <= high


@pytest.mark.parametrize("average", ["rows", "tasks"])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(average: Average) -> None:
    assert 0.88 <= np.mean([covers_one(average, seed) for seed in range(250)]) <= 0.98


def test_the_interval_of_a_class_metric_holds_its_error() -> None:
    rng = np.random.default_rng(3)
    target = rng.integers(3, size=(150, 1)).astype(float)
    raw = rng.uniform(0.1, 1.0, (150, 3)) + 0.3 * (target == np.arange(3))
    probabilities = raw / raw.sum(axis=1, keepdims=True)
    for metric in (each for each in map(metric_named, metrics.names()) if Problem.MULTICLASS in each.problems):
        low, high = bootstrap_interval(metric, target, probabilities, np.zeros(150, dtype=int), "rows", seed=0)
        assert low < metric.function(target, probabilities) < high


def test_the_same_seed_gives_the_same_interval() -> None:
    rng = np.random.default_rng(4)
    target, prediction, task = rng.normal(size=(30, 1)), rng.normal(size=(30, 1)), np.arange(30)
    one, other = (bootstrap_interval(metric_named("mae"), target, prediction, task, "rows", seed=5) for _ in range(2))
    assert one == other


def test_a_single_row_or_task_has_no_interval() -> None:
    one, averages = np.ones((1, 1)), ("rows", "tasks")
    intervals = [bootstrap_interval(metric_named("mse"), one, one, np.array([0]), each, seed=0) for each in averages]
    assert np.isnan(intervals).all()


def test_tasks_whose_error_is_undefined_do_not_enter_the_interval() -> None:
    target = np.array([[1.0], [1.0], [0.0], [1.0], [0.0], [1.0]])
    prediction = target * 0.5
    interval = bootstrap_interval(metric_named("r2"), target, prediction, np.array([0, 0, 1, 1, 2, 2]), "tasks", seed=0)
    assert_allclose(interval, (0.5, 0.5))


def test_many_rows_take_fewer_resamples_and_still_an_interval() -> None:
    rng = np.random.default_rng(6)
    error = rng.normal(size=(200_000, 1))
    task = np.zeros(200_000, dtype=int)
    low, high = bootstrap_interval(metric_named("mse"), np.zeros_like(error), error, task, "rows", seed=0, limit=1)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(2 / 200_000), rel=0.3)


def test_a_bootstrap_interval_of_weighted_rows_lies_about_their_weighted_error() -> None:
    random = np.random.default_rng(0)
    target, prediction = np.zeros((400, 1)), np.where(np.arange(400) < 200, 1.0, 3.0)[:, None]
    weight = np.where(np.arange(400) < 200, 3.0, 1.0)
    prediction = prediction * random.choice([-1.0, 1.0], size=prediction.shape)
    given = (metric_named("mae"), target, prediction, np.arange(400) % 20)
    low, high = bootstrap_interval(*given, "rows", seed=0, weight=weight)
    assert 1.3 < low < 1.5 < high < 1.7
    low, high = bootstrap_interval(*given, "tasks", seed=0, weight=weight)
    assert low <= 1.5 <= high


def test_of_three_units_and_of_one_row_that_makes_the_error_an_interval_stays_within_reason() -> None:
    random = np.random.default_rng(0)
    target = random.normal(size=(60, 1))
    task = np.zeros(60, dtype=np.int64)
    unit = np.repeat([0, 1, 2], 20)
    ours, theirs = target + 0.5 * random.normal(size=(60, 1)), target + random.normal(size=(60, 1))
    low, high = bootstrap_saving(metric_named("rmse"), target, ours, theirs, seed=0, unit=unit)
    assert not abs(low) > 5  # none is known, too
    assert not abs(high) > 5
    far = target + 0.2 * random.normal(size=(60, 1))
    far[0] += 12.0
    error = float(np.sqrt(np.mean((far - target) ** 2)))
    low, high = bootstrap_interval(metric_named("rmse"), target, far, task, "rows", seed=0)
    assert 0 <= low < error < high < 4 * error
