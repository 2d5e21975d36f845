"""The search as seen by a runner: a source of trials to run, which is told what became of them."""

import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mthn_automl.catalogue import SearchSpace
from mthn_automl.storage import read_json, write_json, write_text
from mthn_automl.tuning.allocation import Standing, next_architecture
from mthn_automl.tuning.events import Event, TrialFinished, TrialStarted
from mthn_automl.tuning.objective import Configuration, Evaluation, Objective
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.study import Studies

PREDICTIONS = "out_of_fold.npy"
PATIENCE_WITH_CLASSICAL = 3


@dataclass(frozen=True)
class Trial:
    """One trial to run. folder: where its files go. deadline: seconds since the epoch, or None."""

    configuration: Configuration
    number: int
    root: int
    reason: str
    folder: Path
    deadline: float | None

    @property
    def architecture(self) -> str:
        return self.configuration.space.name

    @property
    def name(self) -> str:
        return f"{self.architecture}-{self.number}"


@dataclass(frozen=True)
class Outcome:
    """What became of a trial: a result, or the reason there is none."""

    result: TrialResult | None
    reason: str = ""


def run_trial(trial: Trial, objective: Objective) -> Outcome:
    """Evaluate, and leave the outcome in the trial's folder before anyone is told: it outlives a killed driver.

    Whatever the model raises is the configuration's failure, never the search's.
    """
    write_json(trial.folder / "params.json", _params(trial))
    try:
        trial.configuration.space.load_class()
        evaluation = objective(trial.configuration, _deadline(trial, objective.plan))
    except Exception as error:
        _let_interruptions_pass(error)
        outcome = Outcome(None, f"{type(error).__name__}: {error}")
    else:
        outcome = Outcome(evaluation.result)
        _save_evaluation(trial.folder, evaluation)
    write_json(trial.folder / "result.json", _outcome_to_json(outcome))
    return outcome


def _let_interruptions_pass(error: BaseException) -> None:
    """Ctrl-C in the middle of a vectorised call comes out as an error of functorch's own; it is still Ctrl-C."""
    cause: BaseException | None = error
    while cause is not None:
        if not isinstance(cause, Exception):
            raise cause
        cause = cause.__cause__ or cause.__context__


def _params(trial: Trial) -> dict[str, object]:
    return {
        "architecture": trial.architecture,
        "number": trial.number,
        "root": trial.root,
        "reason": trial.reason,
        "seed": trial.configuration.seed,
        "settings": trial.configuration.all_settings(),
    }


def _deadline(trial: Trial, plan: Plan) -> float | None:
    """The end of the search, or of the trial's own time, which begins when all it needs is imported.

    A classical model has nothing to show before its last fold is fitted, so it gets more.
    """
    if plan.trial_seconds is None:
        return trial.deadline
    own = time.time() + plan.trial_seconds * (1 if trial.configuration.neural else PATIENCE_WITH_CLASSICAL)
    return own if trial.deadline is None else min(own, trial.deadline)


def _save_evaluation(folder: Path, evaluation: Evaluation) -> None:
    """Out-of-fold predictions, and how the losses fell: a line a check of networks, a line a fold of other models."""
    np.save(folder / PREDICTIONS, evaluation.out_of_fold().astype(np.float32))
    lines: list[dict[str, object]] = [
        {"epoch": epoch, "validation_loss": [None if math.isnan(each) else each for each in loss]}
        for epoch, loss in evaluation.curve
    ]
    if not lines:
        folds = evaluation.result.to_json()["fold_errors"]
        lines = [{"fold": number, "error": error} for number, error in enumerate(folds)]
    write_text(folder / "curve.jsonl", "".join(json.dumps(line) + "\n" for line in lines))


def _outcome_to_json(outcome: Outcome) -> dict[str, object]:
    if outcome.result is None:
        return {"state": "FAIL", "reason": outcome.reason}
    return {"state": "COMPLETE", "result": outcome.result.to_json()}


def read_outcome(folder: Path) -> Outcome | None:
    """What a trial left behind; None when it never finished."""
    path = folder / "result.json"
    if not path.exists():
        return None
    stored = read_json(path)
    result = TrialResult.from_json(stored["result"]) if stored["state"] == "COMPLETE" else None
    return Outcome(result, stored.get("reason", ""))


