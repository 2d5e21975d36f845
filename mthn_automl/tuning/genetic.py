"""NSGA-II and NSGA-III without generations: each new trial descends from the best of all trials so far."""

from collections.abc import Mapping
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseGASampler, NSGAIIISampler, NSGAIISampler
from optuna.trial import FrozenTrial, TrialState

# Optuna's 50 would leave a study of 5 to 100 trials to pure chance.
POPULATION = 8
ATTEMPTS = 10  # at a child that is no copy of an earlier trial; among a few choices there may be none


class _SteadyState(BaseGASampler):
    """The parents are chosen among all complete trials, as soon as there are enough of them.

    Steady-state selection (Durillo et al. 2009) suits workers that end at different times. Optuna's own generations
    leave out enqueued trials, hence every starting point, and are remembered in the journal.
    """

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
        return 1

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))

    def get_parent_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        enough = generation > 0 and len(self.get_population(study, generation)) >= POPULATION
        return self.select_parent(study, generation) if enough else []

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        child: dict[str, Any] = {}
        for _ in range(ATTEMPTS):
            child = super().sample_relative(study, trial, search_space)  # type: ignore[safe-super]
            if not _is_copy(study, child, search_space):
                break
        return child


def _is_copy(study: Study, child: Mapping[str, Any], space: Mapping[str, BaseDistribution]) -> bool:
    """Whether a trial has all of these values; those that mutate are absent from the child, and drawn later."""
    if child.keys() != space.keys():
        return False
    return any(child.items() <= trial.params.items() for trial in study.get_trials(deepcopy=False))


class SteadyNsga2(_SteadyState, NSGAIISampler):
    """NSGA-II (Deb et al. 2002)."""

    def __init__(self, seed: int) -> None:
        NSGAIISampler.__init__(self, population_size=POPULATION, seed=seed)


class SteadyNsga3(_SteadyState, NSGAIIISampler):
    """NSGA-III (Deb and Jain 2014)."""

    def __init__(self, seed: int) -> None:
        NSGAIIISampler.__init__(self, population_size=POPULATION, seed=seed)
