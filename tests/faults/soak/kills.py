"""The driver of a search with Ray's workers, killed at ten moments drawn at random and resumed each time.

Half of the moments count from the start of the command, so that some hit the start of Ray, refits and the report;
the others from the start of the search.
"""

import pandas as pd
import pytest

from tests.faults import killing
from tests.faults.killing import Killed, moments
from tests.faults.runs import Trials

pytestmark = [pytest.mark.faults, pytest.mark.ray, pytest.mark.slow]

KILLS, TRIALS, SEED = 10, 30, 11
WHERE = ("--runner", "ray", "--workers")


@pytest.fixture(scope="module", params=[pytest.param(1, id="one worker"), pytest.param(2, id="two workers")])
def often(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    half = KILLS // 2
    early, late = moments(half, SEED, 30.0, in_search=False), moments(half, SEED + 1, 25.0, in_search=True)
    drawn = [each for pair in zip(early, late, strict=True) for each in pair]
    return killing.killed(tmp_path_factory.mktemp("often") / "it", TRIALS, drawn, *WHERE, request.param)


@pytest.fixture(scope="module")
def undisturbed(often: Killed, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    return killing.killed(tmp_path_factory.mktemp("undisturbed") / "it", TRIALS, [], *often.where)


def test_ten_kills_lose_nothing_and_repeat_nothing(often: Killed) -> None:
    print(f"\ntrials that had a result at each kill: {[len(each) for each in often.results]}")
    assert len(often.results) == KILLS
    assert killing.loses_and_doubles_nothing(often)


def test_kills_are_no_configurations_fault(often: Killed) -> None:
    trials = Trials.of(often.run)
    assert not trials.reasons
    assert len(trials.complete) == TRIALS


def test_the_end_is_that_of_a_run_that_was_not_killed(often: Killed, undisturbed: Killed) -> None:
    """With one worker: the same trials with the same errors. With two, trials end in another order by chance."""
    boards = [pd.read_csv(each.run / "leaderboard.csv").set_index("architecture") for each in (often, undisturbed)]
    if often.where[-1] == 1:
        assert Trials.of(often.run).errors == Trials.of(undisturbed.run).errors
    difference = (boards[0]["cv_error"] - boards[1]["cv_error"]).abs()
    assert (difference <= boards[1]["cv_error_se"]).all()
