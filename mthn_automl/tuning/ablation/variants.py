"""What an ablation compares: kinds of task input, each by settings that look at it and by the metadata there are."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, combinations
from typing import Any

import numpy as np

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.metadata_columns import metadata_names, with_columns, with_noise
from mthn_automl.models.base import Traits
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.tuning.ablation.names import BOTH, EMBEDDING_ONLY, METADATA_ONLY, NOISE, ONLY, PERMUTED, WITHOUT
from mthn_automl.tuning.objective import Configuration
from mthn_automl.tuning.space import make_settings

START = "embedding_start"
"""The setting of how embeddings start."""


def dataset_of(dataset: Dataset, variant: str, seed: int) -> Dataset:
    """The rows with the metadata of a variant; the same dataset where it is as it was."""
    kind, _, column = variant.partition(":")
    if kind == WITHOUT:
        return with_columns(dataset, set(metadata_names(dataset.schema)) - {column})
    if kind == ONLY:
        return with_columns(dataset, {column})
    if kind == EMBEDDING_ONLY:
        return dataset.without_metadata()
    if kind == PERMUTED:
        return dataset.with_metadata_of(permutation(len(dataset.tasks), seed))
    return with_noise(dataset, seed) if kind == NOISE else dataset


def permutation(tasks: int, seed: int) -> list[int]:
    """A random order in which no task keeps its place, where there are at least two."""
    cycle = np.random.default_rng(seed).permutation(tasks)
    order = np.empty(tasks, dtype=np.int64)
    order[cycle] = np.roll(cycle, 1)
    return [int(each) for each in order]


def takes_metadata(configuration: Configuration, shape: ProblemShape) -> bool:
    """Whether an architecture can be ablated: some settings near these look at the metadata."""
    return shape.metadata > 0 and configured(configuration, BOTH, shape) is not None


def configured(configuration: Configuration, variant: str, shape: ProblemShape) -> Configuration | None:
    """The configuration with the fewest settings changed so that it looks at what the variant is about.

    With metadata alone no task has anything of its own, not even a bias. All other variants look at the task and at
    the metadata, as far as the architecture can: those of the variant, which may be none. Embeddings that no metadata
    tell apart start distinct: equal ones can stay on a plateau (measured), which would flatter the metadata.

    Args:
        shape: of the data, with all metadata.

    Returns:
        None: the architecture cannot look at that.
    """
    if variant == METADATA_ONLY:
        looks = [(False, True)] if _looking(configuration, shape, True, True) else []
    else:
        looks = [(True, True), (False, True)]
    found = next(filter(None, (_looking(configuration, shape, *each) for each in looks)), None)
    if found is not None and variant == EMBEDDING_ONLY and START in configuration.file.parameters:
        found = {**found, START: "distinct"}
    return None if found is None else replace(configuration, settings=found)


def _looking(
    configuration: Configuration, shape: ProblemShape, uses_task: bool, uses_metadata: bool
) -> dict[str, Any] | None:
    for changes in _changes(configuration):
        settings = {**configuration.settings, **changes}
        if looks_at(replace(configuration, settings=settings), shape) == (uses_task, uses_metadata):
            return settings
    return None


def looks_at(configuration: Configuration, shape: ProblemShape) -> tuple[bool, bool]:
    """Whether it looks at the task, and at the metadata."""
    architecture: Any = configuration.file.load_class()
    traits: Traits = architecture.traits(shape, make_settings(architecture.Settings, configuration.settings))
    return traits.uses_task, traits.uses_metadata


def _changes(configuration: Configuration) -> Iterator[Mapping[str, Any]]:
    """None, then one setting and then two, in the order of the search space file."""
    values = [(name, each) for name, table in configuration.file.parameters.items() for each in _values(table)]
    pairs = (each for each in combinations(values, 2) if each[0][0] != each[1][0])
    return map(dict, chain([()], ((each,) for each in values), pairs))


def _values(table: Mapping[str, Any]) -> list[Any]:
    """Choices; of numbers those that something may depend on: the middle, and both ends."""
    if "choices" in table:
        return list(table["choices"])
    low, high = table["low"], table["high"]
    return [(low + high) / 2, low, high] if table["type"] == "float" else [low, high]
