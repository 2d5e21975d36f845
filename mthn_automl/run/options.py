"""Everything a search can be told: the options of the command and the arguments of `search`, under one name each."""

import math
from dataclasses import dataclass, fields
from typing import Any

from mthn_automl.errors import UsageError, did_you_mean
from mthn_automl.run.presets import PRESETS, preset_of

RUNNERS = ("ray", "local")
DEVICES = ("auto", "cpu", "cuda", "mps")
AVERAGES = ("rows", "tasks")
SAMPLERS = ("tpe", "gp", "cmaes", "nsga2", "nsga3", "qmc", "random")
SCHEDULERS = ("asha", "none")
OBJECTIVES = ("error", "parameters", "latency")
DEFAULT_TIME_LIMIT = PRESETS["default"].seconds


@dataclass(frozen=True)
class Options:
    """Checked when made. Paths are absolute; None means: decided from the data, or no limit.

    time_limit, trial_timeout: seconds. max_latency: microseconds a row. data, meta: None where they were given as
    DataFrames. warm_start: a run folder that was there when the search began.
    """

    data: str | None = None
    meta: str | None = None
    task: str = "task"
    target: tuple[str, ...] = ()
    problem: str = "auto"
    metric: str | None = None
    average: str = "rows"
    objectives: tuple[str, ...] = ("error",)
    test: str | None = None
    test_fraction: float = 0.2
    no_metadata: bool = False
    no_ablation: bool = False
    preset: str = "default"
    architectures: str = "usual"
    space: tuple[str, ...] = ()
    sampler: str = "tpe"
    scheduler: str = "asha"
    warm_start: str | None = None
    max_parameters: int | None = None
    max_parameters_per_task: int | None = None
    max_latency: float | None = None
    trials: int | None = None
    time_limit: float | None = DEFAULT_TIME_LIMIT
    folds: int | None = None
    seeds: int | None = None
    runner: str = "ray"
    address: str | None = None
    workers: int | None = None
    cpus_per_trial: float = 1.0
    device: str = "auto"
    gpus_per_trial: float | None = None
    trial_timeout: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        preset_of(self.preset)
        _one_of("average", self.average, AVERAGES)
        _one_of("sampler", self.sampler, SAMPLERS)
        _one_of("scheduler", self.scheduler, SCHEDULERS)
        _one_of("runner", self.runner, RUNNERS)
        _one_of("device", self.device, DEVICES)
        _check_objectives(self.objectives)
        for name in ("trials", "folds", "seeds", "workers", "max_parameters", "max_parameters_per_task"):
            _at_least(name, getattr(self, name), 1)
        _at_least("seed", self.seed, 0)
        for name in ("cpus_per_trial", "max_latency", "trial_timeout"):
            _above_zero(name, getattr(self, name))
        if self.gpus_per_trial is not None and not 0 <= self.gpus_per_trial < math.inf:
            raise UsageError(f"--gpus-per-trial must be at least 0, however it is {self.gpus_per_trial}.")
        if not 0 <= self.test_fraction < 1:
            raise UsageError(f"--test-fraction must be at least 0 and below 1, however it is {self.test_fraction}.")
        if self.runner == "local":
            self._check_local()

    def _check_local(self) -> None:
        """The local runner is one process on this machine."""
        if self.gpus_per_trial:
            raise UsageError("--gpus-per-trial shares GPUs between Ray workers; the local runner has --device alone.")
        if self.address is not None:
            raise UsageError("--address names a Ray cluster; leave it out or take --runner ray.")
        if self.cpus_per_trial != 1:
            raise UsageError(
                f"The local runner has one CPU, however --cpus-per-trial is {self.cpus_per_trial:g}; leave it out or "
                "take --runner ray."
            )
        if (self.workers or 1) > 1:
            raise UsageError(
                f"The local runner has one worker, however --workers is {self.workers}; leave it out or take "
                "--runner ray."
            )

    def to_toml(self) -> dict[str, Any]:
        """TOML has no null: what is None is left out."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(v) if isinstance(v, tuple) else v for name, v in values.items() if v is not None}

    @classmethod
    def from_toml(cls, stored: dict[str, Any]) -> "Options":
        absent: dict[str, Any] = {"time_limit": None}
        return cls(**{**absent, **{name: tuple(v) if isinstance(v, list) else v for name, v in stored.items()}})


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(
            f"{_flag(name)} must be one of {', '.join(known)}; found '{value}', {did_you_mean(value, known)}"
        )


def _at_least(name: str, value: int | None, least: int) -> None:
    if value is not None and value < least:
        raise UsageError(f"{_flag(name)} must be at least {least}, however it is {value}.")


def _above_zero(name: str, value: float | None) -> None:
    if value is not None and not 0 < value < math.inf:
        raise UsageError(f"{_flag(name)} must be above 0, however it is {value:g}.")


def _check_objectives(given: tuple[str, ...]) -> None:
    for name in given:
        if name not in OBJECTIVES:
            raise UsageError(
                f"--objectives must be among {', '.join(OBJECTIVES)}; found '{name}', {did_you_mean(name, OBJECTIVES)}"
            )
    if given[:1] != ("error",) or len(set(given)) < len(given):
        raise UsageError(
            f"--objectives must begin with error and name each objective once, however it is '{','.join(given)}'; "
            "error,parameters is an example."
        )
