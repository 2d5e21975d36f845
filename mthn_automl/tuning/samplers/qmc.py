"""Scrambled Sobol' points, which fill the space evenly."""

from mthn_automl.tuning.samplers.parts.quasi_random import QuasiRandomSampler
from mthn_automl.tuning.samplers.parts.sampler import Draw

SEVERAL_OBJECTIVES = True


def make(draw: Draw) -> QuasiRandomSampler:
    """All trials of a study share the points, and with them a seed."""
    return QuasiRandomSampler(draw.study_seed, index=draw.sampled, parameters=draw.parameters)
