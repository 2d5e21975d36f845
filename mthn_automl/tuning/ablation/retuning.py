"""Settings around those of the best trial, so that no variant is judged by settings that suit another."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution, IntDistribution

from mthn_automl.data.arrays import FloatArray
from mthn_automl.tuning.space import Distribution, SearchSpace

MOVED = 0.5
"""Share of the settings that are drawn anew; the others stay."""

STEP = 0.15
"""Of a number that moves, the standard deviation, as a share of its range."""


def drawn_around(space: SearchSpace, settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """Settings near the given ones; the same seed moves the same settings by as much, whatever is asked for."""
    random, drawn = np.random.default_rng(seed), dict[str, Any]()
    for parameter in space.parameters:
        moves, where, step = random.random() < MOVED, random.random(), random.standard_normal()
        if not parameter.asked(drawn, space.has_metadata):
            continue
        name, given = parameter.name, settings.get(parameter.name)
        drawn[name] = _moved(parameter.distribution, given, where, step) if moves or given is None else given
    return drawn


def _moved(distribution: Distribution, given: Any, where: float, step: float) -> Any:
    """where: uniform in [0, 1), for a choice, or a number that was not given. step: standard normal."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[int(where * len(distribution.choices))]
    low, high = float(distribution.low), float(distribution.high)
    if distribution.log:
        low, high = np.log(low), np.log(high)
    if given is not None:
        where = ((np.log(given) if distribution.log else given) - low) / ((high - low) or 1.0) + STEP * step
    value = low + min(max(where, 0.0), 1.0) * (high - low)
    value = float(np.exp(value)) if distribution.log else float(value)
    value = min(max(value, distribution.low), distribution.high)
    return round(value) if isinstance(distribution, IntDistribution) else value


def chosen_on_others(errors: Sequence[FloatArray]) -> FloatArray:
    """(folds, seeds) of each fold by the settings that have the lowest error in the other folds.

    So the choice flatters no variant. A single fold has no others, and is chosen by itself.

    Args:
        errors: (folds, seeds) of each of the settings.
    """
    by_fold = np.stack([each.mean(axis=1) for each in errors])
    others = by_fold.sum(axis=1, keepdims=True) - by_fold if by_fold.shape[1] > 1 else by_fold
    best = np.argmin(np.where(np.isnan(others), np.inf, others), axis=0)
    return np.stack([errors[index][fold] for fold, index in enumerate(best)])
