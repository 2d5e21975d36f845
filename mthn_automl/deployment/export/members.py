"""A model as the single models that it is made of, each with its weight for rows of each task."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.models.base import Classical
from mthn_automl.training.mean import Mean, Model
from mthn_automl.training.networks import Networks


@dataclass(frozen=True)
class Part:
    """A single model of a mean.

    Attributes:
        trial: the number of the member that it is of; models of one have the same settings.
        model: itself.
        weights: (known tasks + 1,) of its prediction for rows of each task, and of tasks never seen.
    """

    trial: int
    model: Networks | Classical
    weights: FloatArray


def temperature_of(model: Model) -> float:
    """Of the probabilities that its parts give together; 1 of numbers."""
    return model.temperature if isinstance(model, Mean) else 1.0


def parts_of(model: Model, tasks: int, members: int) -> tuple[Part, ...]:
    """All single models, but for those whose weight is zero whatever the task.

    Their weighted sum, at `temperature_of` the model, is what the model predicts.

    members: trials that there are; where that is not known, each model of a mean is taken for one.
    """
    whole = replace(model, temperature=1.0) if isinstance(model, Mean) else model
    by_trial: Sequence[tuple[Model, FloatArray]] = [(whole, np.ones(tasks + 1))]
    if members != 1 and isinstance(model, Mean):
        by_trial = list(zip(model.models, model.weights_of(np.arange(tasks + 1)), strict=True))
    found = (Part(trial, *pair) for trial, each in enumerate(by_trial) for pair in _single(*each, tasks))
    return tuple(part for part in found if part.weights.any())


def _single(model: Model, weights: FloatArray, tasks: int) -> Iterator[tuple[Networks | Classical, FloatArray]]:
    if not isinstance(model, Mean):
        yield model, weights
        return
    assert model.temperature == 1.0  # a model has one, of what it predicts in the end
    for each, own in zip(model.models, model.weights_of(np.arange(tasks + 1)), strict=True):
        yield from _single(each, weights * own, tasks)
