"""How much work a trial is."""

from itertools import pairwise

import pytest

from mthn_automl.tuning.plan import Plan, make_plan
from tests.tuning import toys

ROWS = [2**power for power in range(1, 21)]
SECONDS = [5.0 * 2**power for power in range(12)]


def work(plan: Plan) -> int:
    return plan.folds * plan.seeds


def made(rows: int, seconds: float | None, **given: int) -> Plan:
    return make_plan(rows, neural=4, classical=3, seconds=seconds, workers=2, **given)


@pytest.mark.parametrize("seconds", [10.0, 60.0, 180.0, 600.0, 3600.0, None])
def test_folds_and_seeds_shrink_as_rows_grow(seconds: float | None) -> None:
    plans = [made(rows, seconds) for rows in ROWS[3:]]
    assert all(more.folds <= less.folds and more.seeds <= less.seeds for less, more in pairwise(plans))


@pytest.mark.parametrize("rows", [20, 200, 2_000, 20_000, 200_000])
def test_folds_and_seeds_grow_with_the_budget(rows: int) -> None:
    plans = [made(rows, seconds) for seconds in SECONDS]
    assert all(more.folds >= less.folds and more.seeds >= less.seeds for less, more in pairwise(plans))


def test_the_budget_matters() -> None:
    assert work(made(1000, 10.0)) < work(made(1000, 600.0))


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("seconds", [1.0, 600.0, None])
def test_every_plan_can_be_carried_out(rows: int, seconds: float | None) -> None:
    plan = made(rows, seconds)
    assert 1 <= plan.folds <= rows
    assert plan.seeds >= 1
    schedule = plan.schedule
    assert 64 <= schedule.batch <= 2048
    assert 1 <= schedule.check_every <= schedule.patience <= schedule.max_epochs


@pytest.mark.parametrize("seconds", [1.0, 60.0, 36_000.0, None])
@pytest.mark.parametrize("folds", [1, 2, 7])
@pytest.mark.parametrize("seeds", [1, 4])
def test_given_numbers_are_kept(seconds: float | None, folds: int, seeds: int) -> None:
    plan = made(5_000, seconds, folds=folds, seeds=seeds)
    assert (plan.folds, plan.seeds) == (folds, seeds)


def test_given_folds_leave_the_seeds_to_the_budget() -> None:
    assert made(100, 1.0, folds=2).seeds < made(100, 36_000.0, folds=2).seeds


def test_given_seeds_leave_the_folds_to_the_budget() -> None:
    assert made(1_000, 1.0, seeds=2).folds < made(1_000, 36_000.0, seeds=2).folds


def test_folds_never_exceed_the_rows() -> None:
    assert made(3, None, folds=10).folds == 3


def test_without_a_time_limit_a_trial_has_none() -> None:
    assert made(100, None).trial_seconds is None


@pytest.mark.parametrize("seconds", [1.0, 60.0, 3600.0])
def test_a_trial_may_take_a_few_seconds_at_least_and_no_more_than_half_of_its_architectures_share(
    seconds: float,
) -> None:
    limit = made(100, seconds).trial_seconds
    assert limit is not None
    assert 2.0 <= limit <= max(2.0, seconds * 2 / 4 / 2)


def test_more_architectures_leave_less_for_a_trial() -> None:
    few = make_plan(100, neural=2, classical=0, seconds=600.0, workers=1).trial_seconds
    more = make_plan(100, neural=2, classical=3, seconds=600.0, workers=1).trial_seconds
    assert few is not None
    assert more is not None
    assert more < few


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (toys.plan(folds=1), "Each trial: 1 hold-out, 1 network a fold, batches of 16 rows, at most 8 epochs"),
        (toys.plan(folds=5, seeds=3), "5 folds, the mean of 3 networks a fold"),
        (toys.plan(), "stopped after 4 without progress."),
        (toys.plan(trial_seconds=30.4), "without progress, at most 30 s a trial."),
    ],
)
def test_the_plan_is_one_sentence(plan: Plan, words: str) -> None:
    assert words in plan.sentence()
    assert plan.sentence().endswith(".")
