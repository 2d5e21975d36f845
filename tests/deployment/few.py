"""Predictors over every architecture, neural ones untrained, and over ensembles; DataFrames of rows for them."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.encoding import Flags
from mthn_automl.deployment.calibration.intervals import Intervals, TargetIntervals
from mthn_automl.deployment.calibration.scale import Scale
from mthn_automl.deployment.calibration.scores import Scores
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.models.base import Classical
from mthn_automl.training.fit import Schedule
from mthn_automl.training.mean import Model, mean_of
from mthn_automl.training.members import Member
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.fold_fits import fit_classical
from mthn_automl.tuning.objective import Configuration
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.trial_model import TrialModel
from tests.contracts import zoo
from tests.contracts.test_task_networks import untrained
from tests.training.trained import encode_all, train

Animal = Callable[[], Dataset]
ANIMALS = (
    *(zoo.planted, zoo.several_targets, zoo.binary, zoo.multiclass, zoo.ordinal, zoo.counts, zoo.missing_values),
    zoo.no_metadata,
)
ENSEMBLES = {
    "ensemble of networks": {"hypernetwork": 0.75, "pooled": 0.25},
    "ensemble of both": {"hypernetwork": 0.75, "ridge": 0.25},
}
"""The weight of each member: where all are networks, one row is predicted by those of its task."""

every_model = pytest.mark.parametrize("name", [*catalogue.usable(), *ENSEMBLES])
few_models = pytest.mark.parametrize("name", ["hypernetwork", "ridge", *ENSEMBLES])


def spared(dataset: Dataset) -> Dataset:
    """The metadata of a task that has no rows are known too, and unlike any other's."""
    if dataset.tasks.metadata is None:
        return dataset
    metadata = dataset.tasks.metadata.take(np.array([1]))
    metadata.numeric[:] = 2.5
    return replace(dataset, spare=TaskTable(("described",), metadata))


def predictor(name: str, animal: Animal) -> Predictor:
    dataset = spared(animal())
    return Predictor(name, dataset.schema, dataset.tasks, dataset.spare, model_of(name, animal))


def with_intervals(found: Predictor, new: int = 30, power: float = 0.0) -> Predictor:
    """With intervals by 40 rows, and `new` tasks as if never seen. power: of a count, that residuals grow with."""
    tasks, targets = len(found.tasks), []
    for number in range(len(found.schema.targets)):
        scale = Scale(tuple(np.linspace(0.5, 2.0 + number, tasks).tolist()), power, 0.2 if power else 0.0)
        of_new = scores(new, 3.0) if new else None
        targets.append(TargetIntervals(scale, scores(40, 1.0), of_new, 40, new))
    return replace(found, intervals=Intervals(tuple(targets), tasks, "measured"))


def scores(count: int, largest: float) -> Scores:
    """Of so many rows or tasks."""
    found = Scores.of(np.linspace(0.1, largest, count), np.full(count, 1 / (count + 1)))
    assert found is not None
    return found


def members_of(name: str, animal: Animal) -> list[tuple[TrialModel, float]]:
    """What is saved under a name, with weights."""
    weights, tasks = ENSEMBLES.get(name, {name: 1.0}), len(animal().tasks)
    return [
        (TrialModel(catalogue.read(each), 0, {}, (single(each, animal),), tasks), weight)
        for each, weight in weights.items()
    ]


def model_of(name: str, animal: Animal) -> Model:
    members = members_of(name, animal)
    return mean_of([model.model for model, _ in members], [weight for _, weight in members], tasks=len(animal().tasks))


@cache
def single(name: str, animal: Animal) -> Networks | Classical:
    """A model of an architecture."""
    dataset, space = animal(), catalogue.read(name)
    if space.family == "neural":
        return untrained(name, dataset)
    architecture: Any = space.load_class()
    model: Classical = architecture(architecture.Settings())
    model.fit(dataset, flags=Flags.of(dataset), seed=0)
    return model


def fitted(configuration: Configuration, dataset: Dataset, epochs: int) -> Networks | Classical:
    """A model trained on every row; of networks two seeds."""
    if not configuration.neural:
        return fit_classical(configuration, dataset, Flags.of(dataset))
    data = encode_all(dataset, Flags.of(dataset))
    plan = Plan(1, 2, Schedule(64, max_epochs=epochs, patience=epochs, check_every=epochs))
    pack = train(configuration, data, [Member(0, 0), Member(0, 1)], plan, None).pack
    return Networks(pack, data.encoders[0], data.problem)


def frame(animal: Animal) -> pd.DataFrame:
    """The rows of training as a file would hold them."""
    dataset = animal()
    columns: dict[str, object] = {"task": [dataset.tasks.names[number] for number in dataset.task]}
    numeric = iter(dataset.features.numeric.T)
    codes = iter(dataset.features.codes.T)
    for column in dataset.schema.features:
        if column.categories is None:
            columns[column.name] = next(numeric)
        else:
            names = np.array([*column.categories, None], dtype=object)
            columns[column.name] = names[next(codes)]
    if dataset.schema.offset is not None:
        columns[dataset.schema.offset] = dataset.exposures
    return pd.DataFrame(columns)


def array(animal: Animal) -> np.ndarray:
    """The features of training, a category as its index."""
    features = animal().features
    return np.concatenate([features.numeric, features.codes], axis=1)
