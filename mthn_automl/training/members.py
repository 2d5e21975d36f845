"""A pack: the same architecture many times over, once a fold and seed, computed in lock-step.

An architecture stays a plain module for one model; `torch.func` stacks it (measured to be as fast as batching by
hand from about 15 members on).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from mthn_automl.models.base import Architecture, ProblemShape
from mthn_automl.training.tables import State


@dataclass(frozen=True)
class Member:
    """One network of a pack: the fold whose rows it sees and the seed of its start and of its row order."""

    fold: int
    seed: int


class Outputs(nn.Module):
    """What one training step needs of an architecture, in one call: predictions and penalty."""

    def __init__(self, inner: Architecture) -> None:
        super().__init__()
        self.inner = inner
        self._places = _places(inner)

    @contextmanager
    def given(self, parameters: State, buffers: State) -> Iterator[None]:
        """The architecture's tensors replaced by those given.

        As `torch.func.functional_call`, which the compiler needs, without its checks of each name: these take a
        tenth of a small step (measured).
        """
        kept = [(*self._places[name], value) for state in (parameters, buffers) for name, value in state.items()]
        own = [(holder, key, holder[key]) for holder, key, _ in kept]
        try:
            for holder, key, value in kept:
                holder[key] = value
            yield
        finally:
            for holder, key, value in own:
                holder[key] = value

    def forward(self, features: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        call = self.inner.training_outputs if self.inner.training else self.inner
        return call(features, task), self.inner.penalty()

    def training_mode(self, wanted: bool) -> None:
        """Set as `nn.Module.train` does, which takes a tenth of a small step, when it is another than now."""
        if self.inner.training is not wanted:
            self.inner.train(wanted)


def _places(inner: nn.Module) -> dict[str, tuple[dict[str, Any], str]]:
    """Where a module keeps each of its tensors."""
    return {
        f"{prefix}.{key}" if prefix else key: (holder, key)
        for prefix, module in inner.named_modules()
        for holder in (module._parameters, module._buffers)
        for key in holder
    }


class _AfterEpoch(nn.Module):
    def __init__(self, inner: Architecture) -> None:
        super().__init__()
        self.inner = inner

    def forward(self) -> State:
        return dict(self.inner.after_epoch())


class Pack:
    """Stacked members.

    parameters, buffers: by name, (members, ...). `prototype` gives the computation, never the values.
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
            features (members, blocks, rows, d_x), task (members, blocks)
            -> (members, blocks, rows, outputs), (members,).
        """
        self.outputs.training_mode(False)
        if not self.present_only:
            return compute(self.outputs, self.parameters, self.buffers, features, task)
        parameters, buffers = self._present(self.parameters, task), self._present(self.buffers, task)
        place = torch.arange(task.shape[1], device=task.device).expand(task.shape)
        return compute(self.outputs, parameters, buffers, features, place)

    def _present(self, state: State, task: Tensor) -> State:
        """Rows of the task-indexed tensors for the tasks at hand: a step costs nothing for the others."""
        return {name: rows_of(value, task) if name in self.task_indexed else value for name, value in state.items()}

    def draw(self, random: Sequence[np.random.Generator]) -> None:
        """Renew what each member draws for a training step; random: each member's own stream."""
        drawn = [self.prototype.draw(each) for each in random]
        fresh = {name: np.stack([each[name] for each in drawn]) for name in drawn[0]}
        if fresh:
            there = {name: torch.from_numpy(each).to(self.buffers[name].device) for name, each in fresh.items()}
            self.buffers = {**self.buffers, **there}

    @property
    def renews_buffers(self) -> bool:
        """Whether the architecture has buffers of its own to renew after each epoch."""
        return type(self.prototype).after_epoch is not Architecture.after_epoch

    def after_epoch(self) -> None:
        """Take over the buffers an architecture renews after each epoch."""
        if not self.renews_buffers:
            return
        call = _AfterEpoch(self.prototype)

        def one(own: State, fixed: State) -> State:
            return functional_call(call, (_inner(own), _inner(fixed)), ())  # type: ignore[no-any-return]

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

    def with_tasks(self, metadata: Tensor) -> "Pack":
        """The same members for more tasks, numbered after the known ones, each an average task.

        metadata (members, all tasks, d_m) replaces the present one.
        """
        new = metadata.shape[1] - self.buffers["metadata"].shape[1]
        own = self.prototype.task_indexed
        parameters, buffers = (
            {
                name: _with_mean_rows(each.detach(), new) if name in own else each.detach()
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
        own, fixed = ({name: value.squeeze(0) for name, value in state.items()} for state in (parameters, buffers))
        output, penalty = compute_one(outputs, own, fixed, features.squeeze(0), task.squeeze(0))
        return output.unsqueeze(0), penalty.unsqueeze(0)
    return vmap(partial(compute_one, outputs))(parameters, buffers, features, task)


def compute_one(
    outputs: Outputs, parameters: State, buffers: State, features: Tensor, task: Tensor
) -> tuple[Tensor, Tensor]:
    """Output and penalty of one member alone: nothing has the dimension of members."""
    if torch.compiler.is_compiling():
        state = _inner(parameters), _inner(buffers)
        return functional_call(outputs, state, (features, task))  # type: ignore[no-any-return]
    with outputs.given(parameters, buffers):
        return outputs(features, task)  # type: ignore[no-any-return]


def prototype(build: Callable[[ProblemShape], Architecture], shape: ProblemShape) -> Architecture:
    """An instance whose values do not matter; the global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        return build(shape).eval()


def _inner(state: State) -> State:
    return {f"inner.{name}": value for name, value in state.items()}


def rows_of(value: Tensor, task: Tensor) -> Tensor:
    """(members, tasks, ...) and (members, blocks) -> (members, blocks, ...)."""
    if len(value) == 1:
        return value[0].index_select(0, task[0]).unsqueeze(0)
    return value[torch.arange(len(value), device=task.device).unsqueeze(1), task]


def _with_mean_rows(value: Tensor, new: int) -> Tensor:
    mean = value.mean(dim=1, keepdim=True)
    return torch.cat([value, mean.expand(-1, new, *value.shape[2:])], dim=1)
