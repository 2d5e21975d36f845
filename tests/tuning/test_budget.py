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


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(time, "time", lambda: 1030.0)
    return 1030.0


def test_the_clock_counts_earlier_sessions(now: float) -> None:
    clock = Clock(started=1000.0, before=50.0, limit=100.0)
    assert (clock.elapsed(), clock.ends(), clock.left()) == (80.0, 1050.0, 20.0)


def test_a_clock_without_limit_never_ends(now: float) -> None:
    clock = Clock(started=1000.0, before=50.0, limit=None)
    assert (clock.elapsed(), clock.ends(), clock.left()) == (80.0, None, None)


def test_what_is_left_is_never_negative(now: float) -> None:
    assert Clock(started=1000.0, before=0.0, limit=10.0).left() == 0.0


def test_the_reserve_stays_within_its_bounds() -> None:
    for limit, seconds, ablate in product((10.0, 36_000.0), (0.0, 0.1, 10.0, 1e6), (True, False)):
        best = toys.result(seconds=seconds)
        kept = reserve(limit, 3 * refit_seconds(best, 1), best if ablate else None, 2, 3.0)
        assert LEAST_SHARE * limit <= kept <= MOST_SHARE * limit, (limit, seconds, ablate)


def test_the_reserve_without_any_result_is_for_the_end_alone() -> None:
    assert reserve(60.0, 0.0, None, 1, 3.0) == 8.0


def test_slow_trials_and_an_ablation_need_a_larger_reserve_and_workers_a_smaller_one() -> None:
    slow = toys.result(seconds=50.0)
    quickly, slowly = refit_seconds(toys.result(seconds=1.0), 1), refit_seconds(slow, 1)
    plain = reserve(600.0, quickly, None, 1, 3.0)
    assert plain < reserve(600.0, slowly, None, 1, 3.0) < reserve(600.0, slowly, slow, 1, 3.0)
    assert reserve(600.0, slowly, slow, 4, 3.0) < reserve(600.0, slowly, slow, 1, 3.0)


@pytest.mark.parametrize("networks", [1, 3])
def test_a_refit_of_a_classical_model_takes_a_little_more_than_a_fold(networks: int) -> None:
    assert 5.0 < refit_seconds(toys.result(seconds=10.0), networks) < 10.0
    assert 10.0 < refit_seconds(toys.result(seconds=10.0, fold_errors=(1.0,)), networks) < 20.0


def network(*, best: int = 50, epochs: int = 100, folds: int = 2, seeds: int = 1) -> TrialResult:
    """A trial of ten seconds."""
    best_epochs = ((best,) * seeds,) * folds
    return toys.result(seconds=10.0, best_epochs=best_epochs, epochs=epochs, fold_errors=(1.0,) * folds)


def test_a_refit_of_networks_takes_the_share_of_the_epochs_that_were_best_on_the_rows_of_all_folds() -> None:
    whole = refit_seconds(network(best=100), 2)
    assert whole == pytest.approx(SPARE * 10.0 * 2)  # as many networks as the trial's two folds, with twice their rows
    assert refit_seconds(network(best=25), 2) == pytest.approx(whole / 4)


def test_a_refit_of_more_networks_takes_longer_but_less_than_so_many_times() -> None:
    one, three = refit_seconds(network(), 1), refit_seconds(network(), 3)
    assert one < three < 3 * one


def test_a_refit_takes_less_of_a_trial_with_more_networks() -> None:
    assert refit_seconds(network(seeds=3), 1) < refit_seconds(network(seeds=1), 1)


def test_of_more_folds_each_had_nearly_all_rows() -> None:
    """Fewer further rows, and a trial of more networks."""
    assert refit_seconds(network(folds=5), 1) < refit_seconds(network(folds=2), 1)


def test_a_refit_after_a_single_hold_out_is_foreseen_too() -> None:
    assert 0 < refit_seconds(network(folds=1), 1) < 20.0


def test_an_ablation_fit_takes_a_trial_and_a_little_more() -> None:
    assert ablation_seconds(toys.result(seconds=10.0)) == pytest.approx(12.0)


@pytest.mark.parametrize(("workers", "seconds"), [(1, 2.5), (2, 5.0)])
def test_like_fits_share_the_time_of_all_workers(workers: int, seconds: float) -> None:
    assert equal_share(10.0, 4, workers) == seconds


def test_without_a_limit_no_fit_has_one() -> None:
    assert equal_share(None, 4, 2) is None


def test_a_fit_always_gets_half_a_second() -> None:
    assert equal_share(0.1, 4, 1) == 0.5
