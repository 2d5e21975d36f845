"""Quantiles of scores hold for the next row, or for the rows of the next task, exactly as often as they say."""

import numpy as np
import pytest

from mthn_automl.deployment.calibration.scores import MOST, Scores, mass_of_rows, mass_of_tasks


def quantile(score: np.ndarray, level: float) -> float:
    found = Scores.of(score, mass_of_rows(np.ones(len(score))))
    assert found is not None
    value = found.quantile(level)
    assert value is not None
    return value


@pytest.mark.parametrize(("rows", "level"), [(9, 0.9), (19, 0.9), (25, 0.9), (30, 0.5), (2500, 0.95)])
def test_the_next_row_is_covered_as_often_as_the_rank_of_the_quantile_says(rows: int, level: float) -> None:
    """Coverage of n exchangeable scores is ceil((n + 1) level) / (n + 1), whatever they are drawn from.

    That of uniform scores is the quantile itself, so that the mean over draws needs no test row. What is thinned out of
    many rows may add as much as one of the places that are kept.
    """
    rng, draws = np.random.default_rng(0), 2000
    covered = np.array([quantile(rng.random(rows), level) for _ in range(draws)])
    exact = np.ceil((rows + 1) * level - 1e-9) / (rows + 1)
    error = 4 * covered.std() / np.sqrt(draws)
    assert exact - error <= covered.mean() <= exact + error + (2 / MOST if rows > MOST else 0)


def test_rows_of_the_next_task_are_covered_where_tasks_are_exchangeable_and_rows_are_not() -> None:
    """Each task has its own size and error, so that rows of one tell of each other; pooled, large tasks would rule."""
    rng, draws, level, inside = np.random.default_rng(1), 1500, 0.8, list[float]()
    for _ in range(draws):
        sizes = rng.integers(1, 12, 15)
        scale = np.exp(rng.normal(size=16))
        task = np.repeat(np.arange(15), sizes)
        found = Scores.of(np.abs(rng.normal(size=len(task))) * scale[task], mass_of_tasks(task, np.ones(len(task))))
        assert found is not None
        bound = found.quantile(level)
        assert bound is not None
        inside.append(float((np.abs(rng.normal(size=20)) * scale[15] <= bound).mean()))
    error = 4 * np.std(inside) / np.sqrt(draws)
    assert level - error <= np.mean(inside) <= level + 1 / 16 + error


def test_a_level_that_rows_are_too_few_for_has_no_quantile() -> None:
    found = Scores.of(np.arange(1.0, 10.0), mass_of_rows(np.ones(9)))
    assert found is not None
    assert (found.quantile(0.9), found.quantile(0.91)) == (9.0, None)
    assert found.highest_level == pytest.approx(0.9)


def test_infinite_scores_count_and_none_is_left_of_them_alone() -> None:
    found = Scores.of(np.array([1.0, np.inf, 2.0, 3.0]), mass_of_rows(np.ones(4)))
    assert found is not None
    assert (found.quantile(0.6), found.quantile(0.61)) == (3.0, None)
    assert Scores.of(np.array([np.inf]), mass_of_rows(np.ones(1))) is None


def test_a_row_of_weight_two_counts_as_two() -> None:
    once = Scores.of(np.array([1.0, 2.0, 2.0]), np.full(3, 0.25))
    twice = Scores.of(np.array([1.0, 2.0]), np.array([0.25, 0.5]))
    assert once is not None
    assert twice is not None
    assert [once.quantile(each) for each in (0.2, 0.5, 0.75)] == [twice.quantile(each) for each in (0.2, 0.5, 0.75)]


def test_of_many_rows_a_thousand_are_kept_whose_quantiles_are_never_less_and_hardly_more() -> None:
    score = np.random.default_rng(2).random(20_000)
    found = Scores.of(score, mass_of_rows(np.ones(len(score))))
    assert found is not None
    assert len(found.value) <= MOST
    for level in (0.01, 0.5, 0.9, 0.99, 0.9999):
        exact = np.sort(score)[int(np.ceil((len(score) + 1) * level - 1e-9)) - 1]
        value = found.quantile(level)
        assert value is not None
        assert exact <= value <= exact + 2 / MOST


@pytest.mark.parametrize(
    ("value", "share"),
    [((), ()), ((1.0,), (0.5, 0.6)), ((2.0, 1.0), (0.1, 0.2)), ((1.0, 2.0), (0.2, 0.1)), ((1.0,), (1.0,))],
    ids=["none", "another length", "falling values", "falling shares", "a share of 1"],
)
def test_what_is_no_table_of_scores_is_refused(value: tuple[float, ...], share: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="must"):
        Scores(value, share)
