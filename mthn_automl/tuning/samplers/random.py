"""Independent draws, each value as likely as any other on its scale."""

from optuna.samplers import RandomSampler

from mthn_automl.tuning.samplers.parts.sampler import Draw

SEVERAL_OBJECTIVES = True


def make(draw: Draw) -> RandomSampler:
    """What it suggests does not depend on earlier trials."""
    return RandomSampler(seed=draw.trial_seed)
