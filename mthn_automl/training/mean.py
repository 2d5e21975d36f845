"""Several models as one: the mean of what they predict, for the folds of a trial and the members of an ensemble."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.models.base import Classical, Size
from mthn_automl.training.networks import Networks

OneModel = tuple[Any, ...]
"""A task's network of each model of a mean, as the `predict_row` of each needs it."""


@dataclass(frozen=True)
class Mean:
    """The weighted mean of the predictions of several models, on the target's own scale or of probabilities.

    Attributes:
        models: at least two.
        weights: of each model; positive, and 1 in all.
    """

    models: tuple["Model", ...]
    weights: tuple[float, ...]

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64."""
        return weighted([model.predict(rows) for model in self.models], self.weights)

    def size(self) -> Size:
        """Of all models together."""
        return sum((model.size() for model in self.models), Size(0, 0, 0))

    @property
    def has_preference(self) -> bool:
        """Whether every model is one of `Networks` for every preference."""
        return all(not isinstance(model, Classical) and model.has_preference for model in self.models)

    def at_preference(self, preference: float) -> "Mean":
        """The same models at a preference; see `Networks.at_preference`."""
        return replace(self, models=tuple(networks_of(model).at_preference(preference) for model in self.models))

    def working_parameters(self) -> int | None:
        """Of one task's networks, of all models; None where one has none. See `Networks.working_parameters`."""
        counts = [None if isinstance(model, Classical) else model.working_parameters() for model in self.models]
        return None if None in counts else sum(count for count in counts if count is not None)

    def task_network(self, task: int, tasks: TaskTable) -> OneModel | None:
        """What `predict_row` needs of a task, which is one of `tasks`; None where a model has none."""
        networks = []
        for model in self.models:
            network = None if isinstance(model, Classical) else model.task_network(task, tasks)
            if network is None:
                return None
            networks.append(network)
        return tuple(networks)

    def predict_row(self, features: Table, network: OneModel) -> FloatArray:
        """(outputs,) float64: as `predict` for the one row of a table, at the cost of one row a model."""
        predictions = [
            networks_of(model).predict_row(features, each) for model, each in zip(self.models, network, strict=True)
        ]
        return weighted(predictions, self.weights)


Model = Networks | Classical | Mean


def networks_of(model: Model) -> "Networks | Mean":
    """The model, which must not be a classical one."""
    assert not isinstance(model, Classical)
    return model


def mean_of(models: Sequence[Model], weights: Sequence[float] | None = None) -> Model:
    """One model that predicts the mean of several, equally weighted where nothing is said."""
    if len(models) == 1:
        return models[0]
    shares = np.ones(len(models)) if weights is None else np.asarray(weights, dtype=np.float64)
    return Mean(tuple(models), tuple((shares / shares.sum()).tolist()))


def weighted(predictions: Sequence[FloatArray], weights: Sequence[float]) -> FloatArray:
    """The sum of predictions, each times its weight."""
    total = np.zeros_like(predictions[0])
    for prediction, weight in zip(predictions, weights, strict=True):
        total += weight * prediction
    return total
