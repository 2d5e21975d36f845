"""The search as seen by a runner: a source of trials to run, which is told what becomes of them."""

import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np

from mthn_automl.catalogue import SpaceFile
from mthn_automl.errors import FormatError
from mthn_automl.storage import write_json
from mthn_automl.tuning.aim import EnsembleAim
from mthn_automl.tuning.allocation import Standing, next_architecture
from mthn_automl.tuning.budget import Budget
from mthn_automl.tuning.clock import Stopwatch, WorkerSeconds, WorkerStart
from mthn_automl.tuning.cost import Foresight
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.events import Event, TrialAtRung, TrialFinished, TrialStarted
from mthn_automl.tuning.front import pareto_front
from mthn_automl.tuning.guard import Guard, Refusal
from mthn_automl.tuning.kept import Kept
from mthn_automl.tuning.objective import Configuration
from mthn_automl.tuning.record import TrialRecord
from mthn_automl.tuning.rungs import Rung, Rungs
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import Study
from mthn_automl.tuning.trial import (
    RESULT,
    Outcome,
    Trial,
    copy_files,
    outcome_to_json,
    read_outcome,
    read_predictions,
    read_rungs,
    write_files,
    write_params,
    write_rungs,
)

REFUSALS = 20
"""Configurations of one architecture in a row that may be refused before another is asked; from then on one a time."""


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
        foresight: Foresight | None = None,
        guard: Guard | None = None,
        lock: tuple[Path, str] | None = None,
        worker_start: WorkerStart | None = None,
        aim: EnsembleAim | None = None,
        worker_seconds: WorkerSeconds | None = None,
    ) -> None:
        """clock: seconds of the run so far, earlier sessions included. rungs: epochs at which trials are compared; of
        architectures whose files list rungs of their own, these, and none at all where there are no others.

        foresight: of what trials take, which decides who is first and what still fits into the time; None: all alike.
        guard: tells which configurations are not to be begun. lock: as `Trial.lock` and `Trial.token`.
        worker_start: is told what passed until the first trial had a worker at work. aim: of the search, where its
        answer may be an ensemble. worker_seconds: is told what workers were busy with.
        """
        self.studies, self.files, self.folder, self.budget = studies, dict(files), folder, budget
        self.clock, self.report, self.foresight, self.guard, self.lock = clock, report, foresight, guard, lock
        smaller_only = "parameters" in studies.objectives
        self.rungs = {
            name: Rungs(rungs and (file.rungs or rungs), several=smaller_only) for name, file in self.files.items()
        }
        self.kept, self.aim = Kept(folder), aim
        self.live: dict[str, Trial] = {}
        self.reached: dict[str, list[Rung]] = {}
        self.exhausted: set[str] = set()
        self.stopwatch = Stopwatch(worker_start or WorkerStart(), worker_seconds or WorkerSeconds())

    def remember(self, *, seconds: bool = True) -> None:
        """Read what earlier trials showed at rungs. seconds: and how long they took, which the foresight learns."""
        for record in self.studies.records:
            self._remember(record)
            if seconds:
                self._learn_seconds(record)

    def settle(self) -> int:
        """Adopt what trials that a killed driver left running have finished, and have the others run again."""
        left = self.studies.running()
        for record in left:
            outcome = read_outcome(self.folder / record.name)
            study, reason = self.studies[record.architecture], "the search ended before this trial did"
            if outcome is not None:
                self._record(record, outcome)
            elif record.begun:
                study.lose(record.number, reason, self.clock())
            else:
                study.abandon(record.number, reason, self.clock())
        return len(left)

    def _remember(self, record: TrialRecord) -> None:
        if record.ending is Ending.COMPLETE:
            self._keep(record)
        rungs, folder = self.rungs[record.architecture], self.folder / record.name
        for rung in read_rungs(folder):
            rungs.note(record.root, rung)
        outcome = read_outcome(folder)
        if outcome is not None and outcome.last is not None:
            rungs.finish(record.root, outcome.last)

    def _keep(self, record: TrialRecord) -> None:
        """A complete trial's models and predictions, as long as an answer may be made of them."""
        self.kept.add(record)
        best = self.studies[record.architecture].best
        is_best = best is not None and best.number == record.number
        if self.aim is not None and record.result is not None and is_best:
            with suppress(FormatError):  # where they are damaged the ensemble is told, and says so
                prediction = read_predictions(self.folder / record.name, *self.aim.shape)
                if prediction is not None:
                    self.aim.note(record.result, record.number, prediction)

    def next(self) -> Trial | None:
        """The next trial to start, or None when the budget allows no more."""
        barren: set[str] = set()
        several = len(self.studies.objectives) > 1
        while not self._is_spent() and (standings := self._fitting(barren)):
            architecture, reason = next_architecture(standings, self.budget.rounds, several=several)
            record = self._ask(self.studies[architecture], reason)
            if record is None:
                barren.add(architecture)
            elif not self._adopted_earlier(record):
                return self._begin(self._trial(record))
        return None

    def _fitting(self, barren: Collection[str]) -> dict[str, Standing]:
        """Standings of the architectures of which another trial fits into what is left of the time, quickest first.

        Where nothing has a result and none fits, it is the quickest of those that have not shown yet what they take:
        too little time is no reason for no model.
        """
        standings = {name: standing for name, standing in self.standings().items() if name not in barren}
        foresight = self.foresight
        if foresight is None:
            return standings
        begun = {name: standing.begun for name, standing in standings.items()}
        ends = self.budget.ends()
        left, whole = (None, math.inf) if ends is None else (ends - time.time(), ends - self.stopwatch.made)
        fitting = foresight.fitting(begun, left, whole, {name: self.studies[name].next_training for name in begun})
        if begun and not fitting and not self.live and not any(len(each.errors) for each in self.studies.values()):
            fitting = [min(begun, key=lambda name: (foresight.knows(name), foresight.seconds(name)))]
        return {name: standings[name] for name in fitting}

    def _ask(self, study: Study, reason: str) -> TrialRecord | None:
        """A new configuration that keeps the limits, as far as these are known before it is trained."""
        for _ in range(1 if study.name in self.exhausted else REFUSALS):
            record = study.ask(reason)
            refusal = self._refusal(study, record)
            if refusal is None:
                self.exhausted.discard(study.name)
                return record
            study.refuse(record.number, refusal.reason, refusal.excess)
        self.exhausted.add(study.name)
        return None

    def _refusal(self, study: Study, record: TrialRecord) -> Refusal | None:
        earlier = study.first_with_settings_of(record)
        if earlier is not None:
            return Refusal(f"the settings are those of trial {earlier}", {})
        if self.guard is None:
            return None
        settings, _ = study.space.split(record.settings)
        return self.guard.refusal(self.files[study.name], settings)

    def _adopted_earlier(self, record: TrialRecord) -> bool:
        """Whether an earlier execution of the same trial has left its outcome after it was given up; it counts then."""
        executions = self.studies[record.architecture].executions(record.root)
        folders = [self.folder / f"{record.architecture}-{each}" for each in executions if each < record.number]
        left = next((each for each in folders if read_outcome(each) is not None), None)
        if left is not None:
            copy_files(left, self.folder / record.name)
            self._adopted(record)
        return left is not None

    def _trial(self, record: TrialRecord) -> Trial:
        settings, training = self.studies[record.architecture].space.split(record.settings)
        lock, token = (None, "") if self.lock is None else self.lock
        ends, limit = self.budget.ends(), None
        if self.foresight is not None and ends is not None:  # without a time limit no clock decides anything
            limit = self.foresight.limit(record.architecture, training)
        return Trial(
            configuration=Configuration(self.files[record.architecture], settings, training, record.seed),
            number=record.number,
            root=record.root,
            reason=record.decision if record.repeats is None else "lost with its process, run again",
            folder=self.folder / record.name,
            deadline=ends,
            limit=limit,
            lock=lock,
            token=token,
        )

    def _begin(self, trial: Trial) -> Trial:
        write_params(trial)
        self.live[trial.name] = trial
        self.reached[trial.name] = []
        self.report(TrialStarted(trial.architecture, trial.number))
        return trial

    def standings(self) -> dict[str, Standing]:
        """What each architecture has shown so far."""
        running = Counter(trial.architecture for trial in self.live.values())
        on_front = self._on_front() if len(self.studies.objectives) > 1 else []
        begun = {name: study.budget_used + running[name] for name, study in self.studies.items()}
        first = min(begun.values(), default=0) < self.budget.rounds  # in which no gap is asked for
        gaps = self.aim.gaps() if self.aim is not None and not first else {}
        return {
            name: Standing(begun[name], study.errors, on_front.count(name), gaps.get(name))
            for name, study in self.studies.items()
        }

    def _on_front(self) -> list[str]:
        """The architecture of each trial that no trial of any architecture beats; of equals the first is kept."""
        points = [
            (name, point) for name, study in self.studies.items() for _, point in sorted(study.front.values.items())
        ]
        if not points:
            return []
        kept = pareto_front(np.array([point for _, point in points]))
        return [name for (name, _), on_front in zip(points, kept, strict=True) if on_front]

    def _is_spent(self) -> bool:
        if self.out_of_time():
            return True
        used = sum(study.budget_used for study in self.studies.values())
        return self.budget.trials is not None and used + len(self.live) >= self.budget.trials

    def out_of_time(self) -> bool:
        """Whether the search must be over."""
        ends = self.budget.ends()
        return ends is not None and time.time() >= ends

    def began(self, trial: Trial) -> None:
        """A worker has set to work on a trial."""
        self.stopwatch.begin(trial.name)
        self.studies[trial.architecture].begin(trial.number)

    def latest(self, trial: Trial, started: float, grace: float) -> float | None:
        """When a trial that began its work at `started` is to be ended from outside, in seconds since the epoch.

        It keeps its own deadline if it can; `grace` is what it may take to do so.
        """
        timed_out = None if self.budget.timeout is None else started + self.budget.timeout
        runaway = None if trial.limit is None else started + trial.limit + grace
        late = None if trial.deadline is None else trial.deadline + grace
        return min((moment for moment in (timed_out, runaway, late) if moment is not None), default=None)

    def overdue(self, trial: Trial) -> None:
        """A trial was ended from outside: it has failed if it took longer than a trial may, else the time was up."""
        timeout, taken, late = self.budget.timeout, self.stopwatch.taken(trial.name), self.out_of_time()
        self._learn_too_slow(trial)
        if timeout is not None and taken >= timeout:
            self.failed(trial, f"it had not ended after {timeout:g} s, the time limit of a trial")
        elif not late and trial.limit is not None and taken >= trial.limit:
            self.failed(trial, f"it had not ended after {taken:.0f} s, many times what such trials take")
        else:
            self._give_up(trial, "the time of the search was up before this trial ended")

    def _learn_too_slow(self, trial: Trial) -> None:
        """A trial gave nothing because it would not have ended in the time it had."""
        taken = self.stopwatch.taken(trial.name)
        self.stopwatch.end(trial.name, lost=True)
        if self.foresight is not None and taken > 0:
            had = math.inf if trial.deadline is None else trial.deadline - time.time() + taken
            least = max(taken, min(had, had if trial.limit is None else trial.limit))
            self.foresight.learn(trial.architecture, trial.configuration.training, least, at_least=True)

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
            self.finished(trial, Outcome(Ending.STOPPED, reason=reason, last=rung))
            return True
        self.report(
            TrialAtRung(trial.architecture, trial.number, rungs.index(rung.epoch), len(rungs.epochs), rung.epoch)
        )
        return False

    def finished(self, trial: Trial, outcome: Outcome) -> None:
        """Record an outcome once; later calls for the same trial are ignored."""
        if outcome.by_clock:
            self._learn_too_slow(trial)
        record = self._taken_from_live(trial)
        if record is None:
            return
        if outcome.ending is Ending.ABANDONED:
            self._put_back(record, outcome.reason)
            return
        if outcome.ending is Ending.STOPPED:
            write_json(trial.folder / RESULT, outcome_to_json(outcome))
        write_files(trial.folder, outcome.files)
        self._record(record, outcome)

    def failed(self, trial: Trial, reason: str) -> None:
        """The trial was ended for a fault of its own, and is not to be tried again."""
        record = self._taken_from_live(trial)
        if record is not None:
            outcome = read_outcome(trial.folder) or Outcome.failed(reason)
            write_json(trial.folder / RESULT, outcome_to_json(outcome))
            self._record(record, outcome)

    def lost(self, trial: Trial, reason: str) -> None:
        """The process that ran the trial is gone; what it left in its folder counts all the same."""
        record = self._taken_from_live(trial)
        if record is not None and not self._adopted(record):
            self.studies[trial.architecture].lose(trial.number, reason, self.clock())
            self._report_end(record, Outcome(Ending.LOST, reason=reason))

    def abandon(self, reason: str) -> None:
        """Give up all trials that are live: they are run again by whoever resumes the run."""
        for trial in list(self.live.values()):
            self._give_up(trial, reason)

    def _give_up(self, trial: Trial, reason: str) -> None:
        record = self._taken_from_live(trial)
        if record is not None and not self._adopted(record):
            self._put_back(record, reason)

    def _put_back(self, record: TrialRecord, reason: str) -> None:
        self.studies[record.architecture].abandon(record.number, reason, self.clock())
        self._report_end(record, Outcome(Ending.ABANDONED, reason=reason))

    def _taken_from_live(self, trial: Trial) -> TrialRecord | None:
        """The record of a trial that was live until now."""
        self.reached.pop(trial.name, None)
        self.stopwatch.end(trial.name)
        if self.live.pop(trial.name, None) is None:
            return None
        return self.studies[trial.architecture].records[trial.number]

    def _adopted(self, record: TrialRecord) -> bool:
        outcome = read_outcome(self.folder / record.name)
        if outcome is not None:
            self._record(record, outcome)
        return outcome is not None

    def _record(self, record: TrialRecord, outcome: Outcome) -> None:
        study, number, reason = self.studies[record.architecture], record.number, outcome.reason
        if outcome.result is not None:
            reason = study.complete(number, outcome.result, self.clock())
            self._keep(study.records[number])
            if outcome.last is not None:
                self.rungs[record.architecture].finish(record.root, outcome.last)
        elif outcome.ending is Ending.STOPPED:
            seen = outcome.last or next(reversed(read_rungs(self.folder / record.name)), None)
            epoch, error = (0, float("nan")) if seen is None else (seen.epoch, seen.error)
            study.stop(number, epoch, error, reason, self.clock())
        else:
            study.fail(number, reason, self.clock())
        self._learn_seconds(study.records[number])
        self._report_end(record, outcome, reason)

    def _learn_seconds(self, record: TrialRecord) -> None:
        if self.foresight is not None and record.result is not None:
            _, training = self.studies[record.architecture].space.split(record.settings)
            cut = record.result.stopped_by_time
            self.foresight.learn(record.architecture, training, record.result.seconds, at_least=cut)

    def _report_end(self, record: TrialRecord, outcome: Outcome, reason: str = "") -> None:
        study = self.studies[record.architecture]
        ending = study.records[record.number].ending
        self.report(
            TrialFinished(
                record.architecture,
                record.number,
                error=None if outcome.result is None else outcome.result.error,
                best=None if study.best is None else study.best.values[0],
                seconds=0.0 if outcome.result is None else outcome.result.seconds,
                state=outcome.ending.state.name,
                reason=reason or outcome.reason,
                ending="" if ending is None else ending.value,
            )
        )
