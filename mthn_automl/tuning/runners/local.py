"""The in-process runner: one trial after another, with nothing to start; for tests and small jobs."""

import time
from collections.abc import Generator, Sequence
from contextlib import suppress
from typing import Any

import torch

from mthn_automl.tuning.objective import Objective, SearchData, prepare_process
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.rungs import Rung
from mthn_automl.tuning.runners.interruption import Interruption, Overdue, Stopped
from mthn_automl.tuning.runners.runner import Failed, Job, attempt
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.trial import Outcome, Trial, trial_steps

GRACE = 5.0
"""Seconds that a trial or job may go on past its deadline, which it is to keep itself, before it is broken off."""


class LocalRunner:
    """One worker: this process, with one thread of torch while it is entered. device: as `choose_device` takes it.

    What is broken off, by a signal or for taking too long, ends between two instructions of Python: a call that
    hangs inside a library cannot be ended here, as it can with Ray's workers.
    """

    workers, nodes = 1, 1

    def __init__(self, device: str = "auto", interruption: Interruption | None = None) -> None:
        self.device = device
        self.interruption = interruption or Interruption()
        self._objective: Objective | None = None
        self._threads = torch.get_num_threads()

    def __enter__(self) -> "LocalRunner":
        self._threads = torch.get_num_threads()
        prepare_process()
        return self

    def __exit__(self, *error: object) -> None:
        torch.set_num_threads(self._threads)

    def use(self, data: SearchData, plan: Plan) -> None:
        self._objective = Objective(data, plan, device=self.device)

    def take(self, objective: Objective) -> None:
        """As `use`, with data that are encoded already."""
        self._objective = objective

    def search(self, source: TrialSource) -> None:
        while not self.interruption.pending and (trial := source.next()) is not None:
            try:
                self._run(trial, source)
            except Stopped:
                break
            except Overdue:
                source.overdue(trial)
        source.abandon("the search was stopped before this trial ended")

    def _run(self, trial: Trial, source: TrialSource) -> None:
        steps = trial_steps(trial, self._ready())
        with suppress(Exception):  # a class that cannot be loaded is the trial's failure, which it reports
            trial.configuration.file.load_class()
        source.began(trial)
        ends = source.latest(trial, time.time(), GRACE)
        while True:
            with self.interruption.raising(None if ends is None else max(ends - time.time(), 0.0)):
                reached = _next(steps)
            if isinstance(reached, Outcome):
                return source.finished(trial, reached)
            if source.at_rung(trial, reached):
                return steps.close()

    def run(self, jobs: Sequence[Job], *, here: bool = True, latest: float | None = None) -> list[Any]:
        return [self._value(job, latest) for job in jobs]

    def _value(self, job: Job, latest: float | None) -> Any:
        try:
            with self.interruption.raising(None if latest is None else max(latest - time.time(), 0.0)):
                return attempt(job, self._ready())
        except Stopped:
            return Failed("it was stopped by a signal")
        except Overdue:
            return Failed("it had not ended when the time was up")

    def _ready(self) -> Objective:
        if self._objective is None:
            raise RuntimeError("A runner must be given data with `use` before it can run anything.")
        return self._objective


def _next(steps: Generator[Rung, None, Outcome]) -> Rung | Outcome:
    try:
        return next(steps)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
