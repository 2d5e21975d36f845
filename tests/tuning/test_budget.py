"""The clock of a run and what is kept for its end."""

import time
from itertools import product

import pytest

from mthn_automl.tuning.clock import (
    FOR_VERDICT,
    LEAST_SHARE,
    MORE_SHARE,
    MOST_SHARE,
    SHORT,
    SLOWEST,
    TABLES_AND_FIGURES,
    VERDICT_MARGIN,
    VERDICT_SHARE,
    Clock,
    ablation_seconds,
    equal_share,
    reserve,
)
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
    for limit, seconds, workers in product(
        (10.0, 60.0, 150.0, 200.0, 36_000.0), (0.0, 0.1, 12.0, 80.0, 1e6), (1, 2, 8)
    ):
        kept, verdict = reserve(limit, toys.result(seconds=seconds), workers, 14.0), 0.0 < seconds < 80.0
        assert LEAST_SHARE * limit <= kept <= (VERDICT_SHARE if verdict else MOST_SHARE) * limit, (
            limit,
            seconds,
            workers,
        )
        assert LEAST_SHARE * limit <= reserve(limit, None, workers, 14.0) <= MOST_SHARE * limit
    assert reserve(60.0, None, 1, 3.0) == TABLES_AND_FIGURES


def test_a_verdict_that_takes_a_third_of_a_short_run_has_it_and_one_that_takes_more_has_no_more_than_others() -> None:
    kept = reserve(150.0, toys.result(seconds=12.0), 2, 14.0)
    assert kept == pytest.approx(14.0 + 14.0 + VERDICT_MARGIN * FOR_VERDICT * 1.2 * 12.0 / 2)
    assert MOST_SHARE * 150.0 < kept < VERDICT_SHARE * 150.0
    assert reserve(150.0, toys.result(seconds=18.0), 2, 14.0) == VERDICT_SHARE * 150.0
    assert reserve(150.0, toys.result(seconds=30.0), 2, 14.0) == MOST_SHARE * 150.0
    assert reserve(120.0, toys.result(seconds=80.0), 8, 5.0) == MOST_SHARE * 120.0, "no fit is done by several workers"


def test_an_ablation_of_slow_trials_needs_a_larger_reserve_and_workers_a_smaller_one() -> None:
    quick, slow = toys.result(seconds=10.0), toys.result(seconds=50.0)
    plain = reserve(600.0, None, 1, 3.0)
    assert plain < reserve(600.0, quick, 1, 3.0) < reserve(600.0, slow, 1, 3.0)
    assert reserve(600.0, slow, 4, 3.0) < reserve(600.0, slow, 1, 3.0)
    assert reserve(600.0, quick, 1, 3.0) < reserve(600.0, quick, 1, 9.0)  # fresh workers start slowly
    assert reserve(120.0, None, 2, 14.0, beside=3.0) == 17.0
    assert reserve(400.0, None, 2, 500.0) == SLOWEST * TABLES_AND_FIGURES, "what waits for a node draws no slower"


def test_a_long_run_keeps_time_for_fits_beyond_the_verdict_and_a_short_one_keeps_none() -> None:
    best = toys.result(seconds=10.0)
    for limit in (20.0, SHORT):
        assert reserve(limit, best, 2, 3.0, more=20) == reserve(limit, best, 2, 3.0)
    verdict, more = reserve(1200.0, best, 2, 3.0), reserve(1200.0, best, 2, 3.0, more=20)
    assert verdict < more <= verdict + MORE_SHARE * 1200.0
    assert reserve(1200.0, None, 2, 3.0, more=20) == LEAST_SHARE * 1200.0


def test_an_ablation_fit_takes_a_little_more_than_a_trial() -> None:
    assert 10.0 < ablation_seconds(toys.result(seconds=10.0)) < 20.0


@pytest.mark.parametrize(
    ("seconds", "workers", "share"),
    [(10.0, 1, 2.5), (10.0, 2, 5.0), (10.0, 3, 5.0), (10.0, 9, 10.0), (None, 2, None), (0.1, 1, 0.5)],
    ids=["one worker", "two workers", "two turns", "one turn", "no limit", "half a second at least"],
)
def test_like_fits_share_the_time_of_all_workers(seconds: float | None, workers: int, share: float | None) -> None:
    assert equal_share(seconds, 4, workers) == share
