"""How far targets lie from predictions, measured on the rows of training: by what their folds had not seen of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.metadata import pick
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.adapt.blocks import Block
from mthn_automl.deployment.adapt.classical import effects_and_blocks
from mthn_automl.deployment.adapt.descent import Outputs, measured_scales
from mthn_automl.deployment.adapt.networks import rows_and_blocks
from mthn_automl.deployment.adapt.prior import left_over
from mthn_automl.deployment.adapt.spread import LEAST_OFFSET, Spread, likelihood_of, target_of
from mthn_automl.models.base import Classical
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.trial_model import TrialModel

MOST_ROWS = 10_000
LEAST_NOISE, MOST_VARIANCE = 1e-6, 1e9
LEAST_PROBABILITY = 1e-6


@dataclass(frozen=True)
class Unseen:
    """Predictions of rows that the model which made them had not seen.

    Attributes:
        prediction: (rows, outputs), NaN where there is none.
        whole_tasks: whether it had seen no row of their tasks either.
    """

    prediction: FloatArray
    whole_tasks: bool = False


def spread_of(model: TrialModel, data: Dataset, unseen: Unseen | None = None) -> Spread:
    """Of a trial's model, by the rows that it was trained on.

    Without predictions of rows unseen, those of the model itself are taken, which are nearer to the targets. Where
    whole tasks were held out, these are new tasks, by which the width of the priors is measured.
    """
    first, rows = model.models[0], np.arange(len(data))
    if unseen is not None:
        rows = np.flatnonzero(np.isfinite(unseen.prediction).all(axis=1))
    rows = rows[:: -(-len(rows) // MOST_ROWS) or 1]
    some = data.take(rows)
    noise: tuple[float, ...] = ()
    if data.schema.problem is Problem.REGRESSION:
        predicted = model.predict(some) if unseen is None else unseen.prediction[rows]
        noise = _within(first.encoder.encode_target(some.target) - first.encoder.encode_target(predicted), some.task)
    offset: tuple[float, ...] = ()
    if isinstance(first, Classical) and not _says_itself(first, data):
        offset = _offsets(first, some, noise)
    spread = Spread(noise, offset)
    if unseen is None or not unseen.whole_tasks or len(some) == 0:
        return spread
    given = _held_out(model.models, some)
    if isinstance(first, Classical):
        scores = _scores(first, some, unseen.prediction[rows])
        given = [effects_and_blocks(first, some, 0, spread, scores)]
    return _as_held_out(first, some, given, spread)


def _held_out(models: Sequence[Networks | Classical], rows: Dataset) -> list[tuple[Outputs, list[Block]]]:
    """Of networks of folds, as functions of what is a task's own, with the rows of tasks that they have not seen."""
    found: list[tuple[Outputs, list[Block]]] = []
    for model in models:
        if isinstance(model, Networks) and model.trained is not None:
            new = np.setdiff1d(np.unique(rows.task), model.trained)
            of_new = rows.take(np.flatnonzero(np.isin(rows.task, new))).numbered(np.concatenate([model.trained, new]))
            found += rows_and_blocks(model, of_new, len(model.trained))
    return found


def _as_held_out(
    model: Networks | Classical, rows: Dataset, given: Sequence[tuple[Outputs, list[Block]]], spread: Spread
) -> Spread:
    """With the width and noise under which the rows of tasks held out are likeliest."""
    likelihood = likelihood_of(model, rows.schema.problem, spread)
    given = [each for each in given if each[0].width and each[1]]
    if not given:
        return spread
    scales = measured_scales(given, likelihood)
    return replace(spread, noise=tuple(each * scales.noise for each in spread.noise), width=scales.width)


