"""A pack: the same architecture many times over, once a fold and seed, computed in lock-step.

An architecture stays a plain module for one model; `torch.func` stacks it (measured to be as fast as batching by
hand from about 15 members on).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from threading import RLock

import numpy as np
import torch
from torch import Tensor
from torch.func import stack_module_state, vmap

from mthn_automl.models.base import Architecture
from mthn_automl.models.parts.categories import embedded
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.tables import State

GIVEN = RLock()
"""Held while an architecture has tensors that are not its own. All packs share it: several may have one prototype."""


@dataclass(frozen=True)
class Member:
    """One network of a pack.

    Attributes:
        fold: number of the fold whose training rows it sees.
        seed: of its first weights, of the order of its rows, and of what it draws in a step.
    """

    fold: int
    seed: int


class Outputs:
    """Predictions and penalty of an architecture as a function of its tensors.

    As `torch.func.functional_call`, without its checks of each name: these take a tenth of a small step (measured).
    """

    def __init__(self, inner: Architecture) -> None:
        self.inner = inner
        self._owners = {
            f"{prefix}.{key}" if prefix else key: (module, key)
            for prefix, module in inner.named_modules()
            for key, _ in chain(module.named_parameters(recurse=False), module.named_buffers(recurse=False))
        }

    @contextmanager
    def given(self, parameters: State, buffers: State) -> Iterator[Architecture]:
        """The architecture with other tensors, by name; one thread at a time has it.

        An attribute of the object itself hides a parameter or buffer of the same name: a module is asked for those
        (`nn.Module.__getattr__`) only where Python finds no such attribute.
        """
        owners = [(vars(self._owners[name][0]), self._owners[name][1]) for name in chain(parameters, buffers)]
        with GIVEN:
            try:
                for (attributes, key), value in zip(owners, chain(parameters.values(), buffers.values()), strict=True):
                    attributes[key] = value
                yield self.inner
            finally:
                for attributes, key in owners:
                    attributes.pop(key, None)

    def __call__(self, parameters: State, buffers: State, features: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        """What a training step needs of one member, whose tensors are without the dimension of members.

        Shape:
            features (blocks, rows, encoded columns), task (blocks,) -> (blocks, rows, outputs), ().
        """
        with self.given(parameters, buffers) as inner:
            call = inner.training_outputs if inner.training else inner
            return call(inner.embedded(features), task), inner.penalty()

    def training_mode(self, wanted: bool) -> None:
        """Set as `nn.Module.train` does, which takes a tenth of a small step, when it is another than now."""
        if self.inner.training is not wanted:
            self.inner.train(wanted)


class Pack:
    """Stacked members.

    Attributes:
        prototype: gives the computation, never the values.
        parameters: by name, (members, ...).
        buffers: by name, (members, ...).
        present_only: whether a step is given the rows of the tasks at hand only.
    """

    def __init__(self, prototype: Architecture, parameters: State, buffers: State, *, present_only: bool) -> None:
        self.prototype = prototype
        self.outputs = Outputs(prototype)
        self.parameters = parameters
        self.buffers = buffers
        self.present_only = present_only

    @classmethod
    def build(
        cls, build: Callable[[], Architecture], seeds: Sequence[int], metadata: Tensor, *, present_only: bool
    ) -> "Pack":
        """One member a seed; metadata (members, tasks, d_m). The global random state is left as it was."""
        modules = []
        with torch.random.fork_rng(devices=[]):
            for seed in seeds:
                torch.manual_seed(seed)
                modules.append(build())
        parameters, buffers = stack_module_state(list(modules))
        buffers = {**buffers, "metadata": metadata}
        parameters = {name: value.detach().requires_grad_() for name, value in parameters.items()}
        return cls(modules[0].eval(), parameters, buffers, present_only=present_only)

    def __len__(self) -> int:
        return len(self.buffers["metadata"])

    @property
    def task_indexed(self) -> frozenset[str]:
        """Names of all parameters and buffers with a row a task."""
        return self.prototype.task_indexed | {"metadata"}

    def __call__(self, features: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs and penalties of all members, outside training: without dropout, whatever a training left on.

        Shape:
            features (members, blocks, rows, encoded columns), task (members, blocks)
            -> (members, blocks, rows, outputs), (members,).
        """
        self.outputs.training_mode(False)
        if not self.present_only:
            return compute(self.outputs, self.parameters, self.buffers, features, task)
        parameters, buffers = self._present(self.parameters, task), self._present(self.buffers, task)
        block = torch.arange(task.shape[1], device=task.device).expand(task.shape)
        return compute(self.outputs, parameters, buffers, features, block)

    def embedded(self, features: Tensor, member: int) -> Tensor:
        """Encoded rows as the task networks of a member read them."""
        columns = self.prototype.wide_columns
        return embedded(features, self.parameters["categories"][member].detach(), columns) if columns else features

    def _present(self, state: State, task: Tensor) -> State:
        """Rows of the task-indexed tensors for the tasks at hand: a step costs nothing for the others."""
        return {name: rows_of(value, task) if name in self.task_indexed else value for name, value in state.items()}

    def draw(self, random: Sequence[np.random.Generator]) -> None:
        """Renew what each member draws for a training step; random: each member's own stream."""
        drawn = [self.prototype.draw(each) for each in random]
        fresh = {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}
        if fresh:
            renewed = {name: torch.from_numpy(each).to(self.buffers[name].device) for name, each in fresh.items()}
            self.buffers = {**self.buffers, **renewed}

    @property
    def renews_buffers(self) -> bool:
        """Whether the architecture has buffers of its own to renew after each epoch."""
        return type(self.prototype).after_epoch is not Architecture.after_epoch

    def after_epoch(self) -> None:
        """Take over the buffers an architecture renews after each epoch."""
        if not self.renews_buffers:
            return

        def one(parameters: State, buffers: State) -> State:
            with self.outputs.given(parameters, buffers) as inner:
                return dict(inner.after_epoch())

        with torch.no_grad():
            self.buffers = {**self.buffers, **vmap(one)(self.parameters, self.buffers)}

    def to(self, device: torch.device) -> "Pack":
        """On another device; memory is shared with what is there already."""
        parameters = {
            name: each.detach().to(device).requires_grad_(each.requires_grad) for name, each in self.parameters.items()
        }
        buffers = {name: each.to(device) for name, each in self.buffers.items()}
        return Pack(self.prototype, parameters, buffers, present_only=self.present_only)

    def select(self, members: Tensor) -> "Pack":
        """A pack of the given members only; values are copied."""
        parameters = {name: value.detach()[members].requires_grad_() for name, value in self.parameters.items()}
        buffers = {name: value[members] for name, value in self.buffers.items()}
        return Pack(self.prototype, parameters, buffers, present_only=self.present_only)

    def with_tasks(self, metadata: Tensor, added: State | None = None) -> "Pack":
        """The same members for more tasks, numbered after the known ones, each an average task but for those added.

        metadata (members, all tasks, d_m) replaces the present one; added: as `rows_of_new`.
        """
        new = metadata.shape[1] - self.buffers["metadata"].shape[1]
        of_tasks = self.prototype.task_indexed
        parameters, buffers = (
            {
                name: torch.cat([each.detach(), rows_of_new(name, each, new, added)], 1)
                if name in of_tasks
                else each.detach()
                for name, each in state.items()
            }
            for state in (self.parameters, self.buffers)
        )
        return Pack(self.prototype, parameters, {**buffers, "metadata": metadata}, present_only=self.present_only)


