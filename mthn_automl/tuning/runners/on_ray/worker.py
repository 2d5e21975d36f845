"""What runs in Ray's worker processes: trials on warm actors, and final fits as tasks."""

from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import ray
from ray import tune

from mthn_automl.training.encode import TrainingData
from mthn_automl.tuning.objective import Objective, SearchData, prepare_process
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.rungs import Rung
from mthn_automl.tuning.runners.runner import Job, attempt
from mthn_automl.tuning.trial import Outcome, Trial, trial_steps


@dataclass(frozen=True)
class Work:
    """What workers need, as one object of the store: its arrays lie once a node and are mapped, never copied.

    Attributes:
        data: rows, folds and metric of the search.
        plan: folds, seeds and schedule of a trial.
        encoded: the rows in single precision, scaled once.
        device: PyTorch's name of the device that networks are trained on.
        threads: of each trial.
    """

    data: SearchData
    plan: Plan
    encoded: TrainingData
    device: str
    threads: int

    def objective(self) -> Objective:
        return Objective(self.data, self.plan, self.encoded, self.device)


class Worker(tune.Trainable):  # type: ignore[misc]
    """A warm process that runs one trial after another; the data are encoded once in its life.

    A step reaches to the trial's next rung, and the first one only to its beginning: from then on its time counts,
    not from when the process began to import PyTorch, or scikit-learn for a trial's class.
    """

    def setup(self, config: dict[str, Any], work: list[Any]) -> None:
        given: Work = ray.get(work[0])
        prepare_process(given.threads)
        self.objective = given.objective()
        self.steps: Generator[Rung, None, Outcome] | None = None

    def step(self) -> dict[str, Any]:
        if self.steps is None:
            trial: Trial = self.config["trial"]
            with suppress(Exception):  # a class that cannot be loaded is the trial's failure, which it reports
                trial.configuration.file.load_class()
            self.steps = trial_steps(trial, self.objective)
            return {"worker": [ray.get_runtime_context().current_actor]}
        try:
            return {"rung": next(self.steps)}
        except StopIteration as end:
            self.steps = None
            return {"outcome": end.value, "done": True}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self.cleanup()
        return True

    def cleanup(self) -> None:
        if self.steps is not None:
            self.steps.close()
            self.steps = None


@ray.remote(max_retries=1)  # type: ignore[untyped-decorator]
def run_job(job: Job, work: Work) -> Any:
    """The value of a job; once more where its process or node is lost."""
    prepare_process(work.threads)
    return attempt(job, work.objective())
