"""Greedy ensembles of what was trained, by out-of-fold predictions: members are added one by one, with replacement.

Caruana et al. 2004, "Ensemble selection from libraries of models". An ensemble's own error is that of weights which
were chosen on other folds (nested), so that it can be compared with the errors of single trials.
"""

import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.scoring import Metric, error_over_rows, error_over_tasks, metric_named
from mthn_automl.models.base import Size
from mthn_automl.tuning.criteria import NO_LIMITS, Limits
from mthn_automl.tuning.objective import SearchData
from mthn_automl.tuning.results import TrialResult

STEPS = 25
"""Members that are added at most, repeated ones counted."""

MOST_ROWS = 10_000
"""That weights are chosen by; more would choose the same and take longer."""

GROUPS = 5
"""Parts that rows of a single hold-out are dealt into, to be scored by weights which the others chose."""

SHARES = (1, 2, 3, 4, 6, 8)
"""Within limits ensembles are also chosen from models that take a half of them at most, a third, ...: the best single
model, with which the selection begins, may leave no room for the many small ones that are better together."""

Weights = dict[int, float]
"""The share of each member, by its index among the candidates; 1 in all."""


@dataclass(frozen=True)
class Target:
    """What is to be predicted, and how predictions are scored.

    Attributes:
        values: (rows, targets), NaN where missing, or (rows, 1) with the indices of classes.
        task: (rows,) task numbers.
        metric: by which the error is measured.
        average: what it is averaged over, `rows` or `tasks`.
        weight: (rows,) what each row counts; None: all count alike.
    """

    values: FloatArray
    task: IntArray
    metric: Metric
    average: str
    weight: FloatArray | None = None

    def take(self, rows: IntArray) -> "Target":
        weight = None if self.weight is None else self.weight[rows]
        return Target(self.values[rows], self.task[rows], self.metric, self.average, weight)

    def error(self, prediction: FloatArray, average: str | None = None) -> float:
        """Of (rows, outputs), over what the search averages, or over what is asked for."""
        if (average or self.average) == "rows":
            return error_over_rows(self.metric, self.values, prediction, self.weight)
        return error_over_tasks(self.metric, self.values, prediction, self.task, self.weight)[0]


def target_of(data: SearchData, rows: IntArray) -> Target:
    """That of some rows of a search."""
    some = data.dataset.take(rows)
    return Target(some.target, some.task, metric_named(data.metric), data.average, some.weight)


@dataclass(frozen=True)
class Candidate:
    """A trial that may be a member.

    Attributes:
        result: of the trial.
        number: of the trial within the study of its architecture.
        prediction: (rows, outputs) of rows that its models had not seen.
    """

    result: TrialResult
    number: int
    prediction: FloatArray = field(repr=False)

    @property
    def trial(self) -> str:
        """Its name, as its folder has it."""
        return f"{self.result.architecture}-{self.number}"

    @property
    def model_size(self) -> Size:
        """Of the model of one fold, about."""
        size, models = self.result.size, self.result.models
        return Size(size.total // models, size.task_network // models, size.marginal // models)

    @property
    def model_latency(self) -> float:
        """Microseconds that predicting a row takes with the model of one fold."""
        return self.result.predict_us_per_row / self.result.models


@dataclass(frozen=True)
class Ensemble:
    """Some of the candidates, weighted.

    Attributes:
        weights: of its members, by their index among the candidates.
        prediction: (rows, outputs) of each row, by weights of as many members that were chosen on other rows.
        error, error_rows, error_tasks: of these, as in `TrialResult`.
        fold_errors: of these, by fold.
    """

    weights: Weights
    prediction: FloatArray = field(repr=False)
    error: float
    error_rows: float
    error_tasks: float
    fold_errors: tuple[float, ...]


def ensembles(
    target: Target,
    candidates: Sequence[Candidate],
    fold: IntArray,
    limits: Limits = NO_LIMITS,
    unit: IntArray | None = None,
    seconds: float = math.inf,
) -> list[Ensemble]:
    """The best ensembles of one member, two, three ..., as long as more of them lower the error of the selection.

    The last, not the one with the lowest error of its own, is the best guess: in 358 simulated selections from twelve
    candidates the latter had 1.000 to 1.012 times its test error, and its own error was 0.1 to 2.2 % more flattering.

    Args:
        target: of the rows that are predicted.
        candidates: at least one, each with finite predictions of all these rows.
        fold: (rows,) the fold of each row.
        limits: that a fold's model of each member keeps together with those of the other members.
        unit: (rows,) numbers of what a single hold-out keeps together, such as tasks; None: each row by itself.
        seconds: that it may take, about: each selection ends early where it would take more than its part of them.
    """
    groups = groups_of(fold, unit)
    part = seconds / (1 + len(np.unique(groups)))
    chosen = selected(target, candidates, np.arange(len(fold)), limits, part)
    nested = [
        (rows, selected(target, candidates, np.flatnonzero(groups != group), limits, part))
        for group in np.unique(groups)
        if len(rows := np.flatnonzero(groups == group)) < len(groups)
    ]
    return [_ensemble(target, candidates, fold, weights, nested) for weights in chosen]


def groups_of(fold: IntArray, unit: IntArray | None) -> IntArray:
    """(rows,) numbers of groups of rows, each of which is scored by what the others chose. unit: as of `ensembles`."""
    if len(np.unique(fold)) > 1:
        return fold
    units = np.arange(len(fold)) if unit is None else np.unique(unit, return_inverse=True)[1]
    return (units if units.any() else np.arange(len(fold))) % GROUPS  # a single unit can be scored by itself alone


def chosen_on_others(target: Target, predictions: Sequence[FloatArray], group: IntArray) -> FloatArray:
    """(rows, outputs) of each group of rows by what has the lowest error on all others; by the first if none has one.

    predictions: (rows, outputs) of each.
    """
    found = predictions[0].copy()
    for number in np.unique(group):
        others, own = np.flatnonzero(group != number), np.flatnonzero(group == number)
        errors = [target.take(others).error(each[others]) for each in predictions]
        found[own] = predictions[int(np.argmin(np.nan_to_num(errors, nan=np.inf)))][own]
    return found


def _ensemble(
    target: Target,
    candidates: Sequence[Candidate],
    fold: IntArray,
    weights: Weights,
    nested: Sequence[tuple[IntArray, list[Weights]]],
) -> Ensemble:
    """nested: rows, and the ensembles that were chosen on all others."""
    prediction = blended([each.prediction for each in candidates], weights)
    for rows, others in nested:
        fitting = [each for each in others if len(each) <= len(weights)]
        prediction[rows] = blended([each.prediction[rows] for each in candidates], fitting[-1])
    return Ensemble(
        weights,
        prediction,
        **errors_of(target, prediction, fold),
    )


def errors_of(target: Target, prediction: FloatArray, fold: IntArray) -> dict[str, Any]:
    """Of predictions out of fold, by the names that `Ensemble` and `TrialResult` have for them."""
    rows = [np.flatnonzero(fold == number) for number in np.unique(fold)]
    return {
        "error": target.error(prediction),
        "error_rows": target.error(prediction, "rows"),
        "error_tasks": target.error(prediction, "tasks"),
        "fold_errors": tuple(target.take(each).error(prediction[each]) for each in rows),
    }


def selected(
    target: Target,
    candidates: Sequence[Candidate],
    rows: IntArray,
    limits: Limits = NO_LIMITS,
    seconds: float = math.inf,
) -> list[Weights]:
    """The ensembles that these rows choose, or MOST_ROWS of them. seconds: as of `greedy`."""
    if len(rows) > MOST_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))
    return greedy(target.take(rows), [each.prediction[rows] for each in candidates], candidates, limits, seconds)


