"""The clock of a run and what is kept for its end."""

import time
from itertools import product

import pytest

from mthn_automl.tuning.clock import (
    LEAST_SHARE,
    MOST_SHARE,
    SPARE,
    Clock,
    ablation_seconds,
    equal_share,
    refit_seconds,
    reserve,
)
from mthn_automl.tuning.results import TrialResult
from tests.tuning import toys


@pytest.mark.parametrize(
    ("before", "limit", "expected"),
    [(50.0, 100.0, (80.0, 1050.0, 20.0)), (50.0, None, (80.0, None, None)), (0.0, 10.0, (30.0, 1010.0, 0.0))],
    ids=["limit", "no limit", "nothing is left"],
)
def test_the_clock_counts_earlier_sessions(
    monkeypatch: pytest.MonkeyPatch, before: float, limit: float | None, expected: tuple[float | None, ...]
) -> None:
    monkeypatch.setattr(time, "time", lambda: 1030.0)
    clock = Clock(started=1000.0, before=before, limit=limit)
    assert (clock.elapsed(), clock.ends(), clock.left()) == expected


def test_the_reserve_stays_within_its_bounds_and_is_for_the_end_alone_without_any_result() -> None:
    for limit, seconds, ablate in product((10.0, 36_000.0), (0.0, 0.1, 10.0, 1e6), (True, False)):
        best = toys.result(seconds=seconds)
        kept = reserve(limit, 3 * refit_seconds(best, 1), best if ablate else None, 2, 3.0)
        assert LEAST_SHARE * limit <= kept <= MOST_SHARE * limit, (limit, seconds, ablate)
    assert reserve(60.0, 0.0, None, 1, 3.0) == 8.0


def test_slow_trials_and_an_ablation_need_a_larger_reserve_and_workers_a_smaller_one() -> None:
    slow = toys.result(seconds=50.0)
    quickly, slowly = refit_seconds(toys.result(seconds=1.0), 1), refit_seconds(slow, 1)
    plain = reserve(600.0, quickly, None, 1, 3.0)
    assert plain < reserve(600.0, slowly, None, 1, 3.0) < reserve(600.0, slowly, slow, 1, 3.0)
    assert reserve(600.0, slowly, slow, 4, 3.0) < reserve(600.0, slowly, slow, 1, 3.0)


def test_a_refit_of_a_classical_model_takes_a_little_more_than_a_fold_as_an_ablation_fit_does_than_a_trial() -> None:
    for networks in (1, 3):
        assert 5.0 < refit_seconds(toys.result(seconds=10.0), networks) < 10.0
        assert 10.0 < refit_seconds(toys.result(seconds=10.0, fold_errors=(1.0,)), networks) < 20.0
    assert ablation_seconds(toys.result(seconds=10.0)) == pytest.approx(12.0)


def network(*, best: int = 50, epochs: int = 100, folds: int = 2, seeds: int = 1) -> TrialResult:
    """A trial of ten seconds."""
    best_epochs = ((best,) * seeds,) * folds
    return toys.result(seconds=10.0, best_epochs=best_epochs, epochs=epochs, fold_errors=(1.0,) * folds)


def test_a_refit_of_networks_takes_the_share_of_the_epochs_that_were_best_on_the_rows_of_all_folds() -> None:
    whole = refit_seconds(network(best=100), 2)
    assert whole == pytest.approx(SPARE * 10.0 * 2)  # as many networks as the trial's two folds, with twice their rows
    assert refit_seconds(network(best=25), 2) == pytest.approx(whole / 4)
    one, three = refit_seconds(network(), 1), refit_seconds(network(), 3)
    assert one < three < 3 * one
    assert refit_seconds(network(seeds=3), 1) < one  # the trial had more networks
    assert refit_seconds(network(folds=5), 1) < one  # and here, more rows in each of them too
    assert 0 < refit_seconds(network(folds=1), 1) < 20.0


@pytest.mark.parametrize(
    ("seconds", "workers", "share"),
    [(10.0, 1, 2.5), (10.0, 2, 5.0), (None, 2, None), (0.1, 1, 0.5)],
    ids=["one worker", "two workers", "no limit", "half a second at least"],
)
def test_like_fits_share_the_time_of_all_workers(seconds: float | None, workers: int, share: float | None) -> None:
    assert equal_share(seconds, 4, workers) == share
