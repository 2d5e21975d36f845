"""The settings of an architecture at which contracts are tested: few, and each for a reason."""

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import FixedTrial

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset
from mthn_automl.models.base import Traits
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.tuning.space import Distribution, SearchSpace, build_space, make_settings
from tests.contracts import zoo

Animal = Callable[[], Dataset]
Settings = Mapping[str, Any]
SHAPE = ProblemShape(features=3, outputs=2, tasks=6, metadata=4)
WORDS = {"lowest": 0, "highest": -1}


@cache
def space_of(name: str, has_metadata: bool = True) -> SearchSpace:
    return build_space(catalogue.read(name), has_metadata)


@cache
def class_of(name: str) -> Any:
    return catalogue.read(name).load_class()


def defaults(name: str) -> dict[str, Any]:
    """Of the architecture, and of the training of a network."""
    training = vars(TrainingSettings()) if catalogue.read(name).family == "neural" else {}
    of_target = catalogue.shared_target()  # searched where the metric asks for it
    of_networks = {name: value for name, value in training.items() if name not in of_target}
    return {**vars(class_of(name).Settings()), **of_networks}


def asked(name: str, values: Settings, has_metadata: bool = True) -> dict[str, Any]:
    """What a trial would be given: without those that conditions exclude. Values out of range are an error."""
    return space_of(name, has_metadata).suggest(FixedTrial(dict(values)))  # type: ignore[arg-type]


def traits_of(name: str, shape: ProblemShape, chosen: Settings) -> Traits:
    own, _ = space_of(name).split(chosen)
    return class_of(name).traits(shape, make_settings(class_of(name).Settings, own))  # type: ignore[no-any-return]


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
def telling(name: str) -> dict[str, dict[str, Any]]:
    """`choices`, and those that differ from the default in one setting and have other traits for it."""
    usual, space = defaults(name), space_of(name)
    traits = traits_of(name, SHAPE, usual)
    changes = [(each.name, value) for each in space.parameters for value in ends(each.distribution)]
    changed = {
        f"{key}={value}": asked(name, {**usual, key: value})
        for key, value in changes
        if key not in space.training_names
    }
    others = {case: chosen for case, chosen in changed.items() if traits_of(name, SHAPE, chosen) != traits}
    return {**choices(name), **others}


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


def suits(name: str, animal: Animal) -> bool:
    """Whether the architecture can be trained on such a problem."""
    return not catalogue.read(name).unsuited(animal().schema.problem)


def suited(name: str) -> list[Animal]:
    """Those of the zoo that it can be trained on."""
    return [animal for animal in zoo.ZOO if suits(name, animal)]


def points_of_animals(name: str) -> Iterator[tuple[str, Animal, dict[str, Any]]]:
    """A random point of the space for every data set, and both corners for three of them."""
    for number, animal in enumerate(suited(name)):
        yield f"{animal.__name__}, drawn", animal, random_point(name, number)
    for corner in WORDS:
        for animal in filter(partial(suits, name), (zoo.missing_values, zoo.multiclass, zoo.no_columns)):
            yield f"{animal.__name__}, {corner}", animal, corners(name)[corner]
