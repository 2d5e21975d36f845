"""A run whose driver is killed loses nothing that was finished, and repeats none of it.

One search is killed, resumed, killed again in its report and resumed to its end; its data and its folder move
meanwhile. The tests look at what each step left. `make soak` kills at moments drawn at random, with Ray's workers too.
"""

import shutil
import signal
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.command import Ended
from tests.faults import killing
from tests.faults.killing import RESULT, Killed, Moment, moments
from tests.faults.runs import Trials, call, phases_begun, results

pytestmark = pytest.mark.faults

TRIALS = 6
SEARCHED = ("ridge", "kernel_ridge", "slow")
BOARD = ["rank", "architecture", "cv_error", "test_error", "trials"]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """Killed in the slow model's only starting point; then folder and data moved, and the space file is gone."""
    folder = tmp_path_factory.mktemp("killed")
    first = Killed(folder / "first", TRIALS, ("--runner", "local"))
    with first.started() as started:
        started.wait_for(lambda: len(results(first.run)) == 2)  # of the others, whose turn was before
        started.kill_driver()
    story = replace(first, folder=folder / "moved", results=[results(first.run)])
    first.folder.rename(story.folder)
    (story.folder / "slow.toml").unlink()
    return story


@pytest.fixture(scope="module")
def killed_twice(killed: Killed, tmp_path_factory: pytest.TempPathFactory) -> tuple[Killed, Ended]:
    """Resumed, held in its search while another process tried the same and was answered, and killed in its report."""
    folder = tmp_path_factory.mktemp("twice") / "story"
    shutil.copytree(killed.folder, folder)
    story = replace(killed, folder=folder, results=list(killed.results))
    with story.started() as resumed:
        resumed.wait_for(lambda: phases_begun(story.run, "search") == 2)
        resumed.signal(signal.SIGSTOP)
        second = call(*story.words())
        resumed.signal(signal.SIGCONT)
        resumed.wait_for(lambda: phases_begun(story.run, "report") == 1)
        resumed.kill_driver()
    story.results.append(results(story.run))
    assert not (story.run / "summary.json").exists()
    return story, second


@pytest.fixture(scope="module")
def finished(killed_twice: tuple[Killed, Ended]) -> Killed:
    """Resumed to its end."""
    return killed_twice[0].finish()


def test_a_moved_data_file_must_be_told_and_changed_data_are_refused_and_nothing_is_touched(
    killed: Killed, tmp_path: Path
) -> None:
    answer = call("resume", killed.run, "--trust")
    assert answer.code == 2
    assert "data.csv is gone; say --data FILE" in answer.err
    changed = tmp_path / "data.csv"
    changed.write_text((killed.folder / "data.csv").read_text(encoding="utf-8") + "0,0.5,0.5\n", encoding="utf-8")
    journal = (killed.run / "study.journal").read_bytes()
    answer = call("resume", killed.run, "--trust", "--data", changed, "--meta", killed.folder / "meta.csv")
    assert answer.code == 1
    assert "The data must be those this run began with" in answer.err
    assert (killed.run / "study.journal").read_bytes() == journal


def test_a_second_process_on_the_same_run_is_refused_in_a_sentence(killed_twice: tuple[Killed, Ended]) -> None:
    story, second = killed_twice
    assert second.code == 1
    assert "Another process is working on" in second.err
    assert "Traceback" not in second.err
    before, after = story.results  # the first kill hit the search, the second the report
    assert 1 <= len(before) < len(after) == TRIALS


def test_a_killed_run_is_finished_by_a_resume_and_says_so(finished: Killed) -> None:
    more = call("resume", finished.run, "--trust")
    assert finished.end is not None
    assert (finished.end.code, more.code) == (0, 0), finished.end.err + more.err
    board = pd.read_csv(finished.run / "leaderboard.csv").set_index("architecture")
    assert board["test_error"].notna().all()
    assert board["trials"].drop("ensemble", errors="ignore").to_dict() == dict.fromkeys(SEARCHED, 2)
    assert all("kernel_ridge" in answer.out for answer in (finished.end, more))
    assert "is finished; --time-limit or --trials would add to it" in more.err


def test_what_was_finished_before_a_kill_is_complete_once_and_not_evaluated_again_within_the_budget(
    finished: Killed,
) -> None:
    assert killing.loses_and_doubles_nothing(finished)
    assert results(finished.run) == finished.results[1]
    assert sorted(Trials.of(finished.run).complete) == sorted(finished.results[1])


def test_the_end_is_that_of_a_run_that_was_not_killed(finished: Killed, tmp_path: Path) -> None:
    undisturbed = Killed(tmp_path, TRIALS, finished.where).finish().run
    assert Trials.of(finished.run).errors == Trials.of(undisturbed).errors
    boards = [pd.read_csv(run / "leaderboard.csv")[BOARD] for run in (finished.run, undisturbed)]
    pd.testing.assert_frame_equal(*boards)


def ten_moments() -> list[Moment]:
    """Of the start of Ray, of the search, and of each phase after it."""
    early, late = moments(4, 11, 12.0, None), moments(3, 12, 4.0, RESULT)
    behind = [
        moment for seed, phase in enumerate(("ensemble", "test", "figures")) for moment in moments(1, seed, 0.1, phase)
    ]
    return [*(moment for pair in zip(early, late, strict=False) for moment in pair), early[-1], *behind]


THREE, TEN = moments(3, 5, 2.0, RESULT), ten_moments()
RAY = ("--runner", "ray", "--workers")
SLOW, ALL = "slow", ",".join(SEARCHED)
OFTEN = [
    pytest.param(THREE, 9, 1.5, ALL, ("--runner", "local"), id="three kills in process"),
    pytest.param(TEN, 30, 2.5, ALL, (*RAY, 1), id="ten kills with a worker", marks=pytest.mark.ray),
    pytest.param(TEN, 30, 2.5, SLOW, (*RAY, 2), id="ten kills with two workers", marks=pytest.mark.ray),
]
"""Two workers would be through with the quick ones between two kills."""


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize(("kills", "trials", "slow_seconds", "architectures", "where"), OFTEN)
def test_kills_at_random_moments_lose_nothing_repeat_nothing_and_change_nothing(
    tmp_path: Path,
    kills: list[Moment],
    trials: int,
    slow_seconds: float,
    architectures: str,
    where: tuple[object, ...],
) -> None:
    given = {"slow_seconds": slow_seconds, "architectures": architectures}
    often = killing.killed(tmp_path / "often", trials, kills, *where, **given)
    undisturbed = killing.killed(tmp_path / "undisturbed", trials, [], *where, architectures=architectures)
    print(f"\ntrials that had a result at each kill: {[len(before) for before in often.results]}")
    assert killing.loses_and_doubles_nothing(often)
    assert not Trials.of(often.run).reasons
    assert len(Trials.of(often.run).complete) == trials
    assert ends_alike(often, undisturbed)


def ends_alike(often: Killed, undisturbed: Killed) -> bool:
    """Asserts that errors are the same; with two workers trials end in another order by chance, so only alike."""
    boards = [pd.read_csv(story.run / "leaderboard.csv").set_index("architecture") for story in (often, undisturbed)]
    boards = [board.drop("ensemble", errors="ignore") for board in boards]
    if often.where[-1] != 2:
        assert Trials.of(often.run).errors == Trials.of(undisturbed.run).errors
    difference = (boards[0]["cv_error"] - boards[1]["cv_error"]).abs()
    assert (difference <= boards[1]["cv_error_se"]).all()
    return True
