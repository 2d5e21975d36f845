"""A run whose processes are killed loses nothing that was finished, and repeats none of it.

A run takes seconds, so that one search is killed, resumed, killed again in its refit and resumed to its end; its
data and its folder move meanwhile. The tests look at what each step left.
"""

import shutil
import signal
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from tests.command import Ended
from tests.faults import killing, misbehaving
from tests.faults.killing import Killed, moments
from tests.faults.runs import Started, Trials, call, phases_begun, results, written
from tests.tuning import toys

pytestmark = pytest.mark.faults

TRIALS = 8
SLOW = {"SLOW_SECONDS": "0.5"}
SHORT = ("--folds", "2", "--seeds", "1", "--no-ablation")


@dataclass
class Story:
    """One run: where it is now, what had a result before each kill, and what each command answered."""

    run: Path
    data: Path
    results: list[dict[str, int]] = field(default_factory=list)
    answers: dict[str, Ended] = field(default_factory=dict)

    def again(self, *more: object) -> list[object]:
        return ["resume", self.run, "--data", self.data / "data.csv", "--meta", self.data / "meta.csv", *more]


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Killed when the first result was there; then folder and data moved, and the space files are gone."""
    folder = tmp_path_factory.mktemp("killed")
    data, run = folder / "data", folder / "run"
    data.mkdir()
    spaces = [misbehaving.space(folder, "slow"), toys.pooled_space(folder).path]
    names = "ridge,kernel_ridge,quick_pooled,slow"
    given = [*written(data), "--space", spaces[0], "--space", spaces[1]]
    given += ["--architectures", names, "--trials", TRIALS, "--runner", "local", "--output", run, *SHORT]
    with Started(*given, **SLOW) as search:
        search.wait_for(lambda: bool(results(run)))
    story = Story(folder / "moved run", folder / "moved data")
    run.rename(story.run)
    data.rename(story.data)
    spaces[0].unlink(), spaces[1].unlink()
    story.results.append(results(story.run))
    return story


@pytest.fixture(scope="module")
def killed_twice(killed: Story, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Resumed, held in its search while another process tried the same, and killed in its refit."""
    run = tmp_path_factory.mktemp("twice") / "run"
    shutil.copytree(killed.run, run)
    story = Story(run, killed.data, list(killed.results))
    with Started(*story.again(), **SLOW) as resumed:
        resumed.wait_for(lambda: phases_begun(run, "search") == 2)
        resumed.signal(signal.SIGSTOP)
        story.answers["second"] = call(*story.again(), **SLOW)
        resumed.signal(signal.SIGCONT)
        resumed.wait_for(lambda: phases_begun(run, "refit") == 1)
    story.results.append(results(run))
    return story


@pytest.fixture(scope="module")
def finished(killed_twice: Story) -> Story:
    """Resumed to its end, and resumed once more."""
    killed_twice.answers["end"] = call(*killed_twice.again(), **SLOW)
    killed_twice.answers["more"] = call("resume", killed_twice.run)
    return killed_twice


def test_the_first_kill_hit_the_search(killed: Story) -> None:
    assert 1 <= len(killed.results[0]) < TRIALS
    assert not (killed.run / "leaderboard.csv").exists()


def test_a_moved_data_file_must_be_told(killed: Story) -> None:
    answer = call("resume", killed.run)
    assert answer.code == 2
    assert "data.csv is gone; say --data FILE" in answer.err


def test_changed_data_are_refused_and_nothing_is_touched(killed: Story, tmp_path: Path) -> None:
    changed = tmp_path / "data.csv"
    changed.write_text((killed.data / "data.csv").read_text(encoding="utf-8") + "0,0.5,0.5\n", encoding="utf-8")
    journal = (killed.run / "study.journal").read_bytes()
    answer = call("resume", killed.run, "--data", changed, "--meta", killed.data / "meta.csv")
    assert answer.code == 1
    assert "The data must be those this run began with" in answer.err
    assert (killed.run / "study.journal").read_bytes() == journal


def test_a_second_process_on_the_same_run_is_refused_in_a_sentence(killed_twice: Story) -> None:
    second = killed_twice.answers["second"]
    assert second.code == 1
    assert "Another process is working on" in second.err
    assert "Traceback" not in second.err


def test_the_second_kill_hit_the_refit(killed_twice: Story) -> None:
    assert len(killed_twice.results[1]) == TRIALS
    assert not (killed_twice.run / "summary.json").exists()


