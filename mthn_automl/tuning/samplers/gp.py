"""Expected improvement under a Gaussian process; conditional parameters, which it cannot take, by TPE."""

from optuna.samplers import GPSampler

from mthn_automl.tuning.samplers import tpe
from mthn_automl.tuning.samplers.parts.sampler import STARTUP, Draw

SEVERAL_OBJECTIVES = True


def make(draw: Draw) -> GPSampler:
    """Random points first, as many as for TPE."""
    return GPSampler(
        seed=draw.trial_seed,
        n_startup_trials=STARTUP,
        independent_sampler=tpe.make(draw),
        warn_independent_sampling=False,
    )
