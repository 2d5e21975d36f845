"""A cluster that loses a node: its trials finish on another; and a share of a GPU for each trial.

The second node does not see the folder of the run: where this machine can hide it from the node's processes it is
hidden, and else the node sees another folder in its place.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from mthn_automl.storage import read_json
from tests.command import Ended
from tests.faults import misbehaving
from tests.faults.head import START, Head, begun, wait_until_it_runs
from tests.faults.misbehaving import FIRST, NODE, Fit, fits
from tests.faults.runs import Started, Trials, results, search, trials_lost

pytestmark = [pytest.mark.faults, pytest.mark.ray, pytest.mark.slow]

TRIALS = 5
SECONDS = 1.5
HIDING = 'mount -t tmpfs none "$0" && exec "$@"'


class Second:
    """A node that joins a head, in a process group and a mount namespace of its own, where `hidden` is empty."""

    def __init__(self, head: Head, hidden: Path) -> None:
        self._command = [*_hiding(hidden), *START, f"--address={head.address}"]
        self._head = head

    def __enter__(self) -> "Second":
        self._before = _raylets(self._head)
        output = self._head.folder / "second"
        self.process = begun(self._command, output, self._head.environment(**{NODE: "second"}))
        wait_until_it_runs(self.process, output)
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def kill_raylet(self) -> None:
        for number in _raylets(self._head) - self._before:
            os.kill(number, signal.SIGKILL)


def _raylets(head: Head) -> set[int]:
    found = [(each, each.info["cmdline"]) for each in head.living()]
    return {each.pid for each, words in found if words and Path(words[0]).name == "raylet"}


def _hiding(folder: Path) -> list[str]:
    """The beginning of a command that does not see what is in the folder; nothing where the machine cannot do that."""
    words = ["unshare", "--mount", "sh", "-c", HIDING, str(folder)]
    possible = shutil.which("unshare") and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    return words if possible else []


@dataclass
class Story:
    """A search on two nodes. fits: that had begun on the one that was lost, the last of which it did not finish."""

    run: Path
    answer: Ended
    fits: list[Fit]
    before: dict[str, int]


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    """One processor and, as Ray counts them, one GPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FITS", str(tmp_path_factory.mktemp("fits")))
        patch.setenv("SLOW_SECONDS", str(SECONDS))
        patch.setenv(NODE, FIRST)
        with Head("--num-gpus=1") as started:
            yield started


def searched(folder: Path, head: Head, behaviour: misbehaving.Behaviour, trials: int, *more: object) -> Started:
    words = search(folder, misbehaving.space(folder, behaviour), behaviour, trials, "--address", head.address, *more)
    return Started(*words, **head.environment())


@pytest.fixture(scope="module")
def story(head: Head, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """The raylet of the second node is killed when a trial has finished there and another is at work."""
    folder, noted = tmp_path_factory.mktemp("node"), Path(os.environ["FITS"])
    run = folder / "run"

    def waiting() -> list[Fit]:
        return [each for each in fits(noted) if each.behaviour == "waits"]

    with Second(head, folder) as second, searched(folder, head, "waits", TRIALS) as started:
        started.wait_for(lambda: len({each.offset for each in waiting()}) >= 2)
        before, noted_fits = results(run), waiting()
        second.kill_raylet()
        answer = started.end()
    return Story(run, answer, noted_fits, before)


def offsets(run: Path) -> dict[str, float]:
    """Of the trials that are complete, by name."""
    return {name: read_json(run / "trials" / name / "params.json")["settings"]["offset"] for name in results(run)}


def test_a_search_whose_node_was_lost_is_complete_and_what_had_finished_stays_as_it_was(story: Story) -> None:
    assert story.answer.code == 0, story.answer.err
    trials, now = Trials.of(story.run), results(story.run)
    assert (len(trials.complete), trials.told, trials.unfinished) == (TRIALS, TRIALS, 0)
    board = pd.read_csv(story.run / "leaderboard.csv").set_index("architecture")
    assert board.loc["waits", "trials"] == TRIALS
    assert {name: now[name] for name in story.before} == story.before


def test_the_trial_that_the_node_ran_is_run_again_elsewhere_and_counted_once(story: Story) -> None:
    """What the node finished is in the folder of the run, which it does not see."""
    lost = story.fits[-1].offset
    assert list(offsets(story.run).values()).count(lost) == 1
    roots = Trials.of(story.run).roots
    assert len(set(roots)) == len(roots)
    assert trials_lost(story.run) > 0
    done = {each.offset for each in story.fits} - {lost}
    names = [name for name, offset in offsets(story.run).items() if offset in done]
    assert len(names) == len(done) >= 1
    folder = story.run / "trials" / names[0]
    assert {"result.json", "curve.jsonl"} <= {each.name for each in folder.iterdir()}


@pytest.mark.soak
def test_a_quarter_of_a_gpu_each_lets_four_trials_run_at_once(head: Head, tmp_path: Path) -> None:
    """Each of them ends only when four are at work."""
    with searched(tmp_path, head, "meets", 4, "--gpus-per-trial", 0.25, "--cpus-per-trial", 0.25) as started:
        answer = started.end()
    assert answer.code == 0, answer.err
    assert "4 workers on " in answer.err
    assert len(results(tmp_path / "run")) == 4
