"""What the contract tests of networks share: the settings that are tried, and networks that are fitted once."""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import torch
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import FixedTrial

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset, IntArray
from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import Architecture, ProblemShape, Traits
from mthn_automl.training.batches import lay_out, whole
from mthn_automl.training.encode import TrainingData, encode
from mthn_automl.training.fit import FitResult, Schedule
from mthn_automl.training.members import Member
from mthn_automl.training.networks import Networks
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.trainer import Rows
from mthn_automl.tuning.space import Distribution, SearchSpace, build_space, make_settings
from tests.contracts import zoo
from tests.training.trained import fit

NAMES = catalogue.names("neural")
SHAPE = ProblemShape(features=3, outputs=2, tasks=6, metadata=4)
Animal = Callable[[], Dataset]
Settings = Mapping[str, Any]
WORDS = {"lowest": 0, "highest": -1}


@cache
def space_of(name: str, has_metadata: bool = True) -> SearchSpace:
    return build_space(catalogue.read(name), has_metadata)


@cache
def class_of(name: str) -> Any:
    return catalogue.read(name).load_class()


def defaults(name: str) -> dict[str, Any]:
    return {**vars(class_of(name).Settings()), **vars(TrainingSettings())}


def asked(name: str, values: Settings, has_metadata: bool = True) -> dict[str, Any]:
    """What a trial would be given: without those that conditions exclude. Values out of range are an error."""
    return space_of(name, has_metadata).suggest(FixedTrial(dict(values)))  # type: ignore[arg-type]


def ends(distribution: Distribution) -> Sequence[Any]:
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    return distribution.low, distribution.high


def is_number(distribution: Distribution) -> bool:
    """Or a choice among numbers, such as widths: not what says what a task is."""
    return all(type(value) in (int, float) for value in ends(distribution))


def drawn(distribution: Distribution, source: random.Random) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return source.choice(distribution.choices)
    low, high = distribution.low, distribution.high
    value = math.exp(source.uniform(math.log(low), math.log(high))) if distribution.log else source.uniform(low, high)
    return round(value) if isinstance(distribution, IntDistribution) else min(max(value, low), high)


@cache
def choices(name: str) -> dict[str, dict[str, Any]]:
    """The default settings, and as few others as together make every choice that is no number of an architecture's."""
    usual, space = defaults(name), space_of(name)
    left = {
        each.name: [choice for choice in ends(each.distribution) if choice != usual[each.name]]
        for each in space.parameters
        if each.name not in space.training_names and not is_number(each.distribution)
    }
    points = {"default": asked(name, usual)}
    while any(left.values()):
        change = {key: values[0] for key, values in left.items() if values}
        point = asked(name, {**usual, **change})
        made = {key: value for key, value in change.items() if key in point}
        assert made, f"no settings of {name} have {left}"
        left = {key: [value for value in values if made.get(key) != value] for key, values in left.items()}
        points[" ".join(f"{key}={value}" for key, value in made.items())] = point
    return points


@cache
def points(name: str) -> dict[str, dict[str, Any]]:
    """`choices`, and all numbers of the architecture's at their lowest and at their highest."""
    usual, space = defaults(name), space_of(name)
    numbers = {
        each.name: ends(each.distribution)
        for each in space.parameters
        if each.name not in space.training_names and is_number(each.distribution)
    }
    sizes = {f"{word} numbers": {key: both[end] for key, both in numbers.items()} for word, end in WORDS.items()}
    return {**choices(name), **{case: asked(name, {**usual, **size}) for case, size in sizes.items()}}


@cache
def corners(name: str) -> dict[str, dict[str, Any]]:
    """All parameters, those of training too, at their first, at their last, and drawn at random."""
    parameters = space_of(name).parameters
    return {
        "lowest": {each.name: ends(each.distribution)[0] for each in parameters},
        "highest": {each.name: ends(each.distribution)[-1] for each in parameters},
        "drawn": random_point(name, 0),
    }


def random_point(name: str, seed: int) -> dict[str, Any]:
    source = random.Random(seed)
    return {each.name: drawn(each.distribution, source) for each in space_of(name).parameters}


