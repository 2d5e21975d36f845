"""As much more data as is said to be needed shows the effect as often as is said."""

import numpy as np
import pytest

from mthn_automl.analysis.power import POWER, needed, standard_error
from mthn_automl.analysis.statistics import CONFIDENCE, corrected_resampled_t_test

REPEATS = 1500
SPREAD, EFFECT, SHARE = 1.0, 0.4, 0.25


def power(folds: int, seeds: int, spread: float) -> float:
    """Share of simulated ablations with p < 0.05, whose differences are correlated as the test takes them to be."""
    random, count = np.random.default_rng(folds * seeds), folds * seeds
    shared = spread * np.sqrt(SHARE) * random.standard_normal((REPEATS, 1))
    drawn = EFFECT + shared + spread * random.standard_normal((REPEATS, count))
    return float(np.mean([corrected_resampled_t_test(each, SHARE).p_value < 0.05 for each in drawn]))


@pytest.mark.parametrize(("folds", "seeds"), [(5, 1), (5, 3), (10, 1)])
def test_with_as_many_times_the_data_four_ablations_in_five_show_the_effect(folds: int, seeds: int) -> None:
    error = SPREAD * np.sqrt(1 / (folds * seeds) + SHARE)
    found = needed(EFFECT, error, folds, seeds, SHARE, 0.05)
    assert found.times > 1
    assert power(folds, seeds, SPREAD / np.sqrt(found.times)) == pytest.approx(POWER, abs=0.03)


def test_more_seeds_are_advised_where_they_do_and_not_where_the_rows_are_the_bound() -> None:
    spread = 0.25
    few = needed(EFFECT, spread * np.sqrt(1 / 2 + SHARE), 2, 1, SHARE, 0.05)
    assert few.seeds is not None
    assert power(2, few.seeds, spread) >= POWER - 0.03
    assert power(2, few.seeds - 1, spread) < POWER + 0.03
    assert needed(EFFECT, SPREAD * np.sqrt(1 / 5 + SHARE), 5, 1, SHARE, 0.05).seeds is None


def test_an_effect_that_shows_already_needs_nothing_more() -> None:
    found = needed(1.0, 0.01, 5, 1, SHARE, 0.05)
    assert found.times < 1
    assert found.seeds == 1


def test_the_standard_error_is_that_of_the_interval() -> None:
    drawn = np.random.default_rng(0).normal(size=6)
    paired = corrected_resampled_t_test(drawn, SHARE)
    expected = np.sqrt(drawn.var(ddof=1) * (1 / 6 + SHARE))
    assert standard_error(paired.low, paired.high, 3, 2, CONFIDENCE) == pytest.approx(expected)
