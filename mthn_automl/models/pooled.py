"""One network for the rows of all tasks, told of the task by a one-hot column, its metadata, both or neither."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.layers import Dense, Trunk, layer_widths, mlp_parameters
from mthn_automl.models.parts.problem_shape import ProblemShape


@dataclass(frozen=True)
class PooledSettings:
    """What is chosen.

    Attributes:
        use_task: whether the task is told by a one-hot column.
        use_metadata: whether it is told by its metadata.
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    use_task: bool = True
    use_metadata: bool = True
    width: int = 32
    depth: int = 3
    dropout: float = 0.0


class Pooled(Architecture):
    """MLP([x; one-hot t; m_t]).

    The one-hot columns of the first layer are looked up instead of multiplied: `task_offset` holds their rows, which
    start at zero, so that tasks part only as far as their rows demand.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = Pooled(ProblemShape(features=3, outputs=1, tasks=5), PooledSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = PooledSettings

    def __init__(self, shape: ProblemShape, settings: PooledSettings) -> None:
        super().__init__(shape)
        self._traits = self.traits(shape, settings)
        inputs = shape.features + shape.metadata * self._traits.uses_metadata
        self.layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.first = Dense(inputs, settings.width)
        self.trunk = Trunk(settings.width, settings.width, settings.depth - 1, dropout=settings.dropout)
        self.dropout = Dropout(settings.dropout)
        self.last = Dense(settings.width, shape.outputs, last=True)
        if self._traits.uses_task:
            self.add_task_tables(task_offset=nn.Parameter(torch.zeros(shape.tasks, settings.width)))

    @classmethod
    def traits(cls, shape: ProblemShape, settings: PooledSettings) -> Traits:
        return Traits(settings.use_task, settings.use_metadata and shape.metadata > 0, mlp_a_task=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        if self._traits.uses_metadata:
            rows = features.shape[1]
            described = self.metadata.index_select(0, task).unsqueeze(1).expand(-1, rows, -1)
            features = torch.cat([features, described], dim=2)
        hidden = self.first(features)
        if self._traits.uses_task:
            hidden = hidden + self.rows(task, "task_offset")[0].unsqueeze(1)
        return self.last(self.trunk(self.dropout(torch.relu(hidden))))  # type: ignore[no-any-return]

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The task's one-hot and metadata columns fold into the first bias."""
        of_features = self.layers[0][0]
        first_bias = self.first.bias.unsqueeze(0)
        if self._traits.uses_metadata:
            first_bias = first_bias + self.metadata.index_select(0, task) @ self.first.weight[of_features:]
        if self._traits.uses_task:
            first_bias = first_bias + self.rows(task, "task_offset")[0]
        first = self.first.weight[:of_features].unsqueeze(0), first_bias
        return [first, *self.trunk.of_all_tasks(), self.last.of_all_tasks()]

    def task_network_parameters(self) -> int:
        """With the task fixed, its one-hot and metadata columns fold into the first bias."""
        return mlp_parameters(self.layers)