def _scores(model: Classical, rows: Dataset, prediction: FloatArray) -> FloatArray:
    """(rows, scores) of which these are the predictions."""
    if model.classes is not None:
        logits = np.log(np.maximum(prediction[:, list(model.classes.present)], LEAST_PROBABILITY))
        return (logits[:, 1:] - logits[:, :1])[:, : model.classes.scores] if model.classes.scores == 1 else logits
    if rows.schema.problem is Problem.COUNT:
        rate = prediction / rows.exposures[:, None] / model.encoder.target.arrays[1]
        return np.log(np.maximum(rate, LEAST_PROBABILITY))
    return model.encoder.encode_target(prediction).astype(np.float64)


def _says_itself(model: Classical, data: Dataset) -> bool:
    return model.own_variance(data.tasks.take(np.arange(0)), np.ones(1)) is not None


def _within(residual: FloatArray, task: IntArray) -> tuple[float, ...]:
    """(targets,) mean squares around the mean of each task, of tasks that have several rows; NaN where missing."""
    found = []
    for column in residual.astype(np.float64).T:
        known = np.flatnonzero(np.isfinite(column))
        values, of = column[known], task[known]
        counts = np.bincount(of, minlength=1)
        means = np.bincount(of, values, minlength=1) / np.maximum(counts, 1)
        free = len(values) - np.count_nonzero(counts)
        around = values - means[of] if free >= len(values) / 4 else values
        squares = float((around**2).sum()) / max(free if free >= len(values) / 4 else len(values), 1)
        found.append(min(max(squares, LEAST_NOISE), MOST_VARIANCE))
    return tuple(found)


def _offsets(model: Classical, rows: Dataset, noise: tuple[float, ...]) -> tuple[float, ...]:
    """What is left of the tasks' offsets from an average task, where a ridge regression on metadata has left each out.

    The model itself cannot tell: it has seen the metadata of all its tasks with their targets.
    """
    if model.classes is not None:
        rows = rows.take(np.flatnonzero(np.isin(rows.target[:, 0], model.classes.present)))
    scores = model.raw_scores(_of_average_task(rows))
    if scores.shape[1] == 0 or len(rows) == 0:
        return (LEAST_OFFSET,)
    likelihood = likelihood_of(model, rows.schema.problem, Spread(noise, ()))
    slope, curve = likelihood.derivatives(*map(torch.from_numpy, (scores, target_of(model, rows))))
    pulled, informed = np.zeros((2, len(rows.tasks), scores.shape[1]))
    np.add.at(pulled, rows.task, -slope.numpy())
    np.add.at(informed, rows.task, curve.diagonal(dim1=-2, dim2=-1).numpy())
    metadata = model.encoder.encode_metadata(rows.tasks).astype(np.float64)
    found = [_between(*each, metadata) for each in zip(pulled.T, informed.T, strict=True)]
    return tuple(found) if rows.schema.problem is Problem.REGRESSION else (float(np.mean(found)),)


def _of_average_task(rows: Dataset) -> Dataset:
    """The same rows, said to be of a task never seen of which nothing is known."""
    known = rows.tasks.metadata
    new = TaskTable(("",), None if known is None else pick(known, np.array([-1])))
    return replace(rows, task=np.full(len(rows), len(rows.tasks)), tasks=rows.tasks.joined(new))


def _between(pulled: FloatArray, informed: FloatArray, metadata: FloatArray) -> float:
    """Variance of the tasks' offsets beyond what their rows' noise makes (DerSimonian and Laird 1986).

    pulled, informed: (tasks,) by their rows, slope and curvature of the log-likelihood by the offset.
    """
    told = np.flatnonzero(informed > 1e-9)
    if len(told) < 2:
        return LEAST_OFFSET
    offset, doubt = pulled[told] / informed[told], 1.0 / informed[told]
    left = left_over(offset[:, None], metadata[told])[:, 0]
    weight = 1.0 / (doubt + np.median(left**2) + 1e-12)
    return min(max(float(np.average(left**2 - doubt, weights=weight)), LEAST_OFFSET), MOST_VARIANCE)
