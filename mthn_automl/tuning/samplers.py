"""Optuna samplers by name. One is made for each trial, seeded by it, so that a resume samples as if never stopped."""

import hashlib
import warnings
from collections.abc import Callable

import optuna
from optuna.samplers import BaseSampler, TPESampler


def _tpe(seed: int) -> BaseSampler:
    """Bergstra et al. 2011; with several workers, running trials count as bad ones (constant liar)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return TPESampler(multivariate=True, group=True, constant_liar=True, n_startup_trials=5, seed=seed)


SAMPLERS: dict[str, Callable[[int], BaseSampler]] = {"tpe": _tpe}


def make_sampler(name: str, seed: int) -> BaseSampler:
    """The sampler of that name in SAMPLERS."""
    return SAMPLERS[name](seed)


def derive_seed(*parts: object) -> int:
    """A seed that depends on all the parts and on nothing else: the same in every process."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
