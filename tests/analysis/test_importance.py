"""By how much an error grows, how sure that is, and which columns hang together."""

import math

import numpy as np
import pandas as pd
import pytest

from mthn_automl.analysis.importance import correlated
from mthn_automl.analysis.statistics import bootstrap_difference
from mthn_automl.data.metrics.parts.scores import Means
from mthn_automl.data.scoring import metric_named

MSE = metric_named("mse")


def scores(errors: np.ndarray) -> Means:
    """Of rows with these errors."""
    prepared = MSE.prepare(np.zeros((len(errors), 1)), errors[:, None])
    assert isinstance(prepared, Means)
    return prepared


def test_the_interval_of_a_difference_is_that_of_paired_rows() -> None:
    random = np.random.default_rng(0)
    noise = random.normal(size=400)
    low, high = bootstrap_difference(scores(noise), [scores(np.sqrt(noise**2 + 0.5))], 400, seed=0)
    assert low == pytest.approx(0.5)
    assert high == pytest.approx(0.5)
    grown = random.exponential(size=400)
    low, high = bootstrap_difference(scores(noise), [scores(np.sqrt(noise**2 + grown))], 400, seed=0)
    reach = 1.96 * grown.std() / math.sqrt(400)
    assert (low, high) == pytest.approx((grown.mean() - reach, grown.mean() + reach), abs=0.02)


def test_repeats_that_differ_make_it_wider_and_so_do_whole_tasks() -> None:
    noise = np.random.default_rng(0).normal(size=200)
    task = np.repeat(np.arange(10), 20)
    repeats = [scores(np.sqrt(noise**2 + 1 + 0.5 * number)) for number in range(5)]

    def width(after: list[Means], unit: np.ndarray | None = None) -> float:
        low, high = bootstrap_difference(scores(noise), after, 200, seed=0, unit=unit)
        return high - low

    of_tasks = [scores(np.sqrt(noise**2 + 1 + task))]
    assert width(repeats[:1]) < 1e-9 < 0.5 < width(repeats)
    assert 2 * width(of_tasks) < width(of_tasks, task)
    assert math.isnan(width(of_tasks, np.zeros(200)))


def test_columns_that_hang_together_are_found_through_each_other_and_with_gaps() -> None:
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, 500))
    table = pd.DataFrame({"x": x, "cubed": x**3, "z": z, "near": -x + 0.1 * z, "gaps": np.where(z > 0, z, np.nan)})
    assert correlated(table) == [("x", "cubed", "near"), ("z", "gaps")]
    assert correlated(table[["x"]]) == []
    assert correlated(table.assign(x=1.0)[["x", "z"]]) == []
