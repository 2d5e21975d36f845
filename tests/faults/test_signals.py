"""Ctrl-C and `kill` end a search soon, in every phase: the best so far is there, and nothing finished is lost.

One run is stopped in its search, resumed and stopped in its refit, and so on to its end; another lives with Ray.
"""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mthn_automl.storage import read_json
from tests.command import Ended, in_process
from tests.faults import misbehaving
from tests.faults.runs import Started, Trials, call, events, phases_begun, results, trials_begun, written

pytestmark = [pytest.mark.faults, pytest.mark.slow]

TRIALS = 5
SOON = 60.0
"""Seconds from a signal to the end of the command: a refit, tables and figures, on a machine that is busy."""

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
WORDS = {signal.SIGINT: "Interrupted", signal.SIGTERM: "Terminated"}
LOCAL = (("search", signal.SIGINT), ("refit", signal.SIGTERM), ("ablation", signal.SIGINT), ("report", signal.SIGTERM))


@dataclass
class Stop:
    """What a signal in a phase led to, and what could be done with the run's folder then."""

    phase: str
    number: signal.Signals
    ended: Ended
    seconds: float
    left_processes: list[str]
    summary: dict[str, Any]
    files: list[str]
    predicted: Ended
    results: dict[str, int]


@dataclass
class Story:
    """One run, stopped again and again, and what its last resume answered."""

    run: Path
    stops: list[Stop] = field(default_factory=list)
    end: Ended | None = None

    def stop(self, phase: str, number: signal.Signals, words: tuple[object, ...], **environment: str) -> None:
        """Send the signal in that phase: in a search, while a trial runs and others have finished."""
        before = phases_begun(self.run, phase)
        with Started(*words, **environment) as started:
            started.wait_for(lambda: phases_begun(self.run, phase) > before and _in_the_middle(self.run, phase))
            sent = time.monotonic()
            started.signal(number)
            ended = started.end()
            seconds = time.monotonic() - sent
            left = started.left()
        summary = self.run / "summary.json"
        self.stops.append(
            Stop(
                phase,
                number,
                ended,
                seconds,
                left,
                read_json(summary) if summary.exists() else {},
                sorted(each.name for each in self.run.iterdir()),
                in_process(self.run.parent, "predict", self.run, self.run.parent / "data.csv"),
                results(self.run),
            )
        )


def _in_the_middle(run: Path, phase: str) -> bool:
    ended = len(events(run, "TrialFinished"))
    return phase != "search" or (ended >= 2 and len(trials_begun(run)) > ended)


def told(run: Path, words: tuple[object, ...], moments: tuple[tuple[str, signal.Signals], ...]) -> Story:
    story = Story(run)
    for index, (phase, number) in enumerate(moments):
        story.stop(phase, number, ("resume", run) if index else words, SLOW_SECONDS="0.5")
    story.end = call("resume", run)
    return story


def started_search(folder: Path, *where: object) -> tuple[object, ...]:
    space = misbehaving.space(folder, "slow")
    words = (*written(folder), "--space", space, "--architectures", "ridge,hypernetwork,slow", "--trials", TRIALS)
    return (*words, "--preset", "quick", "--folds", 2, "--seeds", 1, "--output", folder / "run", *where)


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("local")
    return told(folder / "run", started_search(folder, "--runner", "local"), LOCAL)


@pytest.fixture(params=LOCAL, ids=lambda moment: moment[0])
def stop(request: pytest.FixtureRequest, local: Story) -> Stop:
    return next(each for each in local.stops if (each.phase, each.number) == request.param)


def says_how_to_go_on(stop: Stop) -> bool:
    """Asserts what every stop must leave, whatever ran the trials."""
    assert (stop.ended.code, stop.ended.out) == (CODES[stop.number], "")
    assert "Traceback" not in stop.ended.err
    assert stop.ended.err.splitlines()[-1] == (
        f"mthn-automl: {WORDS[stop.number]}; `mthn-automl resume RUN` goes on with an unfinished run."
    )
    return True


def test_a_signal_ends_the_command_with_its_code_and_how_to_go_on(stop: Stop) -> None:
    assert says_how_to_go_on(stop)
    assert stop.seconds < SOON


def test_the_best_so_far_is_there_and_the_run_says_where_it_was_stopped(stop: Stop) -> None:
    assert {"model", "leaderboard.csv", "summary.json"} <= set(stop.files)
    assert (stop.summary["finished"], stop.summary["stopped_in"]) == (False, stop.phase)
    assert stop.predicted.code == 0
    assert len(stop.predicted.out.splitlines()) == 1 + 4 * 16


def test_no_process_outlives_the_command(stop: Stop) -> None:
    assert not stop.left_processes


def test_a_run_that_was_stopped_in_every_phase_is_finished_by_a_resume(local: Story) -> None:
    assert local.end is not None
    assert local.end.code == 0, local.end.err
    summary = read_json(local.run / "summary.json")
    assert summary["finished"]
    assert summary["trials"]["COMPLETE"] + summary["trials"]["PRUNED"] == TRIALS
    assert set(pd.read_csv(local.run / "leaderboard.csv")["architecture"]) == {"ridge", "hypernetwork", "slow"}
    assert len(pd.read_csv(local.run / "ablation.csv"))


