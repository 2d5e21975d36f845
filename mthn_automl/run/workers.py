"""Which workers a run gets: how many, on which device, and the runner that has them."""

import os
from dataclasses import dataclass

from mthn_automl.errors import UsageError
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.options import Options
from mthn_automl.training.device import choose_device, gpu_count
from mthn_automl.tuning.runners import Runner


@dataclass(frozen=True)
class Workers:
    """count: of processes. device: of each, as `choose_device` takes it. gpus: that each trial takes."""

    count: int
    device: str
    gpus: float

    @classmethod
    def of(cls, options: Options) -> "Workers":
        """As asked; by default a worker a usable CPU with Ray, one in process, and equal shares of all GPUs.

        Raises:
            UsageError: a device or a share of a GPU that is not there.
        """
        device = choose_device(options.device).type
        if options.runner == "local":
            return cls(1, device, 0.0)
        count = options.workers or _usable_cpus()
        gpus = _gpus_per_trial(options, device, count)
        return cls(count, device if gpus or device != "cuda" else "cpu", gpus)


def _usable_cpus() -> int:
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return usable or 1


def _gpus_per_trial(options: Options, device: str, workers: int) -> float:
    there = gpu_count()
    if options.gpus_per_trial is None:
        return min(1.0, there / workers) if device == "cuda" else 0.0
    if options.gpus_per_trial > there:
        raise UsageError(
            f"--gpus-per-trial must be at most the GPUs that PyTorch can use here ({there}), however it is "
            f"{options.gpus_per_trial:g}; a smaller share, such as 0.25, lets trials share one."
        )
    return options.gpus_per_trial if device == "cuda" else 0.0


def make_runner(options: Options, folder: RunFolder) -> Runner:
    """The runner asked for; Ray is imported only when it is to be used."""
    workers = Workers.of(options)
    if options.runner == "local":
        from mthn_automl.tuning.local import LocalRunner

        return LocalRunner(workers.device)
    from mthn_automl.tuning.on_ray.runner import RayRunner

    return RayRunner(workers.count, folder.ray_log, device=workers.device, gpus=workers.gpus)


def device_here(name: str) -> str:
    """The device a run began on, or `auto` where it is taken up on a machine without it."""
    try:
        choose_device(name)
    except UsageError:
        return "auto"
    return name
