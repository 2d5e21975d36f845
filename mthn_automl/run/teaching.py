"""The answer of a run as a teacher: of all rows, or of those that a fold trains on."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.errors import DataError, FormatError, NothingFinishedError
from mthn_automl.models.base import Classical
from mthn_automl.run.ensembling import ENSEMBLE, Blend, blend, candidates_of
from mthn_automl.run.models import Best, Finished, best_models, model_of
from mthn_automl.run.run import Run
from mthn_automl.training.mean import Model, mean_of
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.distillation import Teacher
from mthn_automl.tuning.ensemble import Candidate, Target, selected, target_of
from mthn_automl.tuning.fold_fits import fit_classical
from mthn_automl.tuning.objective import Configuration, Objective
from mthn_automl.tuning.results import TrialResult


@dataclass(frozen=True)
class Member:
    """A trial that teaches.

    Attributes:
        result: of the trial.
        models: of its folds, or one of all rows.
        weight: its share.
    """

    result: TrialResult
    models: Sequence[Networks | Classical]
    weight: float


@dataclass(frozen=True)
class Answered:
    """The answer of a run, and what it is compared with.

    Attributes:
        run: of which it is.
        best: each architecture's best model.
        blend: the ensemble; None: there is none.
    """

    run: Run
    best: Best
    blend: Blend | None

    @classmethod
    def of(cls, run: Run) -> "Answered":
        """Raises NothingFinishedError: no model is left. DataError: folds roll forward."""
        if run.data.forward:
            raise DataError(
                "A run must have folds whose models are kept to be distilled, however its folds roll forward in time, "
                "and the last alone is kept; search without --time."
            )
        best = best_models(run)
        found = cls(run, best, blend(run, best))
        found.single  # noqa: B018
        return found

    @cached_property
    def single(self) -> str:
        """The architecture of the best single model."""
        names = [name for name, each in self.best.items() if isinstance(each, Finished)]
        if not names:
            raise NothingFinishedError(f"No model is left of the trials in {self.run.folder.path}.")
        return names[0]

    @cached_property
    def name(self) -> str:
        """`ensemble`, or an architecture."""
        return ENSEMBLE if self.blend is not None and self.blend.is_best else self.single

    @property
    def model(self) -> Model:
        """That predicts as the answer does."""
        return self.blend.model if self.blend is not None and self.name == ENSEMBLE else self._finished.tempered

    @property
    def _finished(self) -> Finished:
        found = self.best[self.single]
        assert isinstance(found, Finished)
        return found

    @property
    def temperature(self) -> float:
        """Of the answer's probabilities: one number, which all folds have chosen."""
        return (
            self.blend.temperature if self.blend is not None and self.name == ENSEMBLE else self._finished.temperature
        )

    @cached_property
    def rows(self) -> IntArray:
        """Those of the search that are predicted out of fold."""
        return np.flatnonzero(self.run.data.fold >= 0)

    @cached_property
    def target(self) -> Target:
        """Of these rows."""
        return target_of(self.run.data, self.rows)

    @cached_property
    def taught(self) -> FloatArray:
        """(rows of the search, outputs) predictions of each by models that have not seen it, where there are any."""
        found = self.model.predict(self.run.data.dataset)
        if self.blend is not None and self.name == ENSEMBLE:
            found[self.rows] = self.blend.held_out
            return found
        unseen = self._finished.held_out
        if unseen is None:
            raise FormatError(
                f"The out-of-fold predictions of {self._finished.model.trial} must be there, but are gone."
            )
        found[self.rows] = unseen
        return found

    @property
    def error(self) -> float:
        """Cross-validated, of the answer."""
        return self.blend.result.error if self.blend and self.name == ENSEMBLE else self._finished.result.error

    @property
    def single_error(self) -> float:
        """Cross-validated, of the best single model as it would be chosen on other folds."""
        return self._finished.result.error if self.blend is None else self.blend.single_error

    @cached_property
    def _candidates(self) -> list[Candidate]:
        return candidates_of(self.run)[0]

    def of_fold(self, fold: int) -> Teacher:
        """The same, that has seen no row of the fold: its weights are of other folds, as its models are.

        What is fitted on all rows is fitted again. A single hold-out has chosen the weights itself.
        """
        members = self._members_without(fold)
        models, tasks = [self._without(each, fold) for each in members], len(self.run.data.dataset.tasks)
        return mean_of(models, [each.weight for each in members], self.temperature, tasks=tasks).predict

    def _members_without(self, fold: int) -> list[Member]:
        """With the models of all their folds."""
        if self.blend is None or self.name != ENSEMBLE:
            return [self._member(self._finished.result, self._finished.model.number, 1.0)]
        others = np.flatnonzero(self.run.data.fold[self.rows] != fold)
        if len(others) == 0:
            return [self._member(each.result, each.model.number, each.weight) for each in self.blend.members]
        path = selected(self.target, self._candidates, others, self.run.data.limits)
        weights = [each for each in path if len(each) <= len(self.blend.members)][-1]
        chosen = [(self._candidates[index], weight) for index, weight in weights.items()]
        return [self._member(each.result, each.number, weight) for each, weight in chosen]

    def _member(self, result: TrialResult, number: int, weight: float) -> Member:
        return Member(result, model_of(self.run, result.architecture, number, result).models, weight)

    def _without(self, member: Member, fold: int) -> Networks | Classical:
        first, data = member.models[0], self.run.data
        if not (isinstance(first, Classical) and first.fitted_whole):
            return member.models[fold]
        file = self.run.files[member.result.architecture]
        settings, training = self.run.studies[file.name].space.split(member.result.settings)
        configuration = Configuration(file, settings, training, self.run.options.seed)
        flags = Objective(data, self.run.plan, device="cpu").flags_of(configuration)
        return fit_classical(configuration, data.dataset.take(np.flatnonzero(data.fold != fold)), flags)


def predicted_by_folds(rows: Dataset, fold: IntArray, models: Sequence[Model]) -> FloatArray:
    """(rows, outputs) of each row by the model of its fold."""
    found = np.full((len(rows), rows.schema.outputs), np.nan)
    for number, model in enumerate(models):
        some = np.flatnonzero(fold == number)
        found[some] = model.predict(rows.take(some))
    return found
