"""The ensemble of a run: chosen from the out-of-fold predictions of its trials, made of the models that these left."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.errors import FormatError
from mthn_automl.models.base import Size
from mthn_automl.report.wording import digits
from mthn_automl.run.models import Best, Finished, kept_trials, model_of, out_of_fold
from mthn_automl.run.run import Run
from mthn_automl.run.tempering import rows_held_out, tempered_result, unit_of
from mthn_automl.training.mean import Mean, mean_of
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.ensemble import (
    Candidate,
    Ensemble,
    Target,
    chosen_on_others,
    ensembles,
    groups_of,
    selected,
    target_of,
)
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.trial_model import TrialModel

ENSEMBLE = "ensemble"
"""Its name in tables, where architectures have theirs."""


LEAST_SECONDS, CHOOSING_SHARE = 2.0, 0.03
"""That choosing the ensemble may take, and as a share of the time limit. Most metrics take a second; the ranks of each
task by itself, of hundreds of tasks, may take minutes."""


@dataclass(frozen=True)
class Member:
    """A trial in an ensemble.

    Attributes:
        result: of the trial.
        model: what predicts, of as many folds as the limits leave room for.
        weight: its share of the prediction.
    """

    result: TrialResult
    model: TrialModel
    weight: float


@dataclass(frozen=True)
class Blend:
    """The ensemble of a run.

    Attributes:
        members: the one with the largest weight first.
        results: of it and of its smaller forms, as if they were trials, numbered by their members from 2.
        result: of it at its temperature, as if it were a trial.
        held_out: (rows held out, outputs) predictions out of fold, by weights and temperatures that other folds chose.
        temperature: of the probabilities; 1 of numbers.
        single_error: of the best single models, each chosen on the folds that it is not scored on, as the weights are:
            the lowest of many errors flatters its trial. Never below that.
    """

    members: tuple[Member, ...]
    results: tuple[TrialResult, ...]
    result: TrialResult
    held_out: FloatArray = field(repr=False)
    temperature: float
    single_error: float

    @cached_property
    def model(self) -> Mean:
        """What is saved."""
        models, weights = [each.model.model for each in self.members], [each.weight for each in self.members]
        mean = mean_of(models, weights, self.temperature, tasks=self.members[0].model.tasks)
        assert isinstance(mean, Mean)
        return mean

    @property
    def is_best(self) -> bool:
        """Whether it is better than single models that are chosen in the same way."""
        return self.result.error < self.single_error


def blend(run: Run, best: Best) -> Blend | None:
    """The best ensemble within the limits; None, and said where it may surprise, where there is none.

    best: models that have been read already.
    """
    if run.options.no_ensemble:
        return None
    return _chosen(run, best, *candidates_of(run))


class _LostModelError(Exception):
    """The models of a chosen trial cannot be read."""

    def __init__(self, candidate: Candidate, error: FormatError) -> None:
        super().__init__(str(error))
        self.candidate = candidate


def _chosen(run: Run, best: Best, candidates: list[Candidate], rows: IntArray) -> Blend | None:
    """rows: that the candidates predict."""
    if len(candidates) < 2:
        return None
    data = run.data
    target = target_of(data, rows)
    share = run.clock.share()
    seconds = math.inf if share is None else max(LEAST_SECONDS, CHOOSING_SHARE * share)
    alone, *found = ensembles(target, candidates, data.fold[rows], data.limits, unit_of(run), seconds)
    if not found:
        run.say(_none(target, candidates, data.limits))
        return None
    lowest, single = _errors_alone(run, best, target, candidates, alone)
    try:
        blended = _largest_within(run, best, candidates, found, max(single, lowest))
    except _LostModelError as error:
        run.say(f"{error.candidate.trial} is in no ensemble: {error}")
        return _chosen(run, best, [each for each in candidates if each is not error.candidate], rows)
    if blended is not None:
        run.say(_sentence(blended, lowest))
    return blended


def _errors_alone(
    run: Run, best: Best, target: Target, candidates: Sequence[Candidate], alone: Ensemble
) -> tuple[float, float]:
    """The lowest error of a single model, and that of single models that are each chosen on other folds.

    Of classes each has its temperature: the boldest model may be the best one once it is tempered.
    """
    finished = [each for each in best.values() if isinstance(each, Finished) and each.held_out is not None]
    if not run.data.dataset.schema.classes or not finished:
        return candidates[0].result.error, alone.error
    fold = run.data.fold[rows_held_out(run)]
    predictions = [each.held_out for each in finished if each.held_out is not None]
    chosen = chosen_on_others(target, predictions, groups_of(fold, unit_of(run)))
    return min(each.result.error for each in finished), target.error(chosen)


def _largest_within(
    run: Run, best: Best, candidates: list[Candidate], found: list[Ensemble], single_error: float
) -> Blend | None:
    """Of ensembles of rising numbers of members: sizes of trees differ from fold to fold, and may break a limit."""
    limits = run.data.limits
    for count in range(len(found), 0, -1):
        members = _members(run, best, candidates, found[count - 1])
        result = _result_of_members(found[count - 1], members)
        broken = limits.broken(result.size, result.predict_us_per_row)
        if not broken:
            smaller = [_result(each, candidates, limits) for each in found[: count - 1]]
            temperature, held_out, tempered = tempered_result(run, found[count - 1].prediction, result)
            return Blend(members, (*smaller, result), tempered, held_out, temperature, single_error)
        run.say(f"An ensemble of {len(members)} trials is beyond the limits: {broken}.")
    return None


def candidates_of(run: Run) -> tuple[list[Candidate], IntArray]:
    """The best trials of each architecture, the best of all first, and the rows that they predict."""
    rows = rows_held_out(run)
    found = []
    for name in run.studies:
        for number, result in kept_trials(run, name):
            try:
                prediction = out_of_fold(run, f"{name}-{number}")
            except FormatError as error:
                run.say(f"{name}-{number} is in no ensemble: {error}")
                continue
            if prediction is not None:
                found.append(Candidate(result, number, prediction[rows]))
    return sorted(found, key=lambda each: each.result.error), rows


def _members(run: Run, best: Best, candidates: list[Candidate], chosen: Ensemble) -> tuple[Member, ...]:
    """Read their models; each with one fold at least, and as many as there is room for within the limits."""
    heaviest = sorted(chosen.weights, key=lambda index: -chosen.weights[index])
    results = [candidates[index].result for index in heaviest]
    models = [_model(run, best, candidates[index]) for index in heaviest]
    latencies = [candidates[index].model_latency for index in heaviest]
    folds = _folds_within([[each.size() for each in model.models] for model in models], latencies, run.data.limits)
    return tuple(
        Member(result, model.of_folds(count), chosen.weights[index])
        for result, model, count, index in zip(results, models, folds, heaviest, strict=True)
    )


def _model(run: Run, best: Best, candidate: Candidate) -> TrialModel:
    """With all its folds."""
    read = best.get(candidate.result.architecture)
    if isinstance(read, Finished) and read.model.number == candidate.number and not run.data.limits:
        return read.model
    try:
        return model_of(run, candidate.result.architecture, candidate.number, candidate.result)
    except FormatError as error:
        raise _LostModelError(candidate, error) from error


def _folds_within(sizes: Sequence[Sequence[Size]], latencies: Sequence[float], limits: Limits) -> list[int]:
    """How many folds of each member keep the limits together: one more of each in turn, as long as it fits.

    sizes: of each member, those of its folds' models. latencies: of one of them.
    """
    most = [len(each) for each in sizes]
    if not limits:
        return most
    folds = [1] * len(sizes)
    while True:
        fitting = [
            index
            for index in range(len(sizes))
            if folds[index] < most[index]
            and not limits.broken(
                *_together(sizes, latencies, [count + (each == index) for each, count in enumerate(folds)])
            )
        ]
        if not fitting:
            return folds
        folds[min(fitting, key=lambda index: folds[index])] += 1


def _together(sizes: Sequence[Sequence[Size]], latencies: Sequence[float], folds: Sequence[int]) -> tuple[Size, float]:
    """Size and latency of so many folds of each member."""
    parts = (part for each, count in zip(sizes, folds, strict=True) for part in each[:count])
    return sum(parts, Size(0, 0, 0)), sum(each * count for each, count in zip(latencies, folds, strict=True))


def _result_of_members(chosen: Ensemble, members: tuple[Member, ...]) -> TrialResult:
    sizes = sum((each.model.size() for each in members), Size(0, 0, 0))
    latency = sum(each.result.predict_us_per_row / each.result.models * len(each.model.models) for each in members)
    named = {each.model.trial: round(each.weight, 4) for each in members}
    return _as_trial(chosen, named, sizes, latency, sum(each.result.seconds for each in members))


def _result(chosen: Ensemble, candidates: list[Candidate], limits: Limits) -> TrialResult:
    """Of an ensemble whose models were not read: with as many folds of each as the limits leave room for, about."""
    members = [candidates[index] for index in chosen.weights]
    results = [each.result for each in members]
    sizes = [[each.model_size] * each.result.models for each in members]
    latencies = [each.model_latency for each in members]
    size, latency = _together(sizes, latencies, _folds_within(sizes, latencies, limits))
    if not limits:  # to the last parameter
        size = sum((each.size for each in results), Size(0, 0, 0))
    named = {candidates[index].trial: round(weight, 4) for index, weight in chosen.weights.items()}
    return _as_trial(chosen, named, size, latency, sum(each.seconds for each in results))


def _as_trial(chosen: Ensemble, named: dict[str, float], size: Size, latency: float, seconds: float) -> TrialResult:
    return TrialResult(
        architecture=ENSEMBLE,
        settings={"members": named},
        error=chosen.error,
        error_rows=chosen.error_rows,
        error_tasks=chosen.error_tasks,
        fold_errors=chosen.fold_errors,
        member_errors=(),
        best_epochs=(),
        size=size,
        seconds=seconds,
        predict_us_per_row=latency,
    )


def _none(target: Target, candidates: list[Candidate], limits: Limits) -> str:
    """Why there is no ensemble; where the limits are the reason, what they leave no room for."""
    plain = "No ensemble of the trials has a lower error than the best of them alone"
    weights = selected(target, candidates, np.arange(len(target.task)))[-1] if limits else {}
    members = [candidates[index] for index in weights]
    size = sum((each.model_size for each in members), Size(0, 0, 0))
    broken = limits.broken(size, sum(each.model_latency for each in members)) if len(members) > 1 else ""
    if not broken:
        return f"{plain}."
    return f"{plain} within the limits. Without them there is one of {len(members)}, with one fold of each: {broken}."


def _sentence(found: Blend, lowest: float) -> str:
    """What the ensemble is worth beside the best single model."""
    parts = ", ".join(f"{each.model.trial} {each.weight:.2f}" for each in found.members)
    answer = "ensemble" if found.is_best else "best single model"
    return (
        f"An ensemble of {len(found.members)} trials ({parts}) has the cross-validated error "
        f"{digits(found.result.error)}; single models, chosen on other folds as its weights are, have "
        f"{digits(found.single_error)} ({digits(lowest)} if chosen on the same). The {answer} is the answer."
    )
