"""The front holds what nothing beats, and nothing else."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mthn_automl.tuning.front import pareto_front


@pytest.mark.parametrize(
    ("points", "front"),
    [
        pytest.param([[1, 3], [2, 2], [3, 1]], [True, True, True], id="none beats another"),
        pytest.param([[1, 1], [2, 2], [1, 2]], [True, False, False], id="one beats all"),
        pytest.param([[2, 1], [1, 1], [1, 1]], [False, True, False], id="the first of equals"),
        pytest.param([[np.nan, 0], [1, 1]], [False, True], id="what is not known is not on it"),
        pytest.param([[np.inf, 0], [1, 1]], [True, True], id="infinitely bad but smaller"),
        pytest.param([[3], [1], [2]], [False, True, False], id="one column"),
        pytest.param([[1, 1, 2], [1, 2, 1], [1, 2, 2]], [True, True, False], id="three columns"),
        pytest.param(np.empty((0, 2)), [], id="no points"),
    ],
)
def test_the_front_is_what_nothing_beats(points: object, front: list[bool]) -> None:
    assert_array_equal(pareto_front(np.asarray(points)), np.asarray(front, dtype=bool))


def test_the_front_agrees_with_the_definition() -> None:
    points = np.random.default_rng(0).integers(6, size=(80, 3))
    no_worse = (points[:, None] <= points).all(axis=2)  # [i, j]: i is nowhere worse than j
    better = no_worse & (points[:, None] < points).any(axis=2)
    earlier_equal = np.triu(no_worse & no_worse.T, k=1)
    assert_array_equal(pareto_front(points), ~(better | earlier_equal).any(axis=0))