def compute(
    outputs: Outputs, parameters: State, buffers: State, features: Tensor, task: Tensor
) -> tuple[Tensor, Tensor]:
    """Outputs and penalties of stacked members; a pure function of tensors. Shapes as in `Pack.__call__`."""
    if len(features) == 1:
        parameters, buffers = (
            {name: value.squeeze(0) for name, value in state.items()} for state in (parameters, buffers)
        )
        output, penalty = outputs(parameters, buffers, features.squeeze(0), task.squeeze(0))
        return output.unsqueeze(0), penalty.unsqueeze(0)
    return vmap(outputs)(parameters, buffers, features, task)


def prototype(build: Callable[[ProblemShape], Architecture], shape: ProblemShape) -> Architecture:
    """An instance whose values do not matter; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        return build(shape).eval()


def rows_of(value: Tensor, task: Tensor) -> Tensor:
    """(members, tasks, ...) and (members, blocks) -> (members, blocks, ...)."""
    if len(value) == 1:
        return value[0].index_select(0, task[0]).unsqueeze(0)
    return value[torch.arange(len(value), device=task.device).unsqueeze(1), task]


def rows_of_new(name: str, table: Tensor, new: int, added: State | None = None) -> Tensor:
    """(members, new, ...) rows of a task table for new tasks: those of `added` first, which has some of each parameter
    by its name, then the mean of the table.

    table: (members, tasks, ...).
    """
    mean = table.detach().mean(dim=1, keepdim=True)
    first = mean[:, :0] if added is None or name not in added else added[name][:, :new]
    return torch.cat([first, mean.expand(-1, new - first.shape[1], *table.shape[2:])], dim=1)