def loses_and_doubles_nothing(story: Story) -> bool:
    trials, now = Trials.of(story.run), results(story.run)
    for stop in story.stops:
        assert {name: now[name] for name in stop.results} == stop.results
    assert set(trials.complete) == set(now)
    assert len(set(trials.roots)) == len(trials.roots)
    assert (trials.told, trials.unfinished) == (TRIALS, 0)
    return True


def test_stops_lose_no_finished_trial_and_run_none_again(local: Story) -> None:
    assert loses_and_doubles_nothing(local)


def test_the_trial_that_a_signal_broke_off_is_run_again_and_not_counted_as_a_fault(local: Story) -> None:
    begun = trials_begun(local.run)
    assert len(begun) == len(set(begun)) == TRIALS + 1
    assert not Trials.of(local.run).reasons


WITH_RAY = (("search", signal.SIGINT), ("refit", signal.SIGTERM))


@pytest.fixture(scope="module")
def with_ray(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("ray")
    return told(folder / "run", started_search(folder, "--runner", "ray", "--workers", 2), WITH_RAY)


@pytest.mark.ray
@pytest.mark.parametrize("index", [pytest.param(index, id=phase) for index, (phase, _) in enumerate(WITH_RAY)])
def test_with_ray_too_a_signal_leaves_the_best_so_far_and_no_process(with_ray: Story, index: int) -> None:
    stop = with_ray.stops[index]
    assert says_how_to_go_on(stop)
    assert stop.seconds < SOON
    assert {"model", "leaderboard.csv"} <= set(stop.files)
    assert (stop.summary["finished"], stop.summary["stopped_in"]) == (False, stop.phase)
    assert stop.predicted.code == 0
    assert not stop.left_processes


@pytest.mark.ray
def test_with_ray_too_stops_lose_no_finished_trial_and_run_none_again(with_ray: Story) -> None:
    assert with_ray.end is not None
    assert with_ray.end.code == 0, with_ray.end.err
    assert loses_and_doubles_nothing(with_ray)


def only_slow(folder: Path, *where: object) -> tuple[object, ...]:
    space = misbehaving.space(folder, "slow")
    words = (*written(folder), "--space", space, "--architectures", "slow", "--trials", 2, "--no-ablation")
    return (*words, "--folds", 2, "--seeds", 1, "--output", folder / "run", *where)


def stopped(words: tuple[object, ...], seconds: float, moments: Sequence[tuple[Callable[[], bool], int]]) -> Ended:
    """Send signals, each at its moment; seconds: that a fit takes."""
    with Started(*words, SLOW_SECONDS=str(seconds)) as started:
        for moment, number in moments:
            started.wait_for(moment)
            started.signal(number)
        ended = started.end()
        assert started.gone()
    return ended


def finishes(run: Path) -> bool:
    again = call("resume", run, SLOW_SECONDS="0")
    trials = Trials.of(run)
    assert again.code == 0, again.err
    assert (len(trials.complete), trials.told, trials.unfinished) == (2, 2, 0)
    return True


@pytest.mark.parametrize(
    ("runner", "number", "sign"),
    [
        pytest.param("local", signal.SIGINT, "run.log", id="in the first trial"),
        pytest.param("ray", signal.SIGTERM, "ray.log", id="while Ray starts", marks=pytest.mark.ray),
    ],
)
def test_before_anything_has_finished_a_signal_leaves_a_run_that_can_be_resumed(
    tmp_path: Path, runner: str, number: signal.Signals, sign: str
) -> None:
    run = tmp_path / "run"
    words = only_slow(tmp_path, "--runner", runner, "--workers", 1)
    answer = stopped(
        words, 60, [(lambda: (run / sign).exists() and (runner == "ray" or bool(trials_begun(run))), number)]
    )
    assert (answer.code, answer.out) == (CODES[number], "")
    assert answer.err.splitlines()[-1].startswith(f"mthn-automl: {WORDS[number]};")
    assert "Traceback" not in answer.err
    assert not results(run)
    assert not (run / "summary.json").exists()
    assert finishes(run)


def test_a_second_signal_ends_the_command_at_once_and_the_run_can_still_be_resumed(tmp_path: Path) -> None:
    """A fit takes so long that the second signal finds the first one's refit at work."""
    run = tmp_path / "run"
    moments = [
        (lambda: bool(results(run)), signal.SIGINT),
        (lambda: bool(phases_begun(run, "refit")), signal.SIGTERM),
    ]
    answer = stopped(only_slow(tmp_path, "--runner", "local"), 4, moments)
    assert answer.code == 143
    assert answer.err.splitlines()[-1].startswith("mthn-automl: Terminated;")
    assert "Traceback" not in answer.err
    assert "refit" not in [each["name"] for each in events(run, "PhaseFinished")]
    before = results(run)
    assert finishes(run)
    assert {name: results(run)[name] for name in before} == before
