"""NSGA-III: Deb and Jain: An Evolutionary Many-Objective Optimization Algorithm, 2014."""

from mthn_automl.tuning.samplers.parts.genetic import SteadyNsga3
from mthn_automl.tuning.samplers.parts.sampler import Draw

SEVERAL_OBJECTIVES = True


def make(draw: Draw) -> SteadyNsga3:
    """Without generations."""
    return SteadyNsga3(draw.trial_seed)
