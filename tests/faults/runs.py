"""Runs of the command that something happens to: how a test starts one, and what the run's folder says afterwards."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any
from unittest.mock import patch

import optuna
from optuna.trial import TrialState

from mthn_automl.data.problems import planted
from mthn_automl.storage import read_json
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.journal import open_journal
from tests.command import PROGRAM, Ended, in_process

CHECKOUT = Path(__file__).parents[2]
PATIENCE = 400.0
MARK = "FAULTS_STARTED_BY"


class Started:
    """The command in a process group of its own, of which a test is master; leaving kills what is left of it.

    Every process that comes of it, Ray's among them, carries a mark in its environment by which it is found.
    """

    def __init__(self, *words: object, **environment: str) -> None:
        self._out, self._err = TemporaryFile("w+"), TemporaryFile("w+")  # noqa: SIM115 - closed in __exit__
        self.mark = os.urandom(8).hex()
        self.process = subprocess.Popen(
            [*PROGRAM, *map(str, words)],
            env={**os.environ, "PYTHONPATH": str(CHECKOUT), "COLUMNS": "100", MARK: self.mark, **environment},
            stdout=self._out,
            stderr=self._err,
            start_new_session=True,
        )

    def __enter__(self) -> "Started":
        return self

    def __exit__(self, *error: object) -> None:
        self.kill()
        for number in self.processes():
            _end(number)
        self._out.close()
        self._err.close()

    def wait_for(self, happened: Callable[[], bool]) -> None:
        ends = time.monotonic() + PATIENCE
        while not happened():
            assert self.process.poll() is None, f"it ended before what was waited for: {_all_of(self._err)}"
            assert time.monotonic() < ends, f"what was waited for did not happen: {_all_of(self._err)}"
            time.sleep(0.01)

    def signal(self, number: int) -> None:
        """To the whole group, Ray's processes among it, as a terminal's Ctrl-C, `timeout` and schedulers do."""
        os.killpg(self.process.pid, number)

    def kill_driver(self) -> None:
        """It alone, as the system does when memory is short; what it started may live on for seconds."""
        self.process.kill()
        self.process.wait()

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def end(self) -> Ended:
        """What it answered, once it has ended by itself."""
        self.process.wait(PATIENCE)
        return Ended(self.process.returncode, _all_of(self._out), _all_of(self._err))

    def processes(self) -> list[int]:
        """Numbers of the processes that came of it and live."""
        wanted = f"{MARK}={self.mark}".encode()
        return [int(each.parent.name) for each in Path("/proc").glob("[0-9]*/environ") if wanted in _content(each)]

    def gone(self, seconds: float = 30.0) -> bool:
        """Whether all processes that came of it end, within so many seconds."""
        ends = time.monotonic() + seconds
        while self.processes() and time.monotonic() < ends:
            time.sleep(0.1)
        return not self.processes()

    def left(self) -> list[str]:
        """What the processes are called that did not end in time."""
        if self.gone():
            return []
        return [
            _content(Path(f"/proc/{number}/cmdline")).replace(b"\0", b" ").decode()[:200] for number in self.processes()
        ]


def call(*words: object, **environment: str) -> Ended:
    """The command from its beginning to its end, in this process, which has loaded already what it needs."""
    with patch.dict(os.environ, environment):
        return in_process(Path.cwd(), *words)


def call_apart(*words: object, **environment: str) -> Ended:
    """The same as a process of its own, for what starts a Ray."""
    with Started(*words, **environment) as started:
        return started.end()


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _end(number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(number, signal.SIGKILL)


def _all_of(file: IO[str]) -> str:
    file.seek(0)
    return file.read()


def written(folder: Path, tasks: int = 4, rows: int = 16) -> tuple[object, ...]:
    """A small problem with metadata in two files, and the words by which `search` is given it."""
    data, meta = planted(tasks, rows)
    data.to_csv(folder / "data.csv", index=False)
    meta.to_csv(folder / "meta.csv", index=False)
    return "search", folder / "data.csv", "--meta", folder / "meta.csv"


def search(folder: Path, space: Path, architectures: str, trials: int, *more: object) -> list[object]:
    """Words of a small search into `folder / "run"`, whose data are written too."""
    words = [*written(folder), "--space", space, "--architectures", architectures, "--trials", trials]
    return [*words, "--folds", 2, "--seeds", 1, "--no-ablation", "--output", folder / "run", *more]


def results(run: Path, state: str = "COMPLETE") -> dict[str, int]:
    """Trials whose result says so, and when it was written."""
    files = sorted(run.glob("trials/*/result.json"))
    return {each.parent.name: each.stat().st_mtime_ns for each in files if read_json(each)["state"] == state}


def events(run: Path, event: str) -> list[dict[str, Any]]:
    """The fields of all events of that name so far, over all sessions."""
    path = run / "events.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []  # the last may be half there
    return [each["fields"] for each in map(json.loads, lines) if each["event"] == event]


def phases_begun(run: Path, name: str) -> int:
    return [each["name"] for each in events(run, "PhaseStarted")].count(name)


def phases_ended(run: Path, name: str) -> int:
    return [each["name"] for each in events(run, "PhaseFinished")].count(name)


def trials_begun(run: Path) -> list[str]:
    """Names of trials in the order in which they were begun, over all sessions."""
    return [f"{each['architecture']}-{each['number']}" for each in events(run, "TrialStarted")]


def trials_ended(run: Path) -> int:
    """How many trials are over, for whatever reason, over all sessions."""
    return len(events(run, "TrialFinished"))


def trials_lost(run: Path) -> int:
    """How often a worker's end has ended a trial."""
    ended = events(run, "TrialFinished")
    return sum("the worker process ended before the trial did" in each["reason"] for each in ended)


