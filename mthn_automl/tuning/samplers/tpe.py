"""Tree-structured Parzen estimators: Bergstra et al.: Algorithms for Hyper-Parameter Optimization, NIPS 2011."""

from optuna.samplers import TPESampler

from mthn_automl.tuning.samplers.parts.sampler import STARTUP, Draw

SEVERAL_OBJECTIVES = True


def make(draw: Draw) -> TPESampler:
    """With several workers, running trials count as bad ones (constant liar)."""
    return TPESampler(multivariate=True, group=True, constant_liar=True, n_startup_trials=STARTUP, seed=draw.trial_seed)
