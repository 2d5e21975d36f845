"""Networks that are too large to be trained are not begun: what a configuration takes is counted beforehand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from mthn_automl.catalogue import SpaceFile
from mthn_automl.errors import TooLargeError
from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.outline import outline
from mthn_automl.tuning.criteria import NO_LIMITS, Limits
from mthn_automl.tuning.space import SearchSpace, make_settings

MOST_OF_ALL_TASKS = 400_000
"""Of one network whose every row passes through all tasks: 150 to 600 tasks of the usual width."""

MOST_OF_A_PACK = 100_000_000
"""Of all networks of a trial together: with gradients and moments, 1.6 GB."""


def refuse_too_large(name: str, build: Callable[[], Architecture], traits: Traits, tasks: int, members: int) -> None:
    """Whether `members` networks of one configuration can be trained at once.

    Raises:
        TooLargeError: they cannot; the message has the numbers.
    """
    values = count(build)
    if traits.cost == "all_tasks" and values > MOST_OF_ALL_TASKS:
        raise TooLargeError(
            f"{name} must have at most {MOST_OF_ALL_TASKS:,} numbers, because every step uses all of them, however it "
            f"has {values:,} with {tasks:,} tasks."
        )
    if values * members > MOST_OF_A_PACK:
        raise TooLargeError(
            f"{name} must have at most {MOST_OF_A_PACK:,} numbers in all networks of a trial, however {members} of "
            f"{values:,} are wanted with {tasks:,} tasks."
        )


def count(build: Callable[[], Architecture]) -> int:
    """Parameters and buffers of a network, made with little memory; the metadata, which all share, are left out."""
    return _value_count(_made(build))


def _made(build: Callable[[], Architecture]) -> Architecture:
    try:
        return outline(build)
    except (NotImplementedError, RuntimeError):  # a large one that looks at numbers while it is made
        with torch.random.fork_rng(devices=[]):
            return build()


def _value_count(network: Architecture) -> int:
    tensors = [*network.named_parameters(), *network.named_buffers()]
    return sum(value.numel() for name, value in tensors if name != "metadata")


@dataclass(frozen=True)
class Refusal:
    """Why a configuration is not begun.

    Attributes:
        reason: in a sentence, or a clause of one.
        excess: by limit, how far above it, as samplers take constraints; empty where they are to learn nothing.
    """

    reason: str
    excess: Mapping[str, float]


@dataclass(frozen=True)
class Guard:
    """Tells which configurations are not to be begun. A classical model's size is known only once it is fitted.

    Attributes:
        shape: of the data.
        members: networks of a trial.
        seeds: networks of a fold, which are the smallest model that is saved.
        limits: that answers must keep.
    """

    shape: ProblemShape
    members: int
    seeds: int = 1
    limits: Limits = NO_LIMITS

    def refusal(self, file: SpaceFile, chosen: Mapping[str, Any]) -> Refusal | None:
        """chosen: settings of the architecture."""
        if file.family != "neural":
            return None
        architecture: Any = file.load_class()
        settings = make_settings(architecture.Settings, chosen)
        build, traits = partial(architecture, self.shape, settings), architecture.traits(self.shape, settings)
        try:
            refuse_too_large(file.name, build, traits, self.shape.tasks, self.members)
        except TooLargeError as error:
            return Refusal(str(error), {"too_large": 1.0})
        if not self.limits:
            return None
        size = _made(build).size().times(self.seeds)
        broken = self.limits.broken(size)
        return Refusal(broken, self.limits.excess(size)) if broken else None

    def too_large(self, files: Mapping[str, SpaceFile], spaces: Mapping[str, SearchSpace]) -> dict[str, str]:
        """Why architectures cannot be trained at all, by name: each of their first trials is too large."""
        unlimited = replace(self, limits=NO_LIMITS)
        found = {
            name: [unlimited.refusal(file, spaces[name].split(start)[0]) for start in spaces[name].starts]
            for name, file in files.items()
        }
        reasons = {name: [each.reason for each in refusals if each is not None] for name, refusals in found.items()}
        return {name: each[-1] for name, each in reasons.items() if each and len(each) == len(found[name])}
