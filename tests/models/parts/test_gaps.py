"""Targets that are known in the same rows stay together, and none is looked at where it is missing."""

import numpy as np

from mthn_automl.models.parts.gaps import EVERYTHING, known_together, means_of, part_of, rows_with, weight_of

GAPPY = np.array([[1.0, np.nan, 2.0, np.nan], [3.0, 4.0, 5.0, np.nan], [6.0, np.nan, 7.0, np.nan]])


def test_without_gaps_there_is_one_group_of_everything_and_nothing_is_copied() -> None:
    target, weight = np.ones((4, 2)), np.ones(4)
    assert known_together(target) == [(EVERYTHING, EVERYTHING)]
    assert np.shares_memory(part_of(target, EVERYTHING, EVERYTHING), target)
    assert np.shares_memory(weight_of(weight, EVERYTHING), weight)  # type: ignore[arg-type]
    assert weight_of(None, EVERYTHING) is None
    assert rows_with(target[:, 0])[0] == EVERYTHING


def test_each_known_cell_is_in_one_group() -> None:
    seen = np.zeros(GAPPY.shape, dtype=int)
    for rows, outputs in known_together(GAPPY):
        assert not np.isnan(part_of(GAPPY, rows, outputs)).any()
        seen[np.ix_(rows, outputs)] += 1  # type: ignore[arg-type]
    np.testing.assert_array_equal(seen, ~np.isnan(GAPPY))
    assert len(known_together(GAPPY)) == 2


def test_means_are_over_what_is_known_as_it_is_weighted() -> None:
    np.testing.assert_allclose(means_of(GAPPY, None), [10 / 3, 4.0, 14 / 3, 0.0])
    np.testing.assert_allclose(means_of(GAPPY, np.array([1.0, 2.0, 1.0])), [13 / 4, 4.0, 19 / 4, 0.0])


def test_a_label_that_no_row_has_is_the_mean_in_all() -> None:
    rows, label = rows_with(GAPPY[:, 3])
    assert (rows, label.tolist()) == (EVERYTHING, [0.0, 0.0, 0.0])
    rows, label = rows_with(GAPPY[:, 1])
    assert (np.asarray(rows).tolist(), label.tolist()) == ([1], [4.0])
