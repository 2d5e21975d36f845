"""What every architecture must do where a fold holds out whole tasks, of which it has no training row."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.models.parts.growth import Growth
from mthn_automl.training.members import Member
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.state import model_state, restored_models
from tests.contracts import zoo
from tests.contracts.neural import NAMES as NETWORKS
from tests.contracts.neural import builder, encoded, trained
from tests.contracts.settings import class_of, traits_of

NAMES = catalogue.usable()
every_model = pytest.mark.parametrize("name", NAMES)
EPOCHS = 4


def folds_of(dataset: Dataset) -> IntArray:
    """Three folds of whole tasks: every third task, the last ones first."""
    return np.asarray(2 - dataset.task % 3)


def fitted(name: str, dataset: Dataset, number: int) -> Any:
    """A model of the fold of that number; networks are those of a pack of all folds."""
    fold = folds_of(dataset)
    if name not in NETWORKS:
        model = class_of(name)(class_of(name).Settings())
        training, held_out = (dataset.take(np.flatnonzero(each)) for each in (fold != number, fold == number))
        growth = Growth(validation=held_out)
        for _ in model.fit_in_steps(training, growth, flags=Flags.of(dataset), seed=0):
            pass
        return model
    data, chosen = encoded(dataset, fold), vars(class_of(name).Settings())
    present_only = traits_of(name, data.shape, chosen).cost == "tasks_present"
    members = [Member(each, 1) for each in range(3)]
    build = builder(name, data.shape, chosen)
    pack = trained(data, build, members, epochs=EPOCHS, present_only=present_only).pack
    return Networks(pack.select(torch.tensor([number])), data.encoders[number], data.problem)


def as_never_seen(rows: Dataset) -> Dataset:
    """The same rows, said to be of tasks that are new, each with the metadata of the one that it is of."""
    count = len(rows.tasks)
    twins = replace(rows.tasks, names=tuple(f"new {name}" for name in rows.tasks.names))
    return replace(rows, task=rows.task + count, tasks=rows.tasks.joined(twins))


def assert_equal(found: FloatArray, expected: FloatArray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@every_model
def test_a_task_held_out_is_predicted_as_one_never_seen(name: str) -> None:
    """By all folds of a pack, and the same after it has been stored."""
    dataset = zoo.planted()
    for number in (0, 2):
        model = fitted(name, dataset, number)
        held_out = dataset.take(np.flatnonzero(folds_of(dataset) == number))
        expected = model.predict(as_never_seen(held_out))
        assert np.isfinite(expected).all()
        assert_equal(model.predict(held_out), expected)
        settings = vars(class_of(name).Settings())
        again = restored_models(class_of(name), settings, [model_state(model)], dataset.schema, len(dataset.tasks))
        assert_equal(again[0].predict(dataset), model.predict(dataset))


@every_model
def test_tasks_held_out_without_metadata_or_of_classes_are_predicted_too(name: str) -> None:
    for animal in (zoo.no_metadata, zoo.multiclass, zoo.several_targets):
        dataset = animal()
        if not catalogue.read(name).unsuited(dataset.schema.problem):
            found = fitted(name, dataset, 1).predict(dataset)
            assert np.isfinite(found).all()
