"""Which workers a run gets: how many, on which device, and the runner that has them."""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass

from mthn_automl.catalogue import SpaceFile
from mthn_automl.errors import UsageError
from mthn_automl.machine import container_cpus
from mthn_automl.run.folder import RunFolder
from mthn_automl.run.options import Options
from mthn_automl.training.device import choose_device, gpu_count
from mthn_automl.tuning.runners.interruption import Interruption
from mthn_automl.tuning.runners.runner import Runner


@dataclass(frozen=True)
class Workers:
    """Who runs the trials.

    Attributes:
        count: of processes; None: as many as fit on a cluster.
        device: of each, as `choose_device` takes it.
        cpus: that each trial takes.
        gpus: that each trial takes, or the share of one.
        address: HOST:PORT of a Ray cluster; None: this machine.
    """

    count: int | None
    device: str
    cpus: float = 1.0
    gpus: float = 0.0
    address: str | None = None

    @classmethod
    def of(cls, options: Options) -> "Workers":
        """As asked; by default a worker a usable CPU with Ray, one in process, and equal shares of all GPUs.

        Raises:
            UsageError: a device or a share of a GPU that is not there. ClusterError: no such cluster can be joined.
        """
        if options.address is not None:
            return cls._of_cluster(options)
        device = choose_device(options.device).type
        if options.runner == "local":
            return cls(1, device)
        count = fits_at_once(options)
        gpus = _gpus_per_trial(options, device, count)
        return cls(count, device if gpus or device != "cuda" else "cpu", options.cpus_per_trial, gpus)

    @classmethod
    def _of_cluster(cls, options: Options) -> "Workers":
        """What nodes have is for Ray to know; a worker that is given a share of a GPU looks for it itself."""
        from mthn_automl.tuning.runners.on_ray.cluster import check_cluster

        gpus = options.gpus_per_trial or 0.0
        if options.device not in ("auto", "cpu") and not gpus:
            raise UsageError(
                f"--device {options.device} on a cluster must come with --gpus-per-trial, however it is not given; a "
                "share, such as 0.25, lets trials share a GPU."
            )
        _refuse_unused(options, gpus)
        device = options.device if gpus else "cpu"
        return cls(options.workers, device, options.cpus_per_trial, gpus, check_cluster(str(options.address)))


def _refuse_unused(options: Options, gpus: float) -> None:
    if options.device == "cpu" and gpus:
        raise UsageError(
            f"--gpus-per-trial must go with a device that is no CPU, however --device is cpu and each trial would take "
            f"{gpus:g} GPUs; leave one of them out."
        )


def fits_at_once(options: Options) -> int:
    """Worker processes of this machine; 0: a local run fits in its own process, and a cluster elsewhere."""
    if options.runner == "local" or options.address is not None:
        return 0
    return options.workers or max(1, int(usable_cpus() / options.cpus_per_trial))


def usable_cpus() -> float:
    """Processors of this machine that this process may use, and a share of one where a container allows no more."""
    seen = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    allowed = container_cpus()
    return min(seen or 1, math.inf if allowed is None else allowed)


def _gpus_per_trial(options: Options, device: str, workers: int) -> float:
    gpus = gpu_count()
    _refuse_unused(options, options.gpus_per_trial or 0.0)
    if options.gpus_per_trial is None:
        return min(1.0, gpus / workers) if device == "cuda" else 0.0
    if options.gpus_per_trial > gpus:
        raise UsageError(
            f"--gpus-per-trial must be at most the GPUs that PyTorch can use here ({gpus}), however it is "
            f"{options.gpus_per_trial:g}; a smaller share, such as 0.25, lets trials share one."
        )
    return options.gpus_per_trial if device == "cuda" else 0.0


def make_runner(
    workers: Workers, options: Options, folder: RunFolder, files: Iterable[SpaceFile], interruption: Interruption
) -> Runner:
    """The runner asked for; Ray is imported only when it is to be used."""
    if options.runner == "local":
        from mthn_automl.tuning.runners.local import LocalRunner

        return LocalRunner(workers.device, interruption)
    if workers.address is None:
        from mthn_automl.tuning.runners.on_ray.alone import import_ray

        import_ray()
    from mthn_automl.tuning.runners.on_ray.runner import Place, RayRunner

    packages = {file.class_path.split(":")[0].split(".")[0] for file in files}
    code = ("mthn_automl", *sorted(packages))
    place = Place(workers.count, workers.address, workers.cpus, workers.gpus, workers.device, code)
    return RayRunner(place, folder.ray_log, interruption)


def device_here(name: str) -> str:
    """The device a run began on, or `auto` where it is taken up on a machine without it."""
    try:
        choose_device(name)
    except UsageError:
        return "auto"
    return name