def in_mid_search(run: Path) -> bool:
    """Whether a trial runs and others have finished."""
    ended = trials_ended(run)
    return ended >= 2 and len(trials_begun(run)) > ended


USING_BUDGET = {ending.value for ending in Ending if ending.uses_budget}


@dataclass
class Trials:
    """What the journal of a run says.

    Attributes:
        complete: names of trials with a result.
        pruned: names of trials that were stopped at a rung.
        roots: (architecture, number of the first trial of the same configuration) of the complete ones.
        told: how many used budget.
        unfinished: how many have not ended.
        reasons: by name, of those that failed for a fault of their own.
        errors: by architecture and parameters, of the complete ones.
    """

    complete: list[str]
    pruned: list[str]
    roots: list[tuple[str, int]]
    told: int
    unfinished: int
    reasons: Mapping[str, str]
    errors: Mapping[tuple[str, str], float]

    @classmethod
    def of(cls, run: Path) -> "Trials":
        storage = open_journal(run / "study.journal")[1]
        studies = [optuna.load_study(study_name=each.study_name, storage=storage) for each in storage.get_all_studies()]
        trials = [(study.study_name, trial) for study in studies for trial in study.get_trials()]
        complete = [(name, trial) for name, trial in trials if trial.state is TrialState.COMPLETE]
        return cls(
            complete=[f"{name}-{trial.number}" for name, trial in complete],
            pruned=[f"{name}-{trial.number}" for name, trial in trials if trial.state is TrialState.PRUNED],
            roots=[(name, trial.user_attrs["root"]) for name, trial in complete],
            told=sum(trial.user_attrs.get("ending") in USING_BUDGET for _, trial in trials),
            unfinished=sum(trial.state is TrialState.RUNNING for _, trial in trials),
            reasons={
                f"{name}-{trial.number}": trial.user_attrs["reason"]
                for name, trial in trials
                if trial.user_attrs.get("ending") == Ending.FAILED.value
            },
            errors={(name, str(sorted(trial.params.items()))): trial.values[0] for name, trial in complete},
        )
