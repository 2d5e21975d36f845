"""How much work a trial is, and what is promised of first trials."""

import tomllib
from dataclasses import asdict, replace
from itertools import pairwise, product
from pathlib import Path

import pytest
import tomli_w

from mthn_automl import catalogue
from mthn_automl.received import typed
from mthn_automl.tuning.plan import FIRST_TRIALS_SHARE, FOLDS_SHARES, SEARCHED, Plan, make_plan, schedule_of
from tests.tuning import toys

ROWS = [2**power for power in range(1, 21)]
SECONDS = [5.0 * 2**power for power in range(12)]
USUAL = catalogue.select("usual")


def made(rows: int, seconds: float | None, **given: int) -> Plan:
    return make_plan(rows, USUAL, seconds=seconds, workers=2, **given)


def test_folds_and_seeds_shrink_as_rows_grow_and_grow_with_the_budget() -> None:
    """Where no architecture is too slow: folds that leave one out make no more room for it than time does."""
    for seconds in (10.0, 180.0, 3600.0, None):
        plans = [plan for plan in (made(rows, seconds) for rows in ROWS[3:]) if not plan.left_out]
        assert all(more.folds <= less.folds and more.seeds <= less.seeds for less, more in pairwise(plans)), seconds
    for rows in (20, 2_000, 200_000):
        plans = [plan for plan in (made(rows, seconds) for seconds in SECONDS) if not plan.left_out]
        assert len(plans) > 1
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


def test_a_trial_of_every_architecture_takes_a_small_share_of_the_time_and_more_folds_are_taken_where_it_is() -> None:
    for seconds in (60.0, 120.0, 600.0):
        plans = [made(rows, seconds) for rows in ROWS[4:]]
        for plan in plans:
            if plan.folds in FOLDS_SHARES and not plan.left_out:
                assert plan.round_seconds <= SEARCHED * seconds
        five = [plan for plan in plans if plan.folds == 5]
        assert five
        assert all(plan.round_seconds <= FOLDS_SHARES[5] * SEARCHED * seconds for plan in five)
        assert any(plan.folds == 3 for plan in plans)


def test_first_trials_are_promised_only_as_far_as_they_fit_into_half_of_the_time() -> None:
    for rows, seconds in product(ROWS[6:], (30.0, 120.0, 600.0)):
        plan = made(rows, seconds, rounds=6)
        assert 1 <= plan.rounds <= 6
        fit = plan.rounds * plan.round_seconds <= FIRST_TRIALS_SHARE * SEARCHED * seconds
        assert plan.promised is fit
        assert plan.promised or plan.rounds == 1
        assert ("as far as the time allows" in plan.sentence()) is not plan.promised
    plans = [made(10_000, seconds) for seconds in SECONDS]
    worth = [(each.folds, -len(each.left_out), each.rounds) for each in plans]
    assert worth == sorted(worth), "more time goes into folds, then into slower architectures, then into rounds"
    assert (plans[0].rounds, plans[-1].rounds) == (1, 4)


def test_an_architecture_that_takes_too_much_of_the_time_is_named_and_the_quickest_never_is(tmp_path: Path) -> None:
    cost = "cost.regression = { 1000 = 60.0 }\n"
    slow = toys.written(tmp_path / "slow.toml", toys.TOY.format(behaviour="good") + cost)
    plan = make_plan(1000, [*USUAL, slow], seconds=60.0, workers=2, folds=1)
    assert plan.left_out.keys() == {"slow"}
    assert "Too slow for the time given: slow would take " in plan.sentence()
    assert "Every other architecture gets " in plan.sentence()
    assert make_plan(1000, [slow], seconds=10.0, workers=2).left_out == {}
    assert make_plan(1000, [*USUAL, slow], seconds=None, workers=2, usual_seconds=10.0).left_out == {}


def test_folds_and_seeds_that_are_given_are_kept_and_the_budget_decides_on_the_others() -> None:
    for seconds in (1.0, 36_000.0, None):
        plan = made(5_000, seconds, folds=7, seeds=4, most_folds=3, most_seeds=2)
        assert (plan.folds, plan.seeds) == (7, 4), seconds
    assert made(3, None, folds=10).folds == 3  # there are no more rows
    assert made(100, 1.0, folds=5).seeds < made(100, 36_000.0, folds=5).seeds
    assert made(1_000, 1.0, seeds=2).folds < made(1_000, 36_000.0, seeds=2).folds


def test_few_rows_are_cross_validated_however_short_the_time() -> None:
    assert min(made(rows, 1.0).folds for rows in (40, 100, 400)) == 3
    assert made(20_000, 30.0).folds < made(20_000, 3600.0).folds


def test_without_a_time_limit_trials_are_sized_for_the_usual_one() -> None:
    limited = made(5_000, 20.0)
    assert made(5_000, None, usual_seconds=20) == replace(limited, left_out={})
    assert made(5_000, 20.0).folds < made(5_000, None).folds


def test_what_learns_late_is_given_longer_and_patience_is_a_small_share_of_the_epochs() -> None:
    for rows in ROWS:
        schedule = schedule_of(rows)
        assert schedule.patience <= max(10, schedule.max_epochs / 20)
        assert schedule.growth > 0
        assert schedule.times(1.0, 2.0).growth == 2 * schedule.growth


def test_a_plan_survives_toml() -> None:
    with_rungs = replace(toys.plan(), schedule=replace(toys.plan().schedule, rungs=(1, 3)))
    plans = (made(1_000, 600.0, rounds=6), made(1_000_000, 20.0), made(1_000, None), with_rungs)
    for plan in plans:
        assert typed(tomllib.loads(tomli_w.dumps(asdict(plan))), Plan) == plan


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (toys.plan(folds=1), "Each trial: 1 hold-out, 1 network a fold, batches of 16 rows, at most 8 epochs"),
        (toys.plan(folds=5, seeds=3), "5 folds, the mean of 3 networks a fold"),
        (toys.plan(), "stopped after 4 without progress."),
        (toys.plan(), "Every architecture gets 4 first trials, the quickest first."),
        (replace(toys.plan(), rounds=1), "Every architecture gets a first trial, the quickest first."),
        (replace(toys.plan(), round_seconds=12.3), "the quickest first; one of each should take about 12 s."),
    ],
)
def test_the_plan_is_said_in_sentences(plan: Plan, words: str) -> None:
    assert words in plan.sentence()
    assert plan.sentence().endswith(".")
