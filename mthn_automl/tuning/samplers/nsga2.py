"""NSGA-II: Deb et al.: A Fast and Elitist Multiobjective Genetic Algorithm, 2002."""

from mthn_automl.tuning.samplers.parts.genetic import SteadyNsga2
from mthn_automl.tuning.samplers.parts.sampler import Draw

SEVERAL_OBJECTIVES = True


def make(draw: Draw) -> SteadyNsga2:
    """Without generations."""
    return SteadyNsga2(draw.trial_seed)
