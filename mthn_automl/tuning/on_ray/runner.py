"""The Ray runner: Ray Tune executes trials on warm workers; the studies stay the only truth.

Each start is a new Tune session whose own files, which are pickles, lie in a temporary folder that is removed.
"""

import os
import signal
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.search import Searcher

from mthn_automl.training.encode import Encoded
from mthn_automl.tuning.local import LocalRunner
from mthn_automl.tuning.objective import Objective, SearchData, prepare_process
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.runners import Failed, Job, attempt
from mthn_automl.tuning.search import Outcome, Trial, TrialSource, run_trial


class StudySearcher(Searcher):  # type: ignore[misc]
    """Hands Tune the trials of a source, and the source the outcomes."""

    def __init__(self, source: TrialSource) -> None:
        super().__init__(metric="error", mode="min")
        self.source: TrialSource | None = source
        self.live: dict[str, Trial] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Tune pickles its searcher; files and locks stay out of that."""
        return {**self.__dict__, "source": None, "live": {}}

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        assert self.source is not None
        trial = self.source.next()
        if trial is None:
            return None if self.live else str(Searcher.FINISHED)
        self.live[trial_id] = trial
        return {"trial": trial}

    def on_trial_complete(self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False) -> None:
        trial = self.live.pop(trial_id, None)
        if trial is None or self.source is None:
            return
        if error or result is None or "outcome" not in result:
            self.source.lost(trial, "the worker process ended before the trial did")
        else:
            self.source.finished(trial, result["outcome"])

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the studies are the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: the studies are the state."""


class Worker(tune.Trainable):  # type: ignore[misc]
    """A warm process that runs one trial a step; the data are encoded once in its life."""

    def setup(self, config: dict[str, Any], work: list[Any]) -> None:
        prepare_process()
        self.objective = ray.get(work[0]).objective()

    def step(self) -> dict[str, Any]:
        outcome: Outcome = run_trial(self.config["trial"], self.objective)
        error = float("inf") if outcome.result is None else outcome.result.error
        return {"error": error, "outcome": outcome, "done": True}

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        return True


@dataclass(frozen=True)
class Work:
    """What workers need, as one object of the store: its arrays lie once a node and are mapped, never copied."""

    data: SearchData
    plan: Plan
    encoded: Encoded
    device: str

    def objective(self) -> Objective:
        return Objective(self.data, self.plan, self.encoded, self.device)


@ray.remote(num_cpus=1, max_retries=0)  # type: ignore[untyped-decorator]
def _run_job(job: Job, work: Work) -> Any:
    prepare_process()
    return attempt(job, work.objective())


class RayRunner:
    """Workers of one CPU each on this machine.

    Args:
        workers: processes that run trials at the same time. log: file that takes all that Ray and Tune print.
        device: of each worker, as `choose_device` takes it. gpus: that each takes, as Ray counts them.
    """

    def __init__(self, workers: int, log: Path, *, device: str = "cpu", gpus: float = 0.0) -> None:
        self.workers, self.log, self.device, self.gpus = workers, log, device, gpus
        self._stack = ExitStack()
        self._work: Any = None

    def __enter__(self) -> "RayRunner":
        self._stack.enter_context(_output_to(self.log))
        self._stack.callback(ray.shutdown)
        terminate = signal.getsignal(signal.SIGTERM)
        try:
            ray.init(
                address="local",
                num_cpus=self.workers,
                include_dashboard=False,
                log_to_driver=False,
                logging_level="CRITICAL",
            )
        except SystemExit:  # Ray's own answer to SIGTERM while it starts
            self._stack.close()
            if callable(terminate):
                terminate(signal.SIGTERM, None)
            raise
        except BaseException:
            self._stack.close()
            raise
        _handle_termination_with(terminate)
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def use(self, data: SearchData, plan: Plan) -> None:
        encoded = Objective(data, plan, device=self.device).encoded()
        self._work = ray.put(Work(data, plan, encoded, self.device))

    def search(self, source: TrialSource) -> None:
        with tempfile.TemporaryDirectory(prefix="mthn-tune-", ignore_cleanup_errors=True) as folder:
            trainable = tune.with_parameters(Worker, work=[self._work])
            tuner = tune.Tuner(
                tune.with_resources(trainable, {"cpu": 1, "gpu": self.gpus}),
                tune_config=tune.TuneConfig(
                    search_alg=StudySearcher(source),
                    num_samples=-1,
                    max_concurrent_trials=self.workers,
                    reuse_actors=True,
                    trial_dirname_creator=lambda trial: str(trial.trial_id),
                ),
                run_config=tune.RunConfig(
                    storage_path=folder,
                    verbose=0,
                    failure_config=tune.FailureConfig(max_failures=0),
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                ),
            )
            tuner.fit()
        for trial in list(source.live.values()):
            source.lost(trial, "the worker process was stopped")

    def run(self, jobs: Sequence[Job], *, here: bool = False) -> list[Any]:
        if here:
            with LocalRunner(self.device) as local:
                local.take(ray.get(self._work).objective())
                return local.run(jobs)
        start = _run_job.options(num_gpus=self.gpus)
        return [_value(each) for each in [start.remote(job, self._work) for job in jobs]]


def _handle_termination_with(handler: Any) -> None:
    """Ray takes SIGTERM for itself when it starts, and ends the driver with a core dump; give it back."""
    if threading.current_thread() is threading.main_thread() and handler is not None:
        signal.signal(signal.SIGTERM, handler)


def _value(reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        return Failed(f"the worker process ended: {type(error).__name__}")


@contextmanager
def _output_to(log: Path) -> Iterator[None]:
    """Send what this process and its children write to file descriptors 1 and 2 to a file.

    Ray's processes print straight to the descriptors. Whoever shows progress meanwhile holds a duplicate.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = [os.dup(1), os.dup(2)]
    with log.open("ab") as stream:
        try:
            os.dup2(stream.fileno(), 1)
            os.dup2(stream.fileno(), 2)
            yield
        finally:
            for target, copy in zip((1, 2), kept, strict=True):
                os.dup2(copy, target)
                os.close(copy)
