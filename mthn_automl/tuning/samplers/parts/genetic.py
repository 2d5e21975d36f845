"""NSGA-II and NSGA-III without generations: each new trial descends from the best of all trials so far."""

from optuna import Study
from optuna.samplers import BaseGASampler, NSGAIIISampler, NSGAIISampler
from optuna.trial import FrozenTrial, TrialState

# Optuna's 50 would leave a study of 5 to 100 trials to pure chance.
POPULATION = 8


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


class SteadyNsga2(_SteadyState, NSGAIISampler):
    """NSGA-II (Deb et al. 2002)."""

    def __init__(self, seed: int) -> None:
        NSGAIISampler.__init__(self, population_size=POPULATION, seed=seed)


class SteadyNsga3(_SteadyState, NSGAIIISampler):
    """NSGA-III (Deb and Jain 2014)."""

    def __init__(self, seed: int) -> None:
        NSGAIIISampler.__init__(self, population_size=POPULATION, seed=seed)
