"""Covariance matrix adaptation of the numbers that every trial has; choices and conditional parameters by TPE."""

from mthn_automl.tuning.samplers import tpe
from mthn_automl.tuning.samplers.parts.cma_es import CmaEsSampler
from mthn_automl.tuning.samplers.parts.sampler import Draw

SEVERAL_OBJECTIVES = False


def make(draw: Draw) -> CmaEsSampler:
    """Its state is made again from the finished trials."""
    return CmaEsSampler(draw.trial_seed, independent=tpe.make(draw))