def points_of_animals(name: str) -> Iterator[tuple[str, Animal, dict[str, Any]]]:
    """A random point of the space for every data set, and both corners for three of them."""
    for number, animal in enumerate(zoo.ZOO):
        yield f"{animal.__name__}, drawn", animal, random_point(name, number)
    for corner in WORDS:
        for animal in (zoo.missing_values, zoo.multiclass, zoo.no_columns):
            yield f"{animal.__name__}, {corner}", animal, corners(name)[corner]


def builder(name: str, shape: ProblemShape, chosen: Settings) -> Callable[[], Architecture]:
    own, _ = space_of(name).split(chosen)
    settings = make_settings(class_of(name).Settings, own)
    return lambda: class_of(name)(shape, settings)  # type: ignore[no-any-return]


def built(name: str, shape: ProblemShape, chosen: Settings) -> Architecture:
    return builder(name, shape, chosen)()


def traits_of(name: str, shape: ProblemShape, chosen: Settings) -> Traits:
    own, _ = space_of(name).split(chosen)
    return class_of(name).traits(shape, make_settings(class_of(name).Settings, own))  # type: ignore[no-any-return]


def encoded(dataset: Dataset, fold: IntArray | None = None) -> TrainingData:
    """For training on all rows, or on the folds given."""
    if fold is None:
        return encode(dataset, np.full(len(dataset), -1), Flags.of(dataset)).whole
    return encode(dataset, fold, Flags.of(dataset)).folds


def whole_batch(data: TrainingData) -> Rows:
    """All training rows of the first fold, for one member, in blocks of up to 14 rows of a task."""
    batch = whole([lay_out(data.training[0], data.task, 14)], data.shape.tasks)
    placed, fold = DeviceData.of(data, torch.device("cpu")), torch.zeros(1, dtype=torch.int64)
    rows, mask = torch.from_numpy(batch.rows), torch.from_numpy(batch.mask).float()
    task = torch.from_numpy(batch.present[:, batch.place[0]])
    return Rows(placed.features.take(rows, fold), placed.target.take(rows, fold), mask, mask, task)


def trained(
    data: TrainingData,
    build: Callable[[], Architecture],
    members: Sequence[Member],
    settings: TrainingSettings | None = None,
    *,
    batch: int = 64,
    epochs: int = 2,
    check_every: int = 1,
    present_only: bool = True,
) -> FitResult:
    """Trained for so many epochs."""
    schedule = Schedule(batch, epochs, patience=max(epochs, 100), check_every=check_every)
    chosen = settings or TrainingSettings()
    return fit(data, build, members, chosen, schedule, present_only=present_only)


def fit_networks(
    name: str, dataset: Dataset, chosen: Settings | None = None, *, seed: int = 0, epochs: int = 3, batch: int = 64
) -> Networks:
    """As a refit does."""
    _, training = space_of(name).split(chosen or {})
    data, settings = encoded(dataset), TrainingSettings(**training)
    times = Schedule(batch, epochs, 1).times(settings.batch_factor, 1.0).batch
    result = trained(
        data,
        builder(name, data.shape, chosen or {}),
        [Member(0, seed)],
        settings,
        batch=times,
        epochs=epochs,
        check_every=max(epochs, 1),
        present_only=traits_of(name, data.shape, chosen or {}).cost == "tasks_present",
    )
    return Networks(result.pack, data.encoders[0], data.problem)


def fitted(name: str, animal: Animal, chosen: Settings | None = None, *, epochs: int = 3) -> Networks:
    """As `fit_networks`, trained once for all tests that ask; networks of tasks that it has kept are not handed on."""
    return replace(_fitted(name, animal, tuple((chosen or {}).items()), epochs))


@cache
def _fitted(name: str, animal: Animal, chosen: tuple[tuple[str, Any], ...], epochs: int) -> Networks:
    return fit_networks(name, animal(), dict(chosen), epochs=epochs)


HALVES = np.arange(len(zoo.planted())) % 2
"""Two folds of equal numbers of rows of each task, so that a pack cuts the same batches as one member alone."""


def fit_members(
    name: str, members: Sequence[Member], chosen: Settings, *, epochs: int = 2, present_only: bool | None = None
) -> FitResult:
    data = encoded(zoo.planted(), HALVES)
    if present_only is None:
        present_only = traits_of(name, data.shape, chosen).cost == "tasks_present"
    return trained(data, builder(name, data.shape, chosen), members, epochs=epochs, present_only=present_only)
