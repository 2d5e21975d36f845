"""A run that a signal stops, is resumed and stopped again, and so on to its end."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mthn_automl.storage import read_json
from tests.command import Ended
from tests.faults import misbehaving
from tests.faults.runs import Started, Trials, call, call_apart, in_mid_search, phases_begun, results, written

TRIALS = 5
SOON = 60.0
"""Seconds from a signal to the end of the command: tables, figures and models, on a machine that is busy."""

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
WORDS = {signal.SIGINT: "Interrupted", signal.SIGTERM: "Terminated", signal.SIGHUP: "Terminated"}
SHORT = {"SLOW_SECONDS": "0.5"}
Moment = tuple[str, signal.Signals]
Happened = Callable[[Path], bool]


def _always(run: Path) -> bool:
    return True


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

    def left_the_best_so_far(self) -> bool:
        """Asserts what every stop must leave, whatever ran the trials."""
        assert (self.ended.code, self.ended.out) == (CODES[self.number], "")
        assert "Traceback" not in self.ended.err
        assert self.ended.err.splitlines()[-1] == (
            f"mthn-automl: {WORDS[self.number]}; `mthn-automl resume RUN` goes on with an unfinished run."
        )
        assert self.seconds < SOON
        assert {"model", "leaderboard.csv", "summary.json"} <= set(self.files)
        assert (self.summary["finished"], self.summary["stopped_in"]) == (False, self.phase)
        assert self.predicted.code == 0, self.predicted.err
        assert len(self.predicted.out.splitlines()) == 1 + 4 * 16
        assert not self.left_processes
        return True


@dataclass
class Story:
    """One run, stopped again and again, and what its last resume answered."""

    run: Path
    stops: list[Stop] = field(default_factory=list)
    end: Ended | None = None

    def stop(self, phase: str, number: signal.Signals, words: tuple[object, ...], moment: Happened = _always) -> None:
        """Send the signal in that phase, at a moment in it."""
        before = phases_begun(self.run, phase)
        with Started(*words, **SHORT) as started:
            started.wait_for(lambda: phases_begun(self.run, phase) > before and moment(self.run))
            sent = time.monotonic()
            started.signal(number)
            ended = started.end()
            seconds = time.monotonic() - sent
            left = started.left()
        files = sorted(each.name for each in self.run.iterdir())
        summary = read_json(self.run / "summary.json") if "summary.json" in files else {}
        predicted = call("predict", self.run, self.run.parent / "data.csv", "--trust")
        self.stops.append(Stop(phase, number, ended, seconds, left, summary, files, predicted, results(self.run)))

    def lost_and_doubled_nothing(self) -> bool:
        """Asserts that what had a result at a stop has it still and that no configuration is complete twice."""
        trials, now = Trials.of(self.run), results(self.run)
        for stop in self.stops:
            assert {name: now[name] for name in stop.results} == stop.results
        assert set(trials.complete) == set(now)
        assert len(set(trials.roots)) == len(trials.roots)
        return True


def begun(folder: Path, *options: object) -> tuple[object, ...]:
    """Words of a search; options: its architectures, the slow one among them, and its runner."""
    words = (*written(folder), "--space", misbehaving.space(folder, "slow"), "--trials", TRIALS, "--preset", "quick")
    return (*words, "--folds", 2, "--seeds", 1, "--output", folder / "run", *options)


def told(folder: Path, options: tuple[object, ...], moments: tuple[Moment, ...]) -> Story:
    """A run that is stopped in each phase, resumed each time, and resumed to its end.

    In a search it is stopped while a trial runs and others have finished.
    """
    story = Story(folder / "run")
    for index, (phase, number) in enumerate(moments):
        words = ("resume", story.run, "--trust") if index else begun(folder, *options)
        story.stop(phase, number, words, in_mid_search if phase == "search" else _always)
    story.end = (call if "local" in options else call_apart)("resume", story.run, "--trust")
    return story
