"""Which settings mattered: the share of the variance of errors that each explains (Hutter et al. 2014)."""

import warnings
from collections.abc import Mapping
from typing import Final

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances

from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.study import Study

FEWEST_TRIALS: Final = 12
"""Complete ones of an architecture, before their errors are asked what mattered: of fewer a forest only knows noise."""


def importances(study: Study, *, seed: int) -> Mapping[str, float]:
    """By setting, a share of 1: functional ANOVA over a random forest of the complete trials, the largest first.

    Settings that some trials do not have are left out, as that method cannot tell of them. None at all where there are
    too few trials, or their errors are all the same.
    """
    records = study.ended(Ending.COMPLETE)
    errors = {record.values[0] for record in records}
    if len(records) < FEWEST_TRIALS or len(errors) < 2:
        return {}
    distributions = {each.name: each.distribution for each in study.space.parameters}
    shown = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed))
    shown.add_trials([record.frozen(distributions) for record in records])
    evaluator = FanovaImportanceEvaluator(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        found = get_param_importances(shown, evaluator=evaluator, target=lambda trial: trial.values[0])
    return {name: float(share) for name, share in found.items()}
