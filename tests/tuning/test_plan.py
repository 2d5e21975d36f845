"""How much work a trial is."""

import tomllib
from dataclasses import replace
from itertools import pairwise, product

import pytest
import tomli_w

from mthn_automl.tuning.plan import Plan, make_plan
from tests.tuning import toys

ROWS = [2**power for power in range(1, 21)]
SECONDS = [5.0 * 2**power for power in range(12)]


def made(rows: int, seconds: float | None, **given: int) -> Plan:
    return make_plan(rows, neural=4, classical=3, seconds=seconds, workers=2, **given)


def test_folds_and_seeds_shrink_as_rows_grow_and_grow_with_the_budget() -> None:
    for seconds in (10.0, 180.0, 3600.0, None):
        plans = [made(rows, seconds) for rows in ROWS[3:]]
        assert all(more.folds <= less.folds and more.seeds <= less.seeds for less, more in pairwise(plans)), seconds
    for rows in (20, 2_000, 200_000):
        plans = [made(rows, seconds) for seconds in SECONDS]
        assert all(more.folds >= less.folds and more.seeds >= less.seeds for less, more in pairwise(plans)), rows
    short, long = made(1000, 10.0), made(1000, 600.0)
    assert short.folds * short.seeds < long.folds * long.seeds


def test_every_plan_can_be_carried_out_within_its_bounds() -> None:
    for rows, seconds in product(ROWS, (1.0, 600.0, None)):
        plan = made(rows, seconds, most_folds=3, most_seeds=2)
        schedule = plan.schedule
        assert 1 <= plan.folds <= min(rows, 3), (rows, seconds)
        assert 1 <= plan.seeds <= 2, (rows, seconds)
        assert 64 <= schedule.batch <= 2048, (rows, seconds)
        assert 1 <= schedule.check_every <= schedule.patience <= schedule.max_epochs, (rows, seconds)


def test_folds_and_seeds_that_are_given_are_kept_and_the_budget_decides_on_the_others() -> None:
    for seconds in (1.0, 36_000.0, None):
        plan = made(5_000, seconds, folds=7, seeds=4, most_folds=3, most_seeds=2)
        assert (plan.folds, plan.seeds) == (7, 4), seconds
    assert made(3, None, folds=10).folds == 3  # there are no more rows
    assert made(100, 1.0, folds=2).seeds < made(100, 36_000.0, folds=2).seeds
    assert made(1_000, 1.0, seeds=2).folds < made(1_000, 36_000.0, seeds=2).folds


def test_few_rows_are_cross_validated_however_short_the_time() -> None:
    assert [made(rows, 1.0).folds for rows in (40, 400, 20_000)] == [3, 3, 1]


def test_without_a_time_limit_trials_have_none_and_are_sized_for_the_usual_one() -> None:
    plan = replace(made(5_000, 20.0), trial_seconds=None)
    assert made(5_000, None, usual_seconds=20) == plan
    assert plan.folds < made(5_000, None).folds


def seconds_of_a_trial(rows: int, seconds: float, *, neural: int = 2, classical: int = 3, **given: int) -> float:
    limit = make_plan(rows, neural=neural, classical=classical, seconds=seconds, **given).trial_seconds
    assert limit is not None
    return limit


def test_a_trial_may_take_a_few_seconds_at_least_and_no_more_than_half_of_its_architectures_share() -> None:
    for seconds in (1.0, 60.0, 3600.0):
        limit = seconds_of_a_trial(100, seconds, neural=4, workers=2)
        assert 2.0 <= limit <= max(2.0, seconds * 2 / 4 / 2), seconds


def test_more_architectures_and_more_first_rounds_leave_less_time_for_a_trial() -> None:
    assert seconds_of_a_trial(100, 600.0, workers=1) < seconds_of_a_trial(100, 600.0, workers=1, classical=0)
    few, usual, many = (seconds_of_a_trial(1_000, 600.0, workers=2, rounds=rounds) for rounds in (2, 4, 6))
    assert few > usual > many
    assert (made(1_000, 600.0, rounds=6).rounds, made(1_000, 600.0).rounds) == (6, 4)


def test_a_plan_survives_toml() -> None:
    with_rungs = replace(toys.plan(), schedule=replace(toys.plan().schedule, rungs=(1, 3)))
    for plan in (made(1_000, 600.0, rounds=6), made(1_000, None), with_rungs):
        assert Plan.from_toml(tomllib.loads(tomli_w.dumps(plan.to_toml()))) == plan


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
