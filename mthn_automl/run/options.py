"""Everything a search can be told: the options of the command and the arguments of `search`, under one name each."""

import math
import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from mthn_automl.errors import UsageError, did_you_mean

RUNNERS = ("ray", "local")
DEVICES = ("auto", "cpu", "cuda", "mps")
AVERAGES = ("rows", "tasks")
DEFAULT_TIME_LIMIT = 600.0
_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Options:
    """Checked when made. Paths are absolute; None means: decided from the data, or no limit.

    time_limit: seconds. data, meta: None where they were given as DataFrames.
    """

    data: str | None = None
    meta: str | None = None
    task: str = "task"
    target: tuple[str, ...] = ()
    problem: str = "auto"
    metric: str | None = None
    average: str = "rows"
    test: str | None = None
    test_fraction: float = 0.2
    no_metadata: bool = False
    no_ablation: bool = False
    architectures: str = "usual"
    space: tuple[str, ...] = ()
    trials: int | None = None
    time_limit: float | None = DEFAULT_TIME_LIMIT
    folds: int | None = None
    seeds: int | None = None
    runner: str = "ray"
    workers: int | None = None
    device: str = "auto"
    gpus_per_trial: float | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("average", self.average, AVERAGES)
        _one_of("runner", self.runner, RUNNERS)
        for name in ("trials", "folds", "seeds", "workers"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise UsageError(f"--{name} must be at least 1, however it is {value}.")
        _one_of("device", self.device, DEVICES)
        if self.gpus_per_trial is not None and not 0 <= self.gpus_per_trial < math.inf:
            raise UsageError(f"--gpus-per-trial must be at least 0, however it is {self.gpus_per_trial}.")
        if self.runner == "local" and self.gpus_per_trial:
            raise UsageError("--gpus-per-trial shares GPUs between Ray workers; the local runner has --device alone.")
        if self.seed < 0:
            raise UsageError(f"--seed must be at least 0, however it is {self.seed}.")
        if not 0 <= self.test_fraction < 1:
            raise UsageError(f"--test-fraction must be at least 0 and below 1, however it is {self.test_fraction}.")
        if self.runner == "local" and (self.workers or 1) > 1:
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


def _one_of(option: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UsageError(f"--{option} must be one of {', '.join(known)}; found '{value}', {did_you_mean(value, known)}")


def parse_duration(text: str | float) -> float:
    """Seconds in `90`, `90s`, `10m` or `1h30m`.

    Raises:
        UsageError: something else, or not above 0.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", str(text).strip())
    whole = "".join(number + unit for number, unit in parts)
    bare = [unit for _, unit in parts].count("")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if whole != str(text).strip() or (bare and len(parts) > 1) or not 0 < seconds < math.inf:
        raise UsageError(f"A time must be written like 90s, 10m or 1h30m and be above 0, however it is '{text}'.")
    return seconds


def absolute(path: str | Path | None) -> str | None:
    """The path from the root, so that workers and a later resume find it."""
    return None if path is None else str(Path(path).resolve())
