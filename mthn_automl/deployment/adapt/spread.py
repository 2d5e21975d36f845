"""How far targets lie from predictions, within tasks and between new ones, and what else a fit of new tasks needs.

It is measured where the training rows are at hand, when a model is saved, and lies in its folder: adaptation.json.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.metadata import pick
from mthn_automl.data.schema import Problem, Schema
from mthn_automl.deployment.adapt.likelihood import Likelihood
from mthn_automl.deployment.adapt.prior import left_over
from mthn_automl.models.base import Classical
from mthn_automl.received import Received
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.trial_model import TrialModel

FILE = "adaptation.json"
MOST_ROWS = 10_000
LEAST_NOISE = 1e-6
LEAST_OFFSET = 1e-4


@dataclass(frozen=True)
class Spread:
    """Of one member of a model.

    Attributes:
        noise: (targets,) variance of standardised targets around predictions of rows unseen, within tasks; of classes
            and counts none, as their likelihood has its own.
        offset: variance of the offset of a new task's scores around what its metadata predict, by target, or one for
            all; of a model that says itself how its tasks differ none.
    """

    noise: tuple[float, ...]
    offset: tuple[float, ...]

    def __post_init__(self) -> None:
        if not all(0.0 < each < np.inf for each in (*self.noise, *self.offset)):
            raise ValueError("variances must be finite and above 0, however one is not")


@dataclass(frozen=True)
class _Stored:
    """What adaptation.json holds: a spread of each member."""

    members: tuple[Spread, ...]


def read_spreads(given: Received, members: int, schema: Schema) -> tuple[Spread, ...]:
    """Of the members of a model folder.

    Raises:
        FormatError: it is damaged, or of another number of members or targets.
    """
    stored, targets = given.typed(FILE, _Stored), len(schema.targets)
    with given.checked(FILE):
        if len(stored.members) != members:
            raise ValueError(f"it must be of {members} members, however it is of {len(stored.members)}")
        for each in stored.members:
            if len(each.noise) != targets * (schema.problem is Problem.REGRESSION):
                raise ValueError(f"a noise must be of {targets} targets, however it is of {len(each.noise)}")
            if len(each.offset) not in (0, 1, targets):
                raise ValueError(f"an offset must be of {targets} targets, however it is of {len(each.offset)}")
    return stored.members


def spreads_to_json(spreads: Sequence[Spread]) -> dict[str, Any]:
    """What `read_spreads` reads."""
    return asdict(_Stored(tuple(spreads)))


def spread_of(model: TrialModel, data: Dataset, unseen: FloatArray | None = None) -> Spread:
    """Of a trial's model, by the rows that it was trained on.

    unseen: (rows, outputs) predictions of rows that the model which made them had not seen, NaN where there are none;
    without, those of the model itself are taken, which are nearer to the targets.
    """
    first, rows = model.models[0], np.arange(len(data))
    if unseen is not None:
        rows = np.flatnonzero(np.isfinite(unseen).all(axis=1))
    rows = rows[:: -(-len(rows) // MOST_ROWS) or 1]
    some = data.take(rows)
    noise: tuple[float, ...] = ()
    if data.schema.problem is Problem.REGRESSION:
        predicted = model.predict(some) if unseen is None else unseen[rows]
        noise = _within(first.encoder.encode_target(some.target) - first.encoder.encode_target(predicted), some.task)
    if isinstance(first, Networks) or _says_itself(first, data):
        return Spread(noise, ())
    return Spread(noise, _offsets(first, some, noise))


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
        found.append(max(squares, LEAST_NOISE))
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
    return max(float(np.average(left**2 - doubt, weights=weight)), LEAST_OFFSET)


def likelihood_of(model: Networks | Classical, problem: Problem, spread: Spread) -> Likelihood:
    """Of what the model writes."""
    if isinstance(model, Classical) and model.classes is not None:
        return Likelihood(problem, torch.ones(1, dtype=torch.float64), by_class=True)
    noise = 1.0 / model.encoder.target.arrays[1] if problem is Problem.COUNT else np.array(spread.noise)
    return Likelihood(problem, torch.from_numpy(noise))


def target_of(model: Networks | Classical, rows: Dataset) -> FloatArray:
    """(rows, targets) as that likelihood takes them, of counts with exposures behind them."""
    if isinstance(model, Classical) and model.classes is not None:
        return model.classes.labels(rows.target)[:, None].astype(np.float64)
    target = model.encoder.encode_target(rows.target).astype(np.float64)
    return np.concatenate([target, rows.exposures[:, None]], axis=1) if rows.schema.problem is Problem.COUNT else target


def weights_of(rows: Dataset) -> FloatArray:
    """(rows,) with a mean of 1."""
    weighted = rows.weighted_to_mean_1()
    return np.ones(len(rows)) if weighted.weight is None else weighted.weight
