"""What a sampler is made for, and how it is found by its name."""

import importlib
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import optuna
from optuna.samplers import BaseSampler

from mthn_automl.errors import UsageError, did_you_mean
from mthn_automl.tuning.samplers import names

# Optuna's 10 would leave a study of 5 to 20 trials to chance; the starting points are among these.
STARTUP = 5


@dataclass(frozen=True)
class Draw:
    """One trial of a study, for which a sampler is made; so a resumed search samples as if it had never stopped.

    Attributes:
        study_seed: the same for all trials of a study.
        trial_seed: another for each trial.
        sampled: earlier trials whose settings were sampled, and not given.
        parameters: names of the parameters that earlier trials had, in the order in which they first occurred.
    """

    study_seed: int
    trial_seed: int
    sampled: int = 0
    parameters: Sequence[str] = ()


class SamplerModule(Protocol):
    """What a file in this folder holds: SEVERAL_OBJECTIVES says whether the sampler takes more than one."""

    SEVERAL_OBJECTIVES: bool

    def make(self, draw: Draw) -> BaseSampler:
        """A new sampler for one trial."""


def module_of(name: str) -> SamplerModule:
    """The file of the sampler of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in names():
        raise UsageError(
            f"The sampler must be one of {', '.join(names())}, however it is '{name}'; {did_you_mean(name, names())}"
        )
    return importlib.import_module(f"mthn_automl.tuning.samplers.{name}")


def make_sampler(name: str, draw: Draw) -> BaseSampler:
    """The sampler of that name for one trial."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return module_of(name).make(draw)


def check_sampler(name: str, objectives: int) -> None:
    """Refuse a sampler before anything is run.

    Raises:
        UsageError: no sampler has that name, or it takes fewer objectives than there are.
    """
    if not module_of(name).SEVERAL_OBJECTIVES and objectives > 1:
        several = [each for each in names() if module_of(each).SEVERAL_OBJECTIVES]
        raise UsageError(
            f"With the sampler '{name}' there must be one objective, however there are {objectives}; "
            f"several are taken by {', '.join(several)}."
        )
