"""A sampler asked for one trial, beside the trials that it is shown; the journal has no part in it."""

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial

from mthn_automl.tuning.samplers.parts.sampler import Draw, make_sampler
from mthn_automl.tuning.space import SearchSpace


def suggested(
    sampler: str,
    space: SearchSpace,
    draw: Draw,
    shown: Sequence[FrozenTrial],
    *,
    number: int,
    objectives: int = 1,
    given: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Settings for one trial.

    Args:
        shown: other trials of the study, whose numbers differ from `number`, that of the new one.
        objectives: how many values a complete trial has; lower is better.
        given: settings that are taken as they are; what else the space asks for is sampled.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(
            storage=_Beside(shown, number),
            sampler=make_sampler(sampler, draw),
            directions=["minimize"] * objectives,
        )
        if given is not None:
            study.enqueue_trial(dict(given))
        return space.suggest(study.ask())


class _Beside(InMemoryStorage):
    """Holds the trial that is asked for, and gives it together with those that are shown."""

    def __init__(self, shown: Sequence[FrozenTrial], number: int) -> None:
        super().__init__()
        self.shown, self.number = list(shown), number

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        trial_id = super().create_new_trial(study_id, template_trial)
        self.get_trial(trial_id).number = self.number
        return trial_id

    def get_all_trials(self, study_id: int, deepcopy: bool = True, states: Any = None) -> list[FrozenTrial]:
        shown = [trial for trial in self.shown if states is None or trial.state in states]
        return [*shown, *super().get_all_trials(study_id, deepcopy, states)]
