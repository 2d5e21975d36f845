"""Networks that are too large to be trained are not begun: what a configuration takes is counted beforehand."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch

from mthn_automl.catalogue import SearchSpace
from mthn_automl.errors import TooLargeError
from mthn_automl.models.base import Architecture, ProblemShape, Traits
from mthn_automl.tuning.space import Space, make_settings

ALL_TASKS_NUMBERS = 400_000
"""Of one network whose every row passes through all tasks: 150 to 600 tasks of the usual width."""

PACK_NUMBERS = 100_000_000
"""Of all networks of a trial together: with gradients and moments, 1.6 GB."""


def refuse_too_large(name: str, build: Callable[[], Architecture], traits: Traits, tasks: int, members: int) -> None:
    """Whether `members` networks of one configuration can be trained at once.

    Raises:
        TooLargeError: they cannot; the message has the numbers.
    """
    numbers = count(build)
    if traits.cost == "all_tasks" and numbers > ALL_TASKS_NUMBERS:
        raise TooLargeError(
            f"{name} must have at most {ALL_TASKS_NUMBERS:,} numbers, because every step uses all of them, however it "
            f"has {numbers:,} with {tasks:,} tasks."
        )
    if numbers * members > PACK_NUMBERS:
        raise TooLargeError(
            f"{name} must have at most {PACK_NUMBERS:,} numbers in all networks of a trial, however {members} of "
            f"{numbers:,} are wanted with {tasks:,} tasks."
        )


def count(build: Callable[[], Architecture]) -> int:
    """Parameters and buffers of a network, made without memory; the metadata, which all share, are left out."""
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                network = build()
        except (NotImplementedError, RuntimeError):  # one that looks at numbers while it is made, which meta has not
            network = build()
    tensors = [*network.named_parameters(), *network.named_buffers()]
    return sum(value.numel() for name, value in tensors if name != "metadata")


def too_large(
    files: Mapping[str, SearchSpace], spaces: Mapping[str, Space], shape: ProblemShape, members: int
) -> dict[str, str]:
    """Why architectures cannot be trained on data of this shape, by name: each of their first trials is too large.

    members: networks of a trial.
    """
    found = {
        name: [_refusal(file, spaces[name].split(start)[0], shape, members) for start in spaces[name].starts]
        for name, file in files.items()
        if file.family == "neural"
    }
    return {name: reasons[-1] for name, reasons in found.items() if reasons and all(reasons)}


def _refusal(file: SearchSpace, chosen: Mapping[str, Any], shape: ProblemShape, members: int) -> str:
    """Empty where nothing stands against it."""
    architecture: Any = file.load_class()
    settings = make_settings(architecture.Settings, chosen)
    build, traits = partial(architecture, shape, settings), architecture.traits(shape, settings)
    try:
        refuse_too_large(file.name, build, traits, shape.tasks, members)
    except TooLargeError as error:
        return str(error)
    return ""
