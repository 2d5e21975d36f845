"""Samplers by name. One is made for each trial, seeded by it, so that a resume samples as if never stopped."""

import hashlib
import warnings
from collections.abc import Callable

import optuna
from optuna.samplers import BaseSampler, GPSampler, RandomSampler, TPESampler

from mthn_automl.errors import UsageError, did_you_mean
from mthn_automl.tuning.samplers.cma_es import CmaEsSampler
from mthn_automl.tuning.samplers.genetic import SteadyNsga2, SteadyNsga3
from mthn_automl.tuning.samplers.quasi_random import QuasiRandomSampler

# Optuna's 10 would leave a study of 5 to 20 trials to chance; the starting points are among these.
STARTUP = 5


def _tpe(seed: int) -> BaseSampler:
    """Bergstra et al. 2011; with several workers, running trials count as bad ones (constant liar)."""
    return TPESampler(multivariate=True, group=True, constant_liar=True, n_startup_trials=STARTUP, seed=seed)


def _gp(seed: int) -> BaseSampler:
    """Expected improvement under a Gaussian process; conditional parameters, which it cannot take, by TPE."""
    return GPSampler(
        seed=seed, n_startup_trials=STARTUP, independent_sampler=_tpe(seed), warn_independent_sampling=False
    )


# (seed of the study, seed of the trial): only points that must fill the space together share a seed.
SAMPLERS: dict[str, Callable[[int, int], BaseSampler]] = {
    "tpe": lambda study, trial: _tpe(trial),
    "gp": lambda study, trial: _gp(trial),
    "cmaes": lambda study, trial: CmaEsSampler(trial, independent=_tpe(trial)),
    "nsga2": lambda study, trial: SteadyNsga2(trial),
    "nsga3": lambda study, trial: SteadyNsga3(trial),
    "qmc": lambda study, trial: QuasiRandomSampler(study),
    "random": lambda study, trial: RandomSampler(seed=trial),
}
ONE_OBJECTIVE = frozenset({"cmaes"})


def make_sampler(name: str, *, study_seed: int, trial_seed: int) -> BaseSampler:
    """The sampler of that name in SAMPLERS for one trial.

    Args:
        study_seed: the same for all trials of a study. trial_seed: another for each.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return SAMPLERS[name](study_seed, trial_seed)


def check_sampler(name: str, objectives: int) -> None:
    """Refuse a sampler before anything is run.

    Raises:
        UsageError: a name that SAMPLERS does not have, or a sampler that takes fewer objectives than there are.
    """
    if name not in SAMPLERS:
        raise UsageError(
            f"The sampler must be one of {', '.join(SAMPLERS)}, however it is '{name}'; {did_you_mean(name, SAMPLERS)}"
        )
    if objectives > 1 and name in ONE_OBJECTIVE:
        several = [each for each in SAMPLERS if each not in ONE_OBJECTIVE]
        raise UsageError(
            f"With the sampler '{name}' there must be one objective, however there are {objectives}; "
            f"several are taken by {', '.join(several)}."
        )


def derive_seed(*parts: object) -> int:
    """A seed that depends on all the parts and on nothing else: the same in every process."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
