"""The Ray runner: Ray Tune executes trials on warm workers; the studies stay the only truth.

Each start is a new Tune session whose own files, which are pickles, lie in a temporary folder that is removed.
"""

import math
import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
from ray import tune

from mthn_automl.errors import ClusterError, Terminated
from mthn_automl.tuning.objective import Objective, SearchData
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.runners.interruption import Interruption
from mthn_automl.tuning.runners.local import LocalRunner
from mthn_automl.tuning.runners.on_ray import private
from mthn_automl.tuning.runners.on_ray.alone import alone
from mthn_automl.tuning.runners.on_ray.searcher import Link, RungStopper, StudySearcher, Watchdog
from mthn_automl.tuning.runners.on_ray.worker import Work, Worker, run_job
from mthn_automl.tuning.runners.runner import Failed, Job
from mthn_automl.tuning.search import TrialSource


@dataclass(frozen=True)
class Place:
    """Where trials run, and what each takes.

    Attributes:
        workers: trials at the same time; None: as many as fit.
        address: HOST:PORT of a cluster to join; None: a Ray of this machine alone.
        cpus: processors of each trial, as Ray counts them.
        gpus: graphics cards of each trial, as Ray counts them.
        device: PyTorch's name of the device that networks are trained on.
        code: packages to send to a cluster's nodes.
    """

    workers: int | None = None
    address: str | None = None
    cpus: float = 1.0
    gpus: float = 0.0
    device: str = "cpu"
    code: tuple[str, ...] = ("mthn_automl",)

    @property
    def resources(self) -> dict[str, float]:
        return {"cpu": self.cpus, "gpu": self.gpus}

    def fitting(self, cpus: float, gpus: float) -> int:
        """Trials for which there are resources at the same time."""
        fits = math.floor(cpus / self.cpus + 1e-9)
        return fits if not self.gpus else min(fits, math.floor(gpus / self.gpus + 1e-9))


class RayRunner:
    """Workers in processes of their own, on this machine or on a cluster's nodes. log: takes what Ray would print."""

    def __init__(self, place: Place, log: Path, interruption: Interruption | None = None) -> None:
        self.place, self.log = place, log
        self.interruption = interruption or Interruption()
        self.workers, self.nodes = place.workers or 1, 1
        self._stack = ExitStack()
        self._work: Any = None

    def __enter__(self) -> "RayRunner":
        self._stack.enter_context(_output_to(self.log))
        try:
            self._start()
        except SystemExit as error:  # Ray's own answer to SIGTERM while it starts
            self._stack.close()
            raise Terminated from error
        except BaseException:
            self._stack.close()
            raise
        self.interruption.listen()  # Ray takes SIGTERM for itself, and would end the driver with a core dump
        return self

    def _start(self) -> None:
        place = self.place
        if place.address is not None:
            from mthn_automl.tuning.runners.on_ray import cluster

            self._stack.callback(ray.shutdown)
            cluster.join(place.address, place.code)
            total, fits = cluster.resources(), _fitting(place)
            self.nodes, self.workers = total.nodes, place.workers or fits
            if fits < 1:
                raise ClusterError(
                    f"A node of the cluster must have what a trial takes, {place.cpus:g} CPUs and {place.gpus:g} GPUs, "
                    f"however all {total.nodes} together have {total.cpus:g} CPUs and {total.gpus:g} GPUs; lower "
                    "--cpus-per-trial or --gpus-per-trial."
                )
            return
        self._stack.enter_context(alone())
        self._stack.callback(ray.shutdown)
        with _deaf_children(), _told_to_search_without():
            ray.init(
                address="local",
                num_cpus=math.ceil(self.workers * place.cpus),
                include_dashboard=False,
                log_to_driver=False,
                logging_level="CRITICAL",
            )
        private.kill_processes_at_the_end()

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def use(self, data: SearchData, plan: Plan) -> None:
        device = self.place.device
        encoded = Objective(data, plan, device="cpu").encoded()
        self._work = ray.put(Work(data, plan, encoded, device, max(1, int(self.place.cpus))))

    def search(self, source: TrialSource) -> None:
        link = Link(source, self.interruption)
        with tempfile.TemporaryDirectory(prefix="mthn-tune-", ignore_cleanup_errors=True) as folder:
            trainable = tune.with_parameters(Worker, work=[self._work])
            tuner = tune.Tuner(
                tune.with_resources(trainable, self.place.resources),
                tune_config=tune.TuneConfig(
                    search_alg=StudySearcher(link),
                    num_samples=-1,
                    max_concurrent_trials=self.workers,
                    reuse_actors=True,
                    trial_dirname_creator=lambda trial: str(trial.trial_id),
                ),
                run_config=tune.RunConfig(
                    storage_path=folder,
                    verbose=0,
                    stop=RungStopper(link),
                    callbacks=[Watchdog(link)],
                    failure_config=tune.FailureConfig(max_failures=0),
                    checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                ),
            )
            tuner.fit()
        if link.broken is not None:
            raise link.broken
        source.abandon("the search was stopped before this trial ended")

    def run(self, jobs: Sequence[Job], *, here: bool = False, latest: float | None = None) -> list[Any]:
        if here:
            with LocalRunner(self.place.device, self.interruption) as local:
                local.take(ray.get(self._work).objective())
                return local.run(jobs, latest=latest)
        start = run_job.options(num_cpus=self.place.cpus, num_gpus=self.place.gpus)
        running = [start.remote(job, self._work) for job in jobs]
        left = self._wait(running, latest)
        ended = Failed(
            "it was stopped by a signal" if self.interruption.pending else "it had not ended when the time was up"
        )
        return [ended if job in left else _value(job) for job in running]

    def _wait(self, running: Sequence[Any], latest: float | None) -> list[Any]:
        """Until all have ended or must; those that had not and were ended."""
        left = list(running)
        while left and not self.interruption.pending and (latest is None or time.time() < latest):
            _, left = ray.wait(left, num_returns=len(left), timeout=0.2)
        for job in left:
            ray.cancel(job, force=True)
        return left


def _fitting(place: Place) -> int:
    """Trials at the same time on all nodes of the cluster; one never spreads over two."""
    nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    return sum(place.fitting(node.get("CPU", 0.0), node.get("GPU", 0.0)) for node in nodes)


def _value(reference: Any) -> Any:
    try:
        return ray.get(reference)
    except ray.exceptions.RayError as error:
        return Failed(f"the worker process ended: {type(error).__name__}")


@contextmanager
def _told_to_search_without() -> Iterator[None]:
    """A block that starts Ray, which says in many ways why it cannot.

    Raises:
        ClusterError: it could not, in one sentence.
    """
    try:
        yield
    except (ClusterError, OSError):
        raise
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise ClusterError(
            f"Ray must be able to start on this machine, however it says: {said.rstrip('.')}; look for a limit on "
            "memory, files or processes, or search in this process with --runner local."
        ) from error


@contextmanager
def _deaf_children() -> Iterator[None]:
    """What is started inside does not hear signals that `timeout`, schedulers and terminals send to process groups.

    Without its Ray the search could not end well; it is the search that ends Ray.
    """
    kept = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept)


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
