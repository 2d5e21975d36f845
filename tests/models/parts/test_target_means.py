"""Target means weigh rows and look at no target that is missing."""

import numpy as np

from mthn_automl.models.parts.target_means import TargetMeans, training_means

CODES = np.random.default_rng(0).integers(-1, 5, size=60)
TARGET = np.random.default_rng(1).normal(size=(60, 2)) + CODES[:, None]
GAPS = np.random.default_rng(2).random(TARGET.shape) < [0.0, 0.4]
GAPPY = np.where(GAPS, np.nan, TARGET)


def test_a_target_with_gaps_has_the_means_of_the_rows_that_have_it() -> None:
    found, known = TargetMeans.fit(CODES, GAPPY, 5).table, ~GAPS[:, 1]
    np.testing.assert_allclose(found[:, :1], TargetMeans.fit(CODES, TARGET[:, :1], 5).table)
    np.testing.assert_allclose(found[:, 1:], TargetMeans.fit(CODES[known], TARGET[known, 1:], 5).table)


def test_means_of_weighted_rows_are_those_of_repeated_ones_but_for_how_far_they_are_drawn_in() -> None:
    weight = np.random.default_rng(3).integers(1, 4, size=60)
    rows = np.repeat(np.arange(60), weight)
    np.testing.assert_allclose(
        TargetMeans.fit(CODES, TARGET, 5, weight.astype(float)).table,
        TargetMeans.fit(CODES[rows], TARGET[rows], 5).table,
    )


def test_no_row_of_the_fit_sees_its_own_target_and_gaps_are_seen_by_none() -> None:
    means = training_means(CODES, GAPPY, 5, sure_from=np.inf, seed=0)
    assert np.isfinite(means).all()
    other, row = GAPPY.copy(), int(np.flatnonzero(CODES == 2)[0])
    other[row] += 100.0
    changed = training_means(CODES, other, 5, sure_from=np.inf, seed=0)
    np.testing.assert_allclose(changed[row], means[row])
    sure = training_means(CODES, GAPPY, 5, sure_from=0, seed=0)
    np.testing.assert_allclose(sure, TargetMeans.fit(CODES, GAPPY, 5).of(CODES))
