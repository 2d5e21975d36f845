"""Each task's own network, made from a pack once, and applied to rows that are grouped by task."""

from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.models.parts.hidden import Hidden
from mthn_automl.training.batches import narrow, rows_at_once
from mthn_automl.training.members import Pack, rows_of_new
from mthn_automl.training.tables import State

Layers = list[tuple[Tensor, Tensor]]
"""Of each layer: weight (tasks or 1, d_in, d_out) and bias (tasks or 1, d_out), where 1 stands for all tasks."""

OneNetwork = list[tuple[FloatArray, FloatArray]]
"""A task's network of each member: weight (members, d_in, d_out) and bias (members, 1, d_out) of each layer."""

ROWS_AT_ONCE = 8192
"""Rows and hidden units of a chunk stay in a core's cache."""

LONGEST_BLOCK = 256
MOST_LOOKED_AT = 100
"""Tasks that tell which units work."""

MOST_KEPT = 64_000_000
"""Parameters of the networks of all tasks and members, beyond which they are made anew for the tasks at hand."""


class TaskNetworks:
    """The networks of a pack's tasks, numbered from 0.

    They are kept once as many have been made as there are tasks, so that a few rows never wait for the networks of
    all tasks, and many rows make none twice.
    """

    def __init__(self, pack: Pack) -> None:
        """`pack`: of an architecture that has `task_networks`; `of` asks."""
        self._pack = pack
        self._kept: list[Layers] | None = None
        self._made = 0

    @classmethod
    def of(cls, pack: Pack) -> "TaskNetworks | None":
        """None where the architecture is no MLP once the task is fixed."""
        networks = cls(pack)
        return None if networks._make(np.zeros(0, dtype=np.int64))[0] is None else networks

    def __len__(self) -> int:
        return int(self._pack.buffers["metadata"].shape[1])

    @cached_property
    def outputs(self) -> int:
        """Columns of an output."""
        return self._make(np.zeros(0, dtype=np.int64))[0][-1][1].shape[1]

    def networks(self, task: IntArray) -> list[Layers]:
        """Layers of each member for the given tasks, in their order."""
        if self._kept is None and self._worth_keeping(len(task)):
            self._kept = self._make(np.arange(len(self)))
        if self._kept is None:
            return self._make(task)
        wanted = torch.from_numpy(task)
        return [[(_of_tasks(weight, wanted), _of_tasks(bias, wanted)) for weight, bias in each] for each in self._kept]

    def one(self, task: int) -> OneNetwork:
        """The network of one task, for `apply_one`."""
        members = self.networks(np.array([task]))
        return [
            (np.concatenate([weight.numpy() for weight, _ in layer]), np.stack([bias.numpy() for _, bias in layer]))
            for layer in zip(*members, strict=True)
        ]

    def working_parameters(self) -> int:
        """Weights and biases of one task's networks, of all members, but for those of units that lead nowhere.

        A unit works if its output counts in any task; all do where they pass on what they read, or are normalised.
        """
        hidden = self._pack.prototype.hidden
        if hidden.residual or hidden.normalisation != "none":
            return len(self._pack) * self._pack.prototype.task_network_parameters()
        return sum(_working(member) for member in self._make(np.arange(min(len(self), MOST_LOOKED_AT))))

    def _worth_keeping(self, more: int) -> bool:
        self._made += more
        parameters = len(self._pack) * len(self) * self._pack.prototype.task_network_parameters()
        return self._made >= len(self) and parameters <= MOST_KEPT

    def _make(self, task: IntArray) -> list[Layers]:
        """Layers of each member; None in their place where the architecture has none."""
        wanted = torch.from_numpy(task)
        with torch.no_grad():
            return [self._of_member(member, wanted) for member in range(len(self._pack))]

    def _of_member(self, member: int, task: Tensor) -> Layers:
        parameters, buffers = (
            {name: value.detach()[member] for name, value in state.items()}
            for state in (self._pack.parameters, self._pack.buffers)
        )
        with self._pack.outputs.given(parameters, buffers) as inner:
            return inner.task_networks(task)  # type: ignore[return-value]  # `of` asks whether there are any

    def of_unseen(self, metadata: Tensor, added: State | None = None) -> "TaskNetworks":
        """Networks of new tasks, each an average task with its own metadata, (members, new tasks, d_m).

        added: what the first of them have of their own, as `rows_of_new` takes it.
        """
        pack, means = self._pack, self._means
        parameters, buffers = (
            {
                name: rows_of_new(name, means[name], metadata.shape[1], added) if name in means else value
                for name, value in state.items()
            }
            for state in (pack.parameters, pack.buffers)
        )
        return TaskNetworks(
            Pack(pack.prototype, parameters, {**buffers, "metadata": metadata}, present_only=pack.present_only)
        )

    @cached_property
    def _means(self) -> dict[str, Tensor]:
        """(members, 1, ...) of each task-indexed tensor but the metadata."""
        state: State = {**self._pack.parameters, **self._pack.buffers}
        of_tasks = self._pack.prototype.task_indexed
        return {name: value.detach().mean(dim=1, keepdim=True) for name, value in state.items() if name in of_tasks}


