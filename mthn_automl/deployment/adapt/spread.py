"""How far targets lie from predictions, within tasks and between new ones, and what else a fit of new tasks needs.

`measure.py` measures it where the training rows are at hand, when a model is saved; it lies in adaptation.json.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Problem, Schema
from mthn_automl.deployment.adapt.likelihood import Likelihood
from mthn_automl.models.base import Classical
from mthn_automl.received import Received
from mthn_automl.training.networks import Networks

FILE = "adaptation.json"
LEAST_OFFSET = 1e-4
LARGEST = 1e12
"""Of a variance of standardised numbers; beyond it nothing can be solved for."""


@dataclass(frozen=True)
class Spread:
    """Of one member of a model.

    Attributes:
        noise: (targets,) variance of standardised targets around predictions of rows unseen, within tasks; of classes
            and counts none, as their likelihood has its own.
        offset: variance of the offset of a new task's scores around what its metadata predict, by target, or one for
            all; of a model that says itself how its tasks differ none.
        width: times the variance that the model, or `offset`, says its tasks have, as tasks held out have shown.
    """

    noise: tuple[float, ...]
    offset: tuple[float, ...]
    width: float = 1.0

    def __post_init__(self) -> None:
        if not all(1 / LARGEST < each < LARGEST for each in (*self.noise, *self.offset, self.width)):
            raise ValueError(f"variances must lie between {1 / LARGEST:g} and {LARGEST:g}, however one does not")


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
