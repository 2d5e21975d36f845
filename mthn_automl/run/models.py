"""What the trials of a run left: each architecture's best model, and their one look at the sealed rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.errors import FormatError
from mthn_automl.run.run import Run
from mthn_automl.run.tempering import rows_held_out, tempered_result
from mthn_automl.training.mean import Model, mean_of
from mthn_automl.tuning.kept import MOST_KEPT
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.runners.runner import Failed
from mthn_automl.tuning.trial import PREDICTIONS, read_predictions
from mthn_automl.tuning.trial_model import TrialModel, read_trial_model


@dataclass(frozen=True)
class Finished:
    """The best trial of an architecture, with its model.

    Attributes:
        result: of the trial; its size is that of the model, its errors those of probabilities at the temperature.
        model: what predicts.
        held_out: (rows held out, outputs) predictions out of fold, at temperatures that other folds chose; None: lost.
        temperature: of the probabilities; 1 of numbers.
    """

    result: TrialResult
    model: TrialModel
    held_out: FloatArray | None = field(default=None, repr=False)
    temperature: float = 1.0

    @cached_property
    def tempered(self) -> Model:
        """What predicts, at the temperature."""
        return mean_of([self.model.model], [1.0], self.temperature, tasks=self.model.tasks)


Best = Mapping[str, Finished | Failed]
"""Of each architecture that has an answer, in the order of their cross-validated errors."""


def best_models(run: Run) -> Best:
    """Read what the best trial of each architecture left; where that is lost, the next best."""
    best = run.best()
    return {name: _finished(run, name) for name in sorted(best, key=lambda name: best[name][1].error)}


def kept_trials(run: Run, name: str) -> list[tuple[int, TrialResult]]:
    """Number and result of the trials of an architecture that may be of use after the search, the best first."""
    answers = [(each.number, each.result) for each in run.studies[name].answers if each.result is not None]
    return sorted(answers, key=lambda each: (each[1].error, each[0]))[:MOST_KEPT]


def _finished(run: Run, name: str) -> Finished | Failed:
    lost: list[str] = []
    for number, result in kept_trials(run, name):
        try:
            model = model_of(run, name, number, result).of_folds(result.models)
        except FormatError as error:
            lost.append(str(error))
        else:
            return _tempered(run, result, model)
    return Failed(lost[0])


def _tempered(run: Run, result: TrialResult, model: TrialModel) -> Finished:
    """As it is where its predictions are lost, which is said."""
    reason = "they are gone."
    try:
        found = out_of_fold(run, model.trial)
        if found is not None:
            temperature, held_out, tempered = tempered_result(run, found[rows_held_out(run)], result)
            return Finished(tempered, model, held_out, temperature)
    except FormatError as error:
        reason = str(error)
    run.say(f"Out-of-fold predictions of {model.trial} are left out: {reason}")
    return Finished(result, model)


def out_of_fold(run: Run, trial: str) -> FloatArray | None:
    """(rows, outputs) that a trial predicted for the rows of the search; None where it left none.

    Raises:
        FormatError: they are damaged.
    """
    data = run.data.dataset
    found = read_predictions(run.folder.trials / trial, len(data), data.schema.outputs)
    if found is not None and not np.isfinite(found[run.data.fold >= 0]).all():
        raise FormatError(f"{trial} must have predicted finite numbers, however in its {PREDICTIONS} one is none.")
    return found


def model_of(run: Run, name: str, number: int, result: TrialResult) -> TrialModel:
    """The model of a trial, with all its folds.

    Raises:
        FormatError: it is not there, or damaged.
    """
    settings, _ = run.studies[name].space.split(result.settings)
    folder = run.folder.trials / f"{name}-{number}"
    return read_trial_model(folder, run.files[name], number, settings, run.data.dataset)
