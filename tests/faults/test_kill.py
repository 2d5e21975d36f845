"""A run whose processes are killed loses nothing that was finished, and repeats none of it.

A run takes seconds, so that one search is killed, resumed, killed again in its refit and resumed to its end; its
data and its folder move meanwhile. The tests look at what each step left.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
from optuna.trial import TrialState

from mthn_automl.data.problems import cubic
from mthn_automl.storage import read_json
from mthn_automl.tuning.study import ELAPSED, ROOT, open_storage
from tests.tuning import toys

pytestmark = pytest.mark.faults

CHECKOUT = Path(__file__).parents[2]
TRIALS = 8
PATIENCE = 120.0
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(CHECKOUT), "TOY_SECONDS": "0.5"}
SHORT = ("--folds", "2", "--seeds", "1", "--no-ablation")


def command(arguments: Sequence[object]) -> list[str]:
    return [sys.executable, "-m", "mthn_automl.cli.app", *map(str, arguments)]


def call(*arguments: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(arguments), env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE)


class Started:
    """The command in a process group of its own, of which a test is master; leaving kills what is left of it."""

    def __init__(self, *arguments: object) -> None:
        self.process = subprocess.Popen(
            command(arguments),
            env=ENVIRONMENT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()

    def wait_for(self, happened: Callable[[], bool]) -> None:
        ends = time.monotonic() + PATIENCE
        while not happened():
            assert self.process.poll() is None, "the command ended before what was waited for"
            assert time.monotonic() < ends, "what was waited for did not happen"
            time.sleep(0.01)

    def signal(self, number: int) -> None:
        os.killpg(self.process.pid, number)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.process.wait()


def results(run: Path) -> dict[str, int]:
    """Trials whose result says COMPLETE, and when it was written."""
    files = sorted(run.glob("trials/*/result.json"))
    return {each.parent.name: each.stat().st_mtime_ns for each in files if read_json(each)["state"] == "COMPLETE"}


def phases_begun(run: Path, name: str) -> int:
    log = run / "run.log"
    return log.read_text(encoding="utf-8").count(f"PhaseStarted(name='{name}'") if log.exists() else 0


@dataclass
class Trials:
    """What the journal of a run says."""

    complete: list[str]
    roots: list[tuple[str, int]]
    told: int
    unfinished: int

    @classmethod
    def of(cls, run: Path) -> "Trials":
        storage = open_storage(run / "study.journal")
        studies = [optuna.load_study(study_name=each.study_name, storage=storage) for each in storage.get_all_studies()]
        trials = [(study.study_name, trial) for study in studies for trial in study.get_trials()]
        complete = [(name, trial) for name, trial in trials if trial.state is TrialState.COMPLETE]
        return cls(
            complete=[f"{name}-{trial.number}" for name, trial in complete],
            roots=[(name, trial.user_attrs.get(ROOT, trial.number)) for name, trial in complete],
            told=sum(ELAPSED in trial.user_attrs for _, trial in trials),
            unfinished=sum(trial.state is TrialState.RUNNING for _, trial in trials),
        )


@dataclass
class Story:
    """One run: where it is now, what had a result before each kill, and what each command answered."""

    run: Path
    data: Path
    results: list[dict[str, int]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)

    def again(self, *more: object) -> list[object]:
        return ["resume", self.run, "--data", self.data / "data.csv", "--meta", self.data / "meta.csv", *more]


def written(folder: Path) -> Path:
    folder.mkdir()
    data, meta = cubic(tasks=8, rows=20)
    data.to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Killed when the first result was there; then folder and data moved, and the space files are gone."""
    folder = tmp_path_factory.mktemp("killed")
    data, run = written(folder / "data"), folder / "run"
    spaces = [toys.toy_space(folder, "slow", "slow").path, toys.pooled_space(folder).path]
    names = "ridge,kernel_ridge,quick_pooled,slow"
    given = ["search", data / "data.csv", "--meta", data / "meta.csv", "--space", spaces[0], "--space", spaces[1]]
    given += ["--architectures", names, "--trials", TRIALS, "--runner", "local", "--output", run, *SHORT]
    with Started(*given) as search:
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
    with Started(*story.again()) as resumed:
        resumed.wait_for(lambda: phases_begun(run, "search") == 2)
        resumed.signal(signal.SIGSTOP)
        story.answers["second"] = call(*story.again())
        resumed.signal(signal.SIGCONT)
        resumed.wait_for(lambda: phases_begun(run, "refit") == 1)
    story.results.append(results(run))
    return story


