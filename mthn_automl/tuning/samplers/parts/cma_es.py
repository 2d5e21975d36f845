"""CMA-ES whose state is made again from the finished trials each time it is needed."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from optuna import Study
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler
from optuna.search_space import intersection_search_space
from optuna.trial import FrozenTrial, TrialState

from mthn_automl.data.arrays import FloatArray
from mthn_automl.tuning.samplers.parts.unit_cube import from_unit, to_unit

if TYPE_CHECKING:
    import cmaes

STARTUP = 5
# The usual 4 + 3 ln(d) is 8 to 12 for our spaces: a study of 40 trials would see three generations.
POPULATION = 6
FIRST_STEP = 0.2  # standard deviation, in shares of a parameter's range


class CmaEsSampler(BaseSampler):
    """Covariance matrix adaptation (Hansen 2016, arXiv:1604.00772) of the numbers that every trial has.

    Search begins at the best of the first five trials; each six that follow, in the order of their numbers,
    are a generation, whoever proposed them (Hansen 2011, "Injecting external solutions into CMA-ES"). Feasible trials
    rank before infeasible ones. Choices and conditional parameters are left to `independent`.

    Optuna's own sampler pickles its state into the journal, so that resuming a run would execute what its file says;
    it also stops for good once a number turns out to be conditional, and learns nothing from enqueued trials.
    """

    def __init__(self, seed: int, independent: BaseSampler) -> None:
        self._seed, self._independent = seed, independent

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        shared = intersection_search_space(study.get_trials(deepcopy=False))
        return {
            name: distribution
            for name, distribution in shared.items()
            if not isinstance(distribution, CategoricalDistribution) and not distribution.single()
        }

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        known = [trial for trial in study.get_trials(deepcopy=False) if _tells(trial, search_space)]
        if not search_space or len(known) < STARTUP:
            return {}
        units = _adapted(known, search_space, self._seed).ask()
        return {name: from_unit(each, unit) for (name, each), unit in zip(search_space.items(), units, strict=True)}

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        return self._independent.sample_independent(study, trial, param_name, param_distribution)


def _tells(trial: FrozenTrial, space: dict[str, BaseDistribution]) -> bool:
    """Complete, or refused before it began, because it would break a limit."""
    refused = trial.state is TrialState.PRUNED and _order(trial)[0] > 0
    return (trial.state is TrialState.COMPLETE or refused) and space.keys() <= trial.params.keys()


def _adapted(known: list[FrozenTrial], space: dict[str, BaseDistribution], seed: int) -> "cmaes.CMA":
    """The optimiser after all full generations, ready to be asked with this seed."""
    import cmaes  # loads scipy.stats: a second or two

    first, later = known[:STARTUP], known[STARTUP:]
    optimiser = cmaes.CMA(
        mean=_units(min(first, key=_order), space),
        sigma=FIRST_STEP,
        bounds=np.tile([0.0, 1.0], (len(space), 1)),
        population_size=POPULATION,
        seed=seed,
    )
    for begin in range(0, len(later) - POPULATION + 1, POPULATION):
        ranked = sorted(later[begin : begin + POPULATION], key=_order)
        optimiser.tell([(_units(trial, space), float(rank)) for rank, trial in enumerate(ranked)])
    return optimiser


def _units(trial: FrozenTrial, space: dict[str, BaseDistribution]) -> FloatArray:
    return np.array([to_unit(distribution, trial.params[name]) for name, distribution in space.items()])


def _order(trial: FrozenTrial) -> tuple[float, float]:
    """Smaller is better: how far beyond its limits, then the error."""
    beyond = sum(value for value in trial.constraints.values() if value > 0)
    return beyond, math.inf if trial.value is None else trial.value
