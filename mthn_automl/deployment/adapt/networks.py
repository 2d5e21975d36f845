"""New tasks of networks: rows of their task tables, under a normal prior."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.adapt.blocks import Block, Rows, blocks_of
from mthn_automl.deployment.adapt.descent import Outputs, fitted
from mthn_automl.deployment.adapt.prior import Prior, prior_of
from mthn_automl.deployment.adapt.spread import Spread, likelihood_of, target_of, weights_of
from mthn_automl.training.networks import Networks
from mthn_automl.training.tables import State

STEP = 1e-6
VALUES_AT_ONCE = 1 << 22
"""Of rows times derivatives, whose hidden units lie in memory together."""


def adapted_networks(model: Networks, rows: Dataset, first: int, spread: Spread) -> Networks | None:
    """The networks with tasks added: those of `rows`, which are numbered from `first` on.

    None where no number of the networks is a task's own.
    """
    given = rows_and_blocks(model, rows, first, spread.width)
    if not given:
        return None
    likelihood, count = likelihood_of(model, model.problem, spread), len(rows.tasks) - first
    found = [each.tables(fitted(each, blocks, likelihood, count), torch.arange(count)) for each, blocks in given]
    added = {name: torch.stack([each[name].float() for each in found]) for name in found[0]}
    if model.added:
        added = {name: torch.cat([model.added[name], each], dim=1) for name, each in added.items()}
    return replace(model, added=added)


def rows_and_blocks(
    model: Networks, rows: Dataset, first: int, width: float = 1.0
) -> "list[tuple[TaskRows, list[Block]]]":
    """Each member as a function of its rows for the tasks from `first` on, with the rows of these; of none where no
    number of the networks is a task's own.

    width: times the variance of the prior.
    """
    names = sorted(model.pack.prototype.task_indexed & model.pack.parameters.keys())
    if not names or len(rows) == 0:
        return []
    new = rows.tasks.take(np.arange(first, len(rows.tasks)))
    metadata = torch.from_numpy(model.encoder.encode_metadata(new)).double()
    features = model.encoder.encode_features(rows.features)
    blocks = list(blocks_of(Rows(rows.task - first, features, target_of(model, rows), weights_of(rows))))
    return [(TaskRows(model, member, names, metadata, width), blocks) for member in range(len(model.pack))]


def _prior(model: Networks, member: int, tables: State, metadata: Tensor) -> Prior:
    """Of all tables side by side, from the tasks that the networks were trained on."""
    trained = np.arange(model.known) if model.trained is None else model.trained
    numbers = torch.cat([each[trained].flatten(1) for each in tables.values()], dim=1).numpy()
    known = model.pack.buffers["metadata"][member][trained].double().numpy()
    return prior_of(numbers, known, metadata.numpy())


class TaskRows(Outputs):
    """One member, as a function of what its tables hold of new tasks."""

    def __init__(self, model: Networks, member: int, names: Sequence[str], metadata: Tensor, width: float) -> None:
        """names: of the task tables. metadata: (new tasks, d_m). width: times the variance of the prior."""
        tables = {name: model.pack.parameters[name].detach()[member].double() for name in names}
        prior = _prior(model, member, tables, metadata)
        self._shapes = {name: each.shape[1:] for name, each in tables.items()}
        self._mean, self._root = torch.from_numpy(prior.mean), torch.from_numpy(prior.root * np.sqrt(width))
        self._metadata, self._outputs = metadata, model.pack.outputs
        of_tasks = model.pack.prototype.task_indexed
        self._shared = {
            name: _double(each.detach()[member]) for name, each in model.pack.parameters.items() if name not in tables
        }
        self._buffers = {
            name: _double(each[member].mean(dim=0, keepdim=True) if name in of_tasks else each[member])
            for name, each in model.pack.buffers.items()
            if name != "metadata"
        }
        self._means = of_tasks & self._buffers.keys()
        model.pack.outputs.training_mode(False)

    @property
    def width(self) -> int:
        return int(self._root.shape[1])

    def tables(self, own: Tensor, tasks: Tensor) -> State:
        """Rows of each table for tasks (tasks,), from (tasks, width)."""
        numbers = self._mean[tasks] + own @ self._root.T
        parts = torch.split(numbers, [shape.numel() for shape in self._shapes.values()], dim=1)
        return {name: part.reshape(-1, *shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)}

    def of(self, block: Block, own: Tensor) -> Tensor:
        return self._written(block.tasks, block.features, own)

    def _written(self, tasks: Tensor, features: Tensor, own: Tensor) -> Tensor:
        buffers = {
            name: each.expand(len(tasks), *each.shape[1:]) if name in self._means else each
            for name, each in self._buffers.items()
        }
        buffers["metadata"] = self._metadata[tasks]
        with self._outputs.given({**self._shared, **self.tables(own, tasks)}, buffers) as inner:
            return inner(inner.embedded(features), torch.arange(len(tasks)))  # type: ignore[no-any-return]

    def slopes(self, block: Block, own: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """By differences, of all numbers in one pass: exact to six digits, and no operation is asked for its own."""
        tasks, count, _ = block.features.shape
        step = max(1, VALUES_AT_ONCE // (64 * tasks * self.width))
        moved = (own[:, None] + STEP * torch.eye(self.width, dtype=torch.float64)).flatten(0, 1)
        many = block.tasks.repeat_interleave(self.width)
        for start in range(0, count, step):
            rows = slice(start, min(start + step, count))
            features = block.features[:, rows]
            there = self._written(many, features.repeat_interleave(self.width, dim=0), moved)
            here = self._written(block.tasks, features, own)
            yield rows, ((there.reshape(tasks, -1, *there.shape[1:]) - here[:, None]) / STEP).permute(0, 2, 3, 1)


def _double(value: Tensor) -> Tensor:
    return value.double() if value.is_floating_point() else value