@pytest.fixture(scope="module")
def finished(killed_twice: Story) -> Story:
    """Resumed to its end, and resumed once more."""
    killed_twice.answers["end"] = call(*killed_twice.again())
    killed_twice.answers["more"] = call("resume", killed_twice.run)
    return killed_twice


def test_the_first_kill_hit_the_search(killed: Story) -> None:
    assert 1 <= len(killed.results[0]) < TRIALS
    assert not (killed.run / "leaderboard.csv").exists()


def test_a_moved_data_file_must_be_told(killed: Story) -> None:
    answer = call("resume", killed.run)
    assert answer.returncode == 2
    assert "data.csv is gone; say --data FILE" in answer.stderr


def test_changed_data_are_refused_and_nothing_is_touched(killed: Story, tmp_path: Path) -> None:
    changed = tmp_path / "data.csv"
    changed.write_text((killed.data / "data.csv").read_text(encoding="utf-8") + "0,0.5,0.5\n", encoding="utf-8")
    journal = (killed.run / "study.journal").read_bytes()
    answer = call("resume", killed.run, "--data", changed, "--meta", killed.data / "meta.csv")
    assert answer.returncode == 1
    assert "The data must be those this run began with" in answer.stderr
    assert (killed.run / "study.journal").read_bytes() == journal


def test_a_second_process_on_the_same_run_is_refused_in_a_sentence(killed_twice: Story) -> None:
    second = killed_twice.answers["second"]
    assert second.returncode == 1
    assert "Another process is working on" in second.stderr
    assert "Traceback" not in second.stderr


def test_the_second_kill_hit_the_refit(killed_twice: Story) -> None:
    assert len(killed_twice.results[1]) == TRIALS
    assert not (killed_twice.run / "summary.json").exists()


def test_a_killed_run_is_finished_by_a_resume(finished: Story) -> None:
    assert finished.answers["end"].returncode == 0, finished.answers["end"].stderr
    board = pd.read_csv(finished.run / "leaderboard.csv")
    assert set(board["architecture"]) == {"ridge", "kernel_ridge", "quick_pooled", "slow"}
    assert board["test_error"].notna().all()
    assert board["trials"].tolist() == [2] * 4
    assert "kernel_ridge" in finished.answers["end"].stdout


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
    assert more.returncode == 0
    assert "is finished; --time-limit or --trials would add to it" in more.stderr
    assert "kernel_ridge" in more.stdout


@pytest.fixture(scope="module")
def with_ray(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The same with Ray's workers, killed once."""
    folder = tmp_path_factory.mktemp("ray")
    data, run = written(folder / "data"), folder / "run"
    space = toys.toy_space(folder, "slow", "slow").path
    given = ["search", data / "data.csv", "--meta", data / "meta.csv", "--space", space, "--output", run, *SHORT]
    given += ["--architectures", "ridge,slow", "--trials", 4, "--runner", "ray", "--workers", 1]
    story = Story(run, data)
    with Started(*given) as search:
        search.wait_for(lambda: bool(results(run)))
    story.results.append(results(run))
    story.answers["end"] = call("resume", run)
    return story


@pytest.mark.ray
def test_a_run_with_ray_is_finished_by_a_resume(with_ray: Story) -> None:
    assert with_ray.answers["end"].returncode == 0, with_ray.answers["end"].stderr
    assert set(pd.read_csv(with_ray.run / "leaderboard.csv")["architecture"]) == {"ridge", "slow"}


@pytest.mark.ray
def test_a_run_with_ray_loses_and_doubles_nothing(with_ray: Story) -> None:
    trials, now = Trials.of(with_ray.run), results(with_ray.run)
    assert {name: now[name] for name in with_ray.results[0]} == with_ray.results[0]
    assert set(with_ray.results[0]) <= set(trials.complete)
    assert len(set(trials.roots)) == len(trials.roots) == 4
    assert (trials.told, trials.unfinished) == (4, 0)