def _working(layers: Layers) -> int:
    open_units = [layers[0][0].shape[1]]
    for weight, _ in layers[1:]:
        open_units.append(int((weight != 0.0).any(dim=2).any(dim=0).sum()))
    outputs = layers[-1][0].shape[2]
    return sum(inputs * units + units for inputs, units in pairwise([*open_units, outputs]))


def _of_tasks(value: Tensor, task: Tensor) -> Tensor:
    return value if len(value) == 1 else value.index_select(0, task)


def apply_network(features: Tensor, network: Layers, hidden: Hidden) -> Tensor:
    """An MLP a block: (blocks, rows, d_x) -> (blocks, rows, outputs); the network's tasks are the blocks'."""
    *inner, last = network
    for level, layer in enumerate(inner):
        units = hidden.units(_apply_layer(features, *layer))
        features = units.add_(features) if hidden.residual and level else units
    return _apply_layer(features, *last)


def _apply_layer(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    if len(weight) == 1:
        return (features @ weight[0]).add_(bias.unsqueeze(1))
    return torch.baddbmm(bias.unsqueeze(1), features, weight)


def apply_one(features: FloatArray, network: OneNetwork, hidden: Hidden) -> FloatArray:
    """One row: (1, d_x) -> (members, 1, outputs). NumPy takes less time to call than torch."""
    *inner, last = network
    for level, (weight, bias) in enumerate(inner):
        units = hidden.units_of_array(features @ weight + bias)
        features = units + features if hidden.residual and level else units
    weight, bias = last
    return features @ weight + bias


def grouped(task: IntArray, rows: IntArray, width: int) -> Iterator[tuple[IntArray, IntArray]]:
    """The given rows in chunks of blocks, each block of one task.

    A task's rows are cut into equal blocks, where need be by letting the last two overlap. Blocks are dealt by their
    length, so that a chunk's are nearly alike; in the shorter ones the last row is repeated.

    Args:
        task: of every row there is.
        rows: those wanted.
        width: values of a row, which bound the rows of a chunk.

    Yields:
        task (blocks,) and rows (blocks, size) of a chunk; together each of `rows` at least once.
    """
    order = rows[np.argsort(narrow(task[rows]), kind="stable")]
    starts = np.flatnonzero(np.diff(task[order], prepend=-1))
    counts = np.diff(starts, append=len(order))
    blocks = -(-counts // LONGEST_BLOCK)
    length = np.repeat(-(-counts // blocks), blocks)
    of_task = np.arange(len(length)) - np.repeat(np.cumsum(blocks) - blocks, blocks)
    first = np.repeat(starts, blocks) + np.minimum(of_task * length, np.repeat(counts, blocks) - length)
    by_length = np.argsort(-length, kind="stable")
    for chosen in _cut(length[by_length], rows_at_once(ROWS_AT_ONCE, width)):
        chunk = by_length[chosen]
        within = np.minimum(np.arange(length[chunk[0]]), length[chunk, None] - 1)
        yield task[order[first[chunk]]], order[first[chunk, None] + within]


def _cut(length: IntArray, at_once: int) -> Iterator[slice]:
    """Chunks of blocks of falling length: at most so many rows, each more than half as long as the first."""
    start = 0
    while start < len(length):
        longest = int(length[start])
        alike = int(np.searchsorted(-length, -longest / 2, side="left"))
        stop = min(start + max(1, at_once // longest), alike)
        yield slice(start, stop)
        start = stop
