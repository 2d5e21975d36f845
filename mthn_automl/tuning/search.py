"""The search as seen by a runner: a source of trials to run, which is told what becomes of them."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mthn_automl.catalogue import SpaceFile
from mthn_automl.storage import write_json
from mthn_automl.tuning.allocation import FIRST_ROUNDS, Standing, next_architecture
from mthn_automl.tuning.clock import WorkerStart
from mthn_automl.tuning.events import Event, TrialAtRung, TrialFinished, TrialStarted
from mthn_automl.tuning.front import pareto_front
from mthn_automl.tuning.guard import Guard, Refusal
from mthn_automl.tuning.objective import Configuration
from mthn_automl.tuning.rungs import Rung, Rungs
from mthn_automl.tuning.study import Asked, Studies
from mthn_automl.tuning.trial import (
    RESULT,
    Outcome,
    Trial,
    copy_files,
    outcome_to_json,
    read_outcome,
    read_rungs,
    write_files,
    write_params,
    write_rungs,
)

REFUSALS = 20
"""Configurations of one architecture in a row that may be refused before another is asked; from then on one a time."""


@dataclass(frozen=True)
class Budget:
    """When to start no more trials.

    trials: of all architectures together, None: no limit. ends: asked before each trial for the moment at which the
    search must be over, in seconds since the epoch; it may move as trials show what the final fits will take.
    rounds: trials that every architecture gets first. timeout: seconds after which a trial is ended, None: never.
    """

    trials: int | None
    ends: Callable[[], float | None]
    rounds: int = FIRST_ROUNDS
    timeout: float | None = None


class TrialSource:
    """Hands out trials under a budget and records their outcomes. Runners call it from one thread."""

    def __init__(
        self,
        studies: Studies,
        files: Mapping[str, SpaceFile],
        folder: Path,
        budget: Budget,
        *,
        clock: Callable[[], float],
        report: Callable[[Event], None],
        rungs: tuple[int, ...] = (),
        guard: Guard | None = None,
        lock: tuple[Path, str] | None = None,
        worker_start: WorkerStart | None = None,
    ) -> None:
        """clock: seconds of the run so far, earlier sessions included. rungs: epochs at which trials are compared.

        guard: tells which configurations are not to be begun. lock: as `Trial.lock` and `Trial.token`.
        worker_start: is told what passed until the first trial had a worker at work.
        """
        self.studies, self.files, self.folder, self.budget = studies, dict(files), folder, budget
        self.clock, self.report, self.guard, self.lock = clock, report, guard, lock
        several = "parameters" in studies.objectives
        self.rungs = {name: Rungs(rungs, several=several) for name in self.files}
        self.live: dict[str, Trial] = {}
        self.reached: dict[str, list[Rung]] = {}
        self.refused: set[str] = set()
        self.made = time.time()
        self.worker_start = worker_start or WorkerStart()
        self.begun: dict[str, float] = {}

    def recover(self) -> int:
        """Settle the trials a killed driver left running: adopt what they finished, queue the others again."""
        for name in self.files:
            for trial in self.studies.trials(name):
                self._remember(name, trial.number)
        left = self.studies.running()
        for architecture, number in left:
            outcome = read_outcome(self.folder / f"{architecture}-{number}")
            reason = "the search ended before this trial did"
            if outcome is not None:
                self._record(architecture, number, outcome)
            elif self.studies.has_begun(architecture, number):
                self.studies.lose(architecture, number, reason, self.clock())
            else:
                self.studies.abandon(architecture, number, reason)
        return len(left)

    def _remember(self, architecture: str, number: int) -> None:
        folder, root = self.folder / f"{architecture}-{number}", self.studies.root(architecture, number)
        for rung in read_rungs(folder):
            self.rungs[architecture].note(root, rung)
        outcome = read_outcome(folder)
        if outcome is not None and outcome.last is not None:
            self.rungs[architecture].finish(root, outcome.last)

    def next(self) -> Trial | None:
        """The next trial to start, or None when the budget allows no more."""
        barren: set[str] = set()
        while not self._spent() and barren != self.files.keys():
            standings = {name: each for name, each in self._standings().items() if name not in barren}
            several = len(self.studies.objectives) > 1
            architecture, reason = next_architecture(standings, self.budget.rounds, several=several)
            asked = self._ask(architecture, reason)
            if asked is None:
                barren.add(architecture)
            elif (trial := self._trial(asked, reason)) is not None:
                return self._begun(trial)
        return None

    def _ask(self, architecture: str, reason: str) -> Asked | None:
        """A new configuration that keeps the limits, as far as these are known before it is trained."""
        for _ in range(1 if architecture in self.refused else REFUSALS):
            asked = self.studies.ask(architecture, reason)
            refusal = self._refusal(asked)
            if refusal is None:
                self.refused.discard(architecture)
                return asked
            self.studies.refuse(architecture, asked.number, refusal.reason, refusal.excess)
        self.refused.add(architecture)
        return None

    def _refusal(self, asked: Asked) -> Refusal | None:
        earlier = self.studies.repeated(asked)
        if earlier is not None:
            return Refusal(f"the settings are those of trial {earlier}", {})
        if self.guard is None:
            return None
        settings, _ = self.studies.spaces[asked.architecture].split(asked.settings)
        return self.guard.refusal(self.files[asked.architecture], settings)

    def _trial(self, asked: Asked, reason: str) -> Trial | None:
        """None where an earlier process has left the outcome after all, which then counts."""
        architecture = asked.architecture
        settings, training = self.studies.spaces[architecture].split(asked.settings)
        lock, token = (None, "") if self.lock is None else self.lock
        trial = Trial(
            configuration=Configuration(self.files[architecture], settings, training, asked.seed),
            number=asked.number,
            root=asked.root,
            reason=reason if asked.root == asked.number else "lost with its process, run again",
            folder=self.folder / f"{architecture}-{asked.number}",
            deadline=self.budget.ends(),
            lock=lock,
            token=token,
        )
        left = self._left_behind(asked)
        if left is None:
            return trial
        copy_files(left, trial.folder)
        self._adopted(trial)
        return None

    def _left_behind(self, asked: Asked) -> Path | None:
        """The folder in which an earlier execution of the same trial has left its outcome after it was given up."""
        earlier = self.studies.executions(asked.architecture, asked.root)
        folders = [self.folder / f"{asked.architecture}-{number}" for number in earlier if number < asked.number]
        return next((each for each in folders if read_outcome(each) is not None), None)

    def _begun(self, trial: Trial) -> Trial:
        write_params(trial)
        self.live[trial.name] = trial
        self.reached[trial.name] = []
        self.report(TrialStarted(trial.architecture, trial.number))
        return trial

    def _standings(self) -> dict[str, Standing]:
        answers = {name: self.studies.answers(name) for name in self.files}
        owners = [name for name, trials in answers.items() for _ in trials]
        values = [each.values for trials in answers.values() for each in trials]
        on_front = (
            [name for name, kept in zip(owners, pareto_front(np.array(values)), strict=True) if kept] if owners else []
        )
        running = [each.architecture for each in self.live.values()]
        return {
            name: Standing(
                self.studies.told(name) + running.count(name),
                tuple(each.values[0] for each in answers[name]),
                on_front.count(name),
            )
            for name in self.files
        }

    def _spent(self) -> bool:
        if self.out_of_time():
            return True
        told = sum(self.studies.told(name) for name in self.files)
        return self.budget.trials is not None and told + len(self.live) >= self.budget.trials

    def out_of_time(self) -> bool:
        """Whether the search must be over."""
        ends = self.budget.ends()
        return ends is not None and time.time() >= ends

    def began(self, trial: Trial) -> None:
        """A worker has set to work on a trial."""
        if not self.begun:
            self.worker_start.seconds = time.time() - self.made
        self.begun[trial.name] = time.time()
        self.studies.begin(trial.architecture, trial.number)

    def latest(self, trial: Trial, started: float, grace: float) -> float | None:
        """When a trial that began its work at `started` is to be ended from outside, in seconds since the epoch.

        It keeps its own deadline if it can; `grace` is what it may take to do so.
        """
        own = None if self.budget.timeout is None else started + self.budget.timeout
        given = None if trial.deadline is None else trial.deadline + grace
        return min((each for each in (own, given) if each is not None), default=None)

    def overdue(self, trial: Trial) -> None:
        """A trial was ended from outside: it has failed if it took longer than a trial may, else the time was up."""
        timeout, taken = self.budget.timeout, time.time() - self.begun.get(trial.name, time.time())
        if timeout is not None and taken >= timeout:
            self.failed(trial, f"it had not ended after {timeout:g} s, the time limit of a trial")
        else:
            self._give_up(trial, "the time of the search was up before this trial ended")

    def at_rung(self, trial: Trial, rung: Rung) -> bool:
        """Compare a trial with others at a rung; whether it is stopped there, which is recorded then."""
        if trial.name not in self.live:
            return True
        rungs = self.rungs[trial.architecture]
        reason = rungs.reason_to_stop(trial.root, rung)
        rungs.note(trial.root, rung)
        self.reached[trial.name].append(rung)
        write_rungs(trial.folder, self.reached[trial.name])
        if reason:
            self.finished(trial, Outcome(None, reason, rung, pruned=True))
            return True
        self.report(
            TrialAtRung(trial.architecture, trial.number, rungs.place(rung.epoch), len(rungs.epochs), rung.epoch)
        )
        return False

    def finished(self, trial: Trial, outcome: Outcome) -> None:
        """Record an outcome once; later calls for the same trial are ignored."""
        if self._ended(trial):
            if outcome.cut:
                self._put_back(trial, outcome.reason)
                return
            if outcome.pruned:
                write_json(trial.folder / RESULT, outcome_to_json(outcome))
            write_files(trial.folder, outcome.files)
            self._record(trial.architecture, trial.number, outcome)

    def failed(self, trial: Trial, reason: str) -> None:
        """The trial was ended for a fault of its own, and is not to be tried again."""
        if self._ended(trial):
            outcome = read_outcome(trial.folder) or Outcome(None, reason)
            write_json(trial.folder / RESULT, outcome_to_json(outcome))
            self._record(trial.architecture, trial.number, outcome)

    def lost(self, trial: Trial, reason: str) -> None:
        """The process that ran the trial is gone; what it left in its folder counts all the same."""
        if self._ended(trial) and not self._adopted(trial):
            self.studies.lose(trial.architecture, trial.number, reason, self.clock())
            self._report_end(trial.architecture, trial.number, Outcome(None, reason))

    def abandon(self, reason: str) -> None:
        """Give up all trials that are live: they are queued for whoever resumes the run."""
        for trial in list(self.live.values()):
            self._give_up(trial, reason)

    def _give_up(self, trial: Trial, reason: str) -> None:
        if self._ended(trial) and not self._adopted(trial):
            self._put_back(trial, reason)

    def _put_back(self, trial: Trial, reason: str) -> None:
        self.studies.abandon(trial.architecture, trial.number, reason)
        self._report_end(trial.architecture, trial.number, Outcome(None, reason))

    def _ended(self, trial: Trial) -> bool:
        """Whether the trial was live until now."""
        self.reached.pop(trial.name, None)
        return self.live.pop(trial.name, None) is not None

    def _adopted(self, trial: Trial) -> bool:
        outcome = read_outcome(trial.folder)
        if outcome is not None:
            self._record(trial.architecture, trial.number, outcome)
        return outcome is not None

    def _record(self, architecture: str, number: int, outcome: Outcome) -> None:
        reason = outcome.reason
        if outcome.pruned:
            self._record_pruned(architecture, number, outcome)
        elif outcome.result is None:
            self.studies.fail(architecture, number, outcome.reason, self.clock())
        else:
            reason = self.studies.complete(architecture, number, outcome.result, self.clock())
            if outcome.last is not None:
                self.rungs[architecture].finish(self.studies.root(architecture, number), outcome.last)
        self._report_end(architecture, number, outcome, reason)

    def _record_pruned(self, architecture: str, number: int, outcome: Outcome) -> None:
        seen = outcome.last or next(reversed(read_rungs(self.folder / f"{architecture}-{number}")), None)
        epoch, error = (0, float("nan")) if seen is None else (seen.epoch, seen.error)
        self.studies.prune(architecture, number, epoch, error, outcome.reason, self.clock())

    def _report_end(self, architecture: str, number: int, outcome: Outcome, reason: str = "") -> None:
        best = self.studies.best(architecture)
        self.report(
            TrialFinished(
                architecture,
                number,
                error=None if outcome.result is None else outcome.result.error,
                best=None if best is None else best[1].error,
                seconds=0.0 if outcome.result is None else outcome.result.seconds,
                state=outcome.state,
                reason=reason or outcome.reason,
            )
        )