def greedy(
    target: Target,
    predictions: Sequence[FloatArray],
    candidates: Sequence[Candidate],
    limits: Limits = NO_LIMITS,
    seconds: float = math.inf,
) -> list[Weights]:
    """The ensembles that greedy selections go through: the best of each number of members, while its error falls.

    Of equal errors the candidate that comes first is taken, and it alone where the error of none is defined.

    Args:
        predictions: (rows, outputs) of each candidate.
        seconds: after which no further member is added, but for the first.
    """
    best: dict[int, tuple[float, Weights]] = {}
    choices, began = _small_enough(candidates, limits), time.monotonic()
    for number, among in enumerate(choices, start=1):
        latest = began + seconds * number / len(choices)
        for count, found in _path(target, predictions, candidates, among, limits, latest).items():
            if count not in best or found[0] < best[count][0]:
                best[count] = found
    return _falling([best[count] for count in sorted(best)])


def _small_enough(candidates: Sequence[Candidate], limits: Limits) -> list[list[int]]:
    """Those to choose from, in turn: all, and where there are limits those that take each share of them at most."""
    found: list[list[int]] = []
    for share in SHARES if limits else SHARES[:1]:
        some = [
            index
            for index, each in enumerate(candidates)
            if not limits.broken(each.model_size.times(share), each.model_latency * share)
        ]
        if some and some not in found:
            found.append(some)
    return found


def _path(
    target: Target,
    predictions: Sequence[FloatArray],
    candidates: Sequence[Candidate],
    among: Sequence[int],
    limits: Limits,
    latest: float,
) -> dict[int, tuple[float, Weights]]:
    """The best ensemble of each number of members that one selection from some of the candidates goes through.

    latest: by the monotonic clock.
    """
    taken: Counter[int] = Counter()
    total = np.zeros(predictions[0].shape)
    best: dict[int, tuple[float, Weights]] = {}
    for step in range(1, STEPS + 1):
        if best and time.monotonic() > latest:
            break
        able = [index for index in among if _fits({*taken, index}, candidates, limits)]
        errors = [target.error((total + predictions[index]) / step) for index in able]
        if not np.isfinite(errors).any():
            if able and not best:
                best[1] = np.nan, {able[0]: 1.0}
            break
        added = able[int(np.nanargmin(errors))]
        taken[added] += 1
        total += predictions[added]
        error = float(np.nanmin(errors))
        if len(taken) not in best or error < best[len(taken)][0]:
            best[len(taken)] = error, {index: count / step for index, count in taken.items()}
    return best


def _falling(path: Sequence[tuple[float, Weights]]) -> list[Weights]:
    """Those with a lower error than all before; of one that may be undefined, the first all the same."""
    lowest, kept = np.inf, list[Weights]()
    for error, weights in path:
        if error < lowest or not kept:
            kept.append(weights)
            lowest = error
    return kept


def _fits(members: set[int], candidates: Sequence[Candidate], limits: Limits) -> bool:
    if not limits:
        return True
    size = sum((candidates[index].model_size for index in members), Size(0, 0, 0))
    return not limits.broken(size, sum(candidates[index].model_latency for index in members))


def blended(predictions: Sequence[FloatArray], weights: Weights) -> FloatArray:
    """The weighted mean of the members' predictions."""
    return np.asarray(sum(weight * predictions[index] for index, weight in weights.items()), dtype=np.float64)