@dataclass(frozen=True)
class Budget:
    """When to start no more trials.

    trials: of all architectures together, None: no limit. ends: asked before each trial for the moment at which the
    search must be over, in seconds since the epoch; it may move as trials show what the final fits will take.
    """

    trials: int | None
    ends: Callable[[], float | None]


class TrialSource:
    """Hands out trials under a budget and records their outcomes. Runners call it from one thread."""

    def __init__(
        self,
        studies: Studies,
        files: Mapping[str, SearchSpace],
        folder: Path,
        budget: Budget,
        *,
        clock: Callable[[], float],
        report: Callable[[Event], None],
    ) -> None:
        """clock: seconds of the run so far, earlier sessions included.

        `start_seconds` becomes what passed before the first result beyond the trial itself: the start of a worker.
        """
        self.studies, self.files, self.folder, self.budget = studies, dict(files), folder, budget
        self.clock, self.report = clock, report
        self.live: dict[str, Trial] = {}
        self.made = time.time()
        self.start_seconds = 0.0

    def recover(self) -> int:
        """Settle the trials a killed driver left running: adopt what they finished, queue the others again."""
        left = self.studies.running()
        for architecture, number in left:
            outcome = read_outcome(self.folder / f"{architecture}-{number}")
            if outcome is None:
                self.studies.lose(architecture, number, "the search ended before this trial did", self.clock())
            else:
                self._record(architecture, number, outcome)
        return len(left)

    def next(self) -> Trial | None:
        """The next trial to start, or None when the budget allows no more."""
        if self._spent():
            return None
        architecture, reason = next_architecture({name: self._standing(name) for name in self.files})
        asked = self.studies.ask(architecture)
        settings, training = self.studies.spaces[architecture].split(asked.settings)
        trial = Trial(
            configuration=Configuration(self.files[architecture], settings, training, asked.seed),
            number=asked.number,
            root=asked.root,
            reason=reason if asked.root == asked.number else "lost with its process, run again",
            folder=self.folder / f"{architecture}-{asked.number}",
            deadline=self.budget.ends(),
        )
        self.live[trial.name] = trial
        self.report(TrialStarted(architecture, asked.number))
        return trial

    def _standing(self, architecture: str) -> Standing:
        best = self.studies.best(architecture)
        begun = self.studies.told(architecture) + sum(each.architecture == architecture for each in self.live.values())
        return Standing(begun, None if best is None else best[1].error)

    def _spent(self) -> bool:
        ends = self.budget.ends()
        if ends is not None and time.time() >= ends:
            return True
        told = sum(self.studies.told(name) for name in self.files)
        return self.budget.trials is not None and told + len(self.live) >= self.budget.trials

    def finished(self, trial: Trial, outcome: Outcome) -> None:
        """Record an outcome once; later calls for the same trial are ignored."""
        if self.live.pop(trial.name, None) is not None:
            if not self.start_seconds and outcome.result is not None:
                self.start_seconds = max(0.0, time.time() - self.made - outcome.result.seconds)
            self._record(trial.architecture, trial.number, outcome)

    def lost(self, trial: Trial, reason: str) -> None:
        """The process that ran the trial is gone; what it left in its folder counts all the same."""
        if self.live.pop(trial.name, None) is None:
            return
        outcome = read_outcome(trial.folder)
        if outcome is not None:
            self._record(trial.architecture, trial.number, outcome)
            return
        self.studies.lose(trial.architecture, trial.number, reason, self.clock())
        self._report_end(trial.architecture, trial.number, Outcome(None, reason))

    def _record(self, architecture: str, number: int, outcome: Outcome) -> None:
        if outcome.result is None:
            self.studies.fail(architecture, number, outcome.reason, self.clock())
        else:
            self.studies.complete(architecture, number, outcome.result, self.clock())
        self._report_end(architecture, number, outcome)

    def _report_end(self, architecture: str, number: int, outcome: Outcome) -> None:
        best = self.studies.best(architecture)
        self.report(
            TrialFinished(
                architecture,
                number,
                error=None if outcome.result is None else outcome.result.error,
                best=None if best is None else best[1].error,
                seconds=0.0 if outcome.result is None else outcome.result.seconds,
                state="FAIL" if outcome.result is None else "COMPLETE",
                reason=outcome.reason,
            )
        )
