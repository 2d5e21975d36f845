"""A run whose driver is killed loses nothing that was finished, and repeats none of it.

One search is killed, resumed, killed again in its refit and resumed to its end; its data and its folder move
meanwhile. The tests look at what each step left. `make soak` kills at moments drawn at random, with Ray's workers too.
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

pytestmark = pytest.mark.faults

TRIALS = 6
BOARD = ["rank", "architecture", "cv_error", "test_error", "trials"]


@dataclass
class Story:
    """One run: where it is now, what had a result before each kill, and what each command answered."""

    run: Path
    data: Path
    environment: dict[str, str]
    results: list[dict[str, int]] = field(default_factory=list)
    answers: dict[str, Ended] = field(default_factory=dict)

    def again(self) -> list[object]:
        return ["resume", self.run, "--data", self.data / "data.csv", "--meta", self.data / "meta.csv"]


def search(folder: Path) -> tuple[object, ...]:
    """Words of the search; the search space is in `folder`, the data in its folder `data`."""
    (folder / "data").mkdir()
    words = (*written(folder / "data"), "--space", misbehaving.space(folder, "slow"))
    words = (*words, "--architectures", killing.ARCHITECTURES, "--trials", TRIALS, "--runner", "local")
    return (*words, "--folds", 2, "--seeds", 1, "--no-ablation", "--output", folder / "run")


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Killed in the slow model's only starting point; then folder and data moved, and the space file is gone."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "fits").mkdir()
    environment = {"SLOW_SECONDS": "0.5", "FITS": str(folder / "fits")}
    with Started(*search(folder), **environment) as started:
        started.wait_for(lambda: len(results(folder / "run")) == 2)  # of the others, whose turn was before
        started.kill_driver()
    story = Story(folder / "moved run", folder / "moved data", environment)
    (folder / "run").rename(story.run)
    (folder / "data").rename(story.data)
    (folder / "slow.toml").unlink()
    story.results.append(results(story.run))
    return story


@pytest.fixture(scope="module")
def killed_twice(killed: Story, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Resumed, held in its search while another process tried the same, and killed in its refit."""
    run = tmp_path_factory.mktemp("twice") / "run"
    shutil.copytree(killed.run, run)
    story = Story(run, killed.data, killed.environment, list(killed.results))
    with Started(*story.again(), **story.environment) as resumed:
        resumed.wait_for(lambda: phases_begun(run, "search") == 2)
        resumed.signal(signal.SIGSTOP)
        story.answers["second"] = call(*story.again())
        resumed.signal(signal.SIGCONT)
        resumed.wait_for(lambda: phases_begun(run, "refit") == 1)
        resumed.kill_driver()
    story.results.append(results(run))
    return story


@pytest.fixture(scope="module")
def finished(killed_twice: Story) -> Story:
    """Resumed to its end, and resumed once more."""
    killed_twice.answers["end"] = call(*killed_twice.again(), **killed_twice.environment)
    killed_twice.answers["more"] = call("resume", killed_twice.run)
    return killed_twice


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the same run without a kill."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert call(*search(folder), SLOW_SECONDS="0").code == 0
    return folder / "run"


def test_a_moved_data_file_must_be_told_and_changed_data_are_refused_and_nothing_is_touched(
    killed: Story, tmp_path: Path
) -> None:
    answer = call("resume", killed.run)
    assert answer.code == 2
    assert "data.csv is gone; say --data FILE" in answer.err
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
    before, after = killed_twice.results  # the first kill hit the search, the second the refit
    assert 1 <= len(before) < len(after) == TRIALS
    assert not (killed_twice.run / "summary.json").exists()


def test_a_killed_run_is_finished_by_a_resume_and_says_so(finished: Story) -> None:
    end, more = finished.answers["end"], finished.answers["more"]
    assert (end.code, more.code) == (0, 0), end.err + more.err
    board = pd.read_csv(finished.run / "leaderboard.csv")
    assert set(board["architecture"]) == {"ridge", "kernel_ridge", "slow"}
    assert board["test_error"].notna().all()
    assert board["trials"].tolist() == [2] * 3
    assert all("kernel_ridge" in answer.out for answer in (end, more))
    assert "is finished; --time-limit or --trials would add to it" in more.err


def test_what_was_finished_before_a_kill_is_complete_once_and_not_evaluated_again_within_the_budget(
    finished: Story,
) -> None:
    trials, now = Trials.of(finished.run), results(finished.run)
    assert sorted(trials.complete) == sorted(finished.results[1])
    assert {name: now[name] for name in finished.results[0]} == finished.results[0]
    assert now == finished.results[1]
    assert killing.fitted_again(finished.run, Path(finished.environment["FITS"])) == []
    assert len(set(trials.roots)) == len(trials.roots)
    assert (trials.told, trials.unfinished) == (TRIALS, 0)


def test_the_end_is_that_of_a_run_that_was_not_killed(finished: Story, undisturbed: Path) -> None:
    assert Trials.of(finished.run).errors == Trials.of(undisturbed).errors
    boards = [pd.read_csv(run / "leaderboard.csv")[BOARD] for run in (finished.run, undisturbed)]
    pd.testing.assert_frame_equal(*boards)


def ten_moments() -> list[tuple[float, bool]]:
    """Half count from the start of the command, and so hit the start of Ray, refits and the report."""
    early, late = moments(5, 11, 30.0, in_search=False), moments(5, 12, 25.0, in_search=True)
    return [moment for pair in zip(early, late, strict=True) for moment in pair]


THREE, TEN = moments(3, 5, 4.0, in_search=True), ten_moments()
RAY = ("--runner", "ray", "--workers")
OFTEN = [
    pytest.param(THREE, 9, ("--runner", "local"), id="three kills in process"),
    pytest.param(TEN, 30, (*RAY, 1), id="ten kills with a worker", marks=pytest.mark.ray),
    pytest.param(TEN, 30, (*RAY, 2), id="ten kills with two workers", marks=pytest.mark.ray),
]


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.parametrize(("kills", "trials", "where"), OFTEN)
def test_kills_at_random_moments_lose_nothing_repeat_nothing_and_change_nothing(
    tmp_path: Path, kills: list[tuple[float, bool]], trials: int, where: tuple[object, ...]
) -> None:
    often = killing.killed(tmp_path / "often", trials, kills, *where)
    undisturbed = killing.killed(tmp_path / "undisturbed", trials, [], *where)
    print(f"\ntrials that had a result at each kill: {[len(before) for before in often.results]}")
    assert killing.loses_and_doubles_nothing(often)
    assert not Trials.of(often.run).reasons
    assert len(Trials.of(often.run).complete) == trials
    assert ends_alike(often, undisturbed)


def ends_alike(often: Killed, undisturbed: Killed) -> bool:
    """Asserts that errors are the same; with two workers trials end in another order by chance, so only alike."""
    boards = [pd.read_csv(story.run / "leaderboard.csv").set_index("architecture") for story in (often, undisturbed)]
    if often.where[-1] != 2:
        assert Trials.of(often.run).errors == Trials.of(undisturbed.run).errors
    difference = (boards[0]["cv_error"] - boards[1]["cv_error"]).abs()
    assert (difference <= boards[1]["cv_error_se"]).all()
    return True
