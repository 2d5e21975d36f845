"""Several models as one: the mean of what they predict, for the folds of a trial and the members of an ensemble."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.models.base import Classical, Size
from mthn_automl.training.networks import Networks
from mthn_automl.training.temperature import tempered

OneModel = tuple[tuple[float, Any], ...]
"""A task's network of each model of a mean, as the `predict_row` of each needs it, and the weight of what it says."""


@dataclass(frozen=True)
class Mean:
    """The weighted mean of the predictions of several models, on the target's own scale or of probabilities.

    A row of a task on which some models were trained and others were not, since their folds held it out, is predicted
    by the first alone; of a task on which none was, by all. A mean was trained on what one of its models was. A task
    that was added after training is predicted by all, too: models that cannot adapt go by its metadata, as before.

    Attributes:
        models: at least two, or one at a temperature.
        weights: of each model; positive, and 1 in all.
        tasks: that it has been told of; none was trained on tasks numbered beyond.
        temperature: of the probabilities of the mean; 1 of numbers.
    """

    models: tuple["Model", ...]
    weights: tuple[float, ...]
    tasks: int
    temperature: float = 1.0

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64."""
        return self.of_predictions([model.predict(rows) for model in self.models], rows.task)

    def of_predictions(self, predictions: Sequence[FloatArray], task: IntArray) -> FloatArray:
        """(rows, outputs): the mean of what each of the models predicts for rows of these tasks, at the temperature."""
        knows = self._knows(task)
        if (knows == knows[:1]).all():
            mean = weighted(predictions, self.weights)
        else:
            mean = np.asarray((self.weights_of(task)[:, :, None] * np.stack(predictions)).sum(axis=0))
        return tempered(mean, self.temperature)

    def _knows(self, task: IntArray) -> NDArray[np.bool_]:
        """(models, rows) whether each was trained on the row's task, or this one was added to any of them."""
        return np.stack([_knows(model, task, self.tasks) for model in self.models]) | _added(self, task)

    def weights_of(self, task: IntArray) -> FloatArray:
        """(models, rows) weights of the models for rows of these tasks."""
        knows = self._knows(task)
        weights = np.array(self.weights)[:, None] * np.where(knows.any(axis=0), knows, True)
        return np.asarray(weights / weights.sum(axis=0))

    def size(self) -> Size:
        """Of all models together."""
        return sum((model.size() for model in self.models), Size(0, 0, 0))

    @property
    def added_parameters(self) -> int:
        """Of all models together."""
        return sum(model.added_parameters for model in self.models)

    @property
    def has_preference(self) -> bool:
        """Whether every model is one of `Networks` for every preference."""
        return all(not isinstance(model, Classical) and model.has_preference for model in self.models)

    def at_preference(self, preference: float) -> "Mean":
        """The same models at a preference, of which no temperature is known; see `Networks.at_preference`."""
        asked = tuple(networks_of(model).at_preference(preference) for model in self.models)
        return replace(self, models=asked, temperature=1.0)

    def working_parameters(self) -> int | None:
        """Of one task's networks, of all models; None where one has none. See `Networks.working_parameters`."""
        counts = [None if isinstance(model, Classical) else model.working_parameters() for model in self.models]
        return None if None in counts else sum(count for count in counts if count is not None)

    def task_network(self, task: int, tasks: TaskTable) -> OneModel | None:
        """What `predict_row` needs of a task, which is one of `tasks`; None where a model has none."""
        networks = []
        weights = self.weights_of(np.array([task]))[:, 0].tolist()
        for weight, model in zip(weights, self.models, strict=True):
            network = None if isinstance(model, Classical) else model.task_network(task, tasks)
            if network is None:
                return None
            networks.append((weight, network))
        return tuple(networks)

    def predict_row(self, features: Table, network: OneModel) -> FloatArray:
        """(outputs,) float64: as `predict` for the one row of a table, at the cost of one row a model."""
        predictions = [
            networks_of(model).predict_row(features, each)
            for model, (_, each) in zip(self.models, network, strict=True)
        ]
        mean = weighted(predictions, [weight for weight, _ in network])
        return mean if self.temperature == 1.0 else tempered(mean[np.newaxis], self.temperature)[0]


Model = Networks | Classical | Mean


def with_metadata(model: Model, tasks: TaskTable) -> Model:
    """The model, where the tasks of training, the first of `tasks`, are described as they are there.

    A classical one goes by what the rows to predict say of their tasks, networks by what they were trained with.
    """
    if isinstance(model, Mean):
        return replace(model, models=tuple(with_metadata(each, tasks) for each in model.models))
    return model if isinstance(model, Classical) else model.with_metadata(tasks)


def _knows(model: Model, task: IntArray, tasks: int) -> NDArray[np.bool_]:
    """Whether the model was trained on each of the tasks, or has had them added, of so many that there are."""
    if isinstance(model, Mean):
        return np.asarray(np.stack([_knows(each, task, tasks) for each in model.models]).any(axis=0))
    return (task < tasks if model.trained is None else np.isin(task, model.trained)) | _added(model, task)


def _added(model: Model, task: IntArray) -> NDArray[np.bool_]:
    """Whether the tasks are among those that were added to a model, or to one of a mean, after its training."""
    if isinstance(model, Mean):
        return np.asarray(np.stack([_added(each, task) for each in model.models]).any(axis=0))
    if isinstance(model, Networks):
        return (task >= model.known) & (task < model.known + model.added_tasks)
    return np.zeros(len(task), dtype=bool) if model.added is None else model.added.of(task)


def networks_of(model: Model) -> "Networks | Mean":
    """The model, which must not be a classical one."""
    assert not isinstance(model, Classical)
    return model


def mean_of(
    models: Sequence[Model], weights: Sequence[float] | None = None, temperature: float = 1.0, *, tasks: int
) -> Model:
    """One model that predicts the mean of several, equally weighted where nothing is said. tasks: as of `Mean`."""
    if len(models) == 1 and temperature == 1.0:
        return models[0]
    shares = np.ones(len(models)) if weights is None else np.asarray(weights, dtype=np.float64)
    return Mean(tuple(models), tuple((shares / shares.sum()).tolist()), tasks, temperature)


def weighted(predictions: Sequence[FloatArray], weights: Sequence[float]) -> FloatArray:
    """The sum of predictions, each times its weight."""
    total = np.zeros_like(predictions[0])
    for prediction, weight in zip(predictions, weights, strict=True):
        total += weight * prediction
    return total