def test_a_killed_run_is_finished_by_a_resume(finished: Story) -> None:
    assert finished.answers["end"].code == 0, finished.answers["end"].err
    board = pd.read_csv(finished.run / "leaderboard.csv")
    assert set(board["architecture"]) == {"ridge", "kernel_ridge", "quick_pooled", "slow"}
    assert board["test_error"].notna().all()
    assert board["trials"].tolist() == [2] * 4
    assert "kernel_ridge" in finished.answers["end"].out


def test_what_was_finished_before_a_kill_is_complete_once(finished: Story) -> None:
    complete = Trials.of(finished.run).complete
    assert [complete.count(name) for name in finished.results[0]] == [1] * len(finished.results[0])
    assert sorted(complete) == sorted(finished.results[1])


def test_what_was_finished_is_not_evaluated_again(finished: Story) -> None:
    now = results(finished.run)
    assert {name: now[name] for name in finished.results[0]} == finished.results[0]
    assert now == finished.results[1]


def test_no_configuration_is_complete_twice_and_the_budget_is_kept(finished: Story) -> None:
    trials = Trials.of(finished.run)
    assert len(set(trials.roots)) == len(trials.roots)
    assert (trials.told, trials.unfinished) == (TRIALS, 0)


def test_a_finished_run_says_so(finished: Story) -> None:
    more = finished.answers["more"]
    assert more.code == 0
    assert "is finished; --time-limit or --trials would add to it" in more.err
    assert "kernel_ridge" in more.out


@pytest.fixture(scope="module")
def with_ray(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The same with Ray's workers, killed once."""
    folder = tmp_path_factory.mktemp("ray")
    data, run = folder / "data", folder / "run"
    data.mkdir()
    space = misbehaving.space(folder, "slow")
    given = [*written(data), "--space", space, "--output", run, *SHORT]
    given += ["--architectures", "ridge,slow", "--trials", 4, "--runner", "ray", "--workers", 1]
    story = Story(run, data)
    with Started(*given, **SLOW) as search:
        search.wait_for(lambda: bool(results(run)))
    story.results.append(results(run))
    story.answers["end"] = call("resume", run)
    return story


@pytest.mark.ray
def test_a_run_with_ray_is_finished_by_a_resume(with_ray: Story) -> None:
    assert with_ray.answers["end"].code == 0, with_ray.answers["end"].err
    assert set(pd.read_csv(with_ray.run / "leaderboard.csv")["architecture"]) == {"ridge", "slow"}


@pytest.mark.ray
def test_a_run_with_ray_loses_and_doubles_nothing(with_ray: Story) -> None:
    trials, now = Trials.of(with_ray.run), results(with_ray.run)
    assert {name: now[name] for name in with_ray.results[0]} == with_ray.results[0]
    assert set(with_ray.results[0]) <= set(trials.complete)
    assert len(set(trials.roots)) == len(trials.roots) == 4
    assert (trials.told, trials.unfinished) == (4, 0)


KILLS, MORE_TRIALS = 3, 9


@pytest.fixture(scope="module")
def often(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """Killed at moments of its search that were drawn at random."""
    drawn = moments(KILLS, 5, 4.0, in_search=True)
    return killing.killed(tmp_path_factory.mktemp("often") / "it", MORE_TRIALS, drawn, "--runner", "local")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    return killing.killed(tmp_path_factory.mktemp("undisturbed") / "it", MORE_TRIALS, [], "--runner", "local")


def test_kills_at_random_moments_lose_nothing_and_repeat_nothing(often: Killed) -> None:
    assert len(often.results) == KILLS
    assert killing.loses_and_doubles_nothing(often)
    assert len(Trials.of(often.run).complete) == MORE_TRIALS


def test_a_run_that_was_killed_ends_with_the_trials_of_one_that_was_not(often: Killed, undisturbed: Killed) -> None:
    assert Trials.of(often.run).errors == Trials.of(undisturbed.run).errors


def test_a_run_that_was_killed_ends_with_the_winner_of_one_that_was_not(often: Killed, undisturbed: Killed) -> None:
    boards = [pd.read_csv(each.run / "leaderboard.csv") for each in (often, undisturbed)]
    columns = ["rank", "architecture", "cv_error", "test_error", "trials"]
    pd.testing.assert_frame_equal(boards[0][columns], boards[1][columns])
