"""The in-process runner: one trial after another, with nothing to start; for tests and small jobs."""

from collections.abc import Sequence
from typing import Any

import torch

from mthn_automl.tuning.objective import Objective, SearchData, prepare_process
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.runners import Job, attempt
from mthn_automl.tuning.search import TrialSource, run_trial


class LocalRunner:
    """One worker: this process, with one thread of torch while it is entered. device: as `choose_device` takes it."""

    workers = 1

    def __init__(self, device: str = "auto") -> None:
        self.device = device
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
        while (trial := source.next()) is not None:
            source.finished(trial, run_trial(trial, self._ready()))

    def run(self, jobs: Sequence[Job], *, here: bool = True) -> list[Any]:
        return [attempt(job, self._ready()) for job in jobs]

    def _ready(self) -> Objective:
        if self._objective is None:
            raise RuntimeError("A runner must be given data with `use` before it can run anything.")
        return self._objective
