"""Re-tuning draws the same moves for every variant, and its choice flatters none."""

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.tuning.ablation.retuning import chosen_on_others, drawn_around
from mthn_automl.tuning.space import build_space


@pytest.mark.parametrize("name", ["hypernetwork", "ridge", "kernel_ridge", "gradient_boosting"])
def test_drawn_settings_are_in_their_ranges_near_the_given_ones_and_the_same_again(name: str) -> None:
    space = build_space(catalogue.read(name), has_metadata=True)
    start = space.starts[0]
    kept = 0
    for seed in range(20):
        drawn = drawn_around(space, start, seed)
        assert space.holds(drawn)
        assert drawn == drawn_around(space, start, seed)
        kept += sum(drawn.get(each) == value for each, value in start.items())
    assert 0.3 < kept / (20 * len(start)) < 0.95


def test_the_same_seed_moves_the_same_settings_whatever_else_is_asked_for() -> None:
    file = catalogue.read("hypernetwork")
    told, untold = build_space(file, has_metadata=True), build_space(file, has_metadata=False)
    start = told.starts[0]
    for seed in range(10):
        one, other = drawn_around(told, start, seed), drawn_around(untold, start, seed)
        assert one["width"] == other["width"]
        assert one["learning_rate"] == other["learning_rate"]


def test_each_fold_has_the_settings_that_are_best_in_the_others() -> None:
    first, second = np.array([[1.0], [5.0], [5.0]]), np.array([[9.0], [2.0], [2.0]])
    np.testing.assert_array_equal(chosen_on_others([first, second]), [[9.0], [5.0], [5.0]])
    np.testing.assert_array_equal(chosen_on_others([first[:1], second[:1]]), [[1.0]])


def test_the_choice_among_equals_flatters_nobody() -> None:
    random = np.random.default_rng(0)
    found = [chosen_on_others(list(random.normal(1.0, 0.1, (5, 4, 1)))).mean() for _ in range(2000)]
    assert np.mean(found) == pytest.approx(1.0, abs=3 * 0.1 / np.sqrt(2000))
