"""A network a task, whose activations are mixed across tasks after every hidden layer.

Source: Misra, Shrivastava, Gupta, Hebert: Cross-stitch Networks for Multi-task Learning, CVPR 2016.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, ProblemShape, Size, Traits
from mthn_automl.models.parts.blocks import apply_layer, layer_widths, network_numbers, per_task_weight
from mthn_automl.models.parts.columns import ColumnLayer, mix, mix_of_blocks, start_of_mixing
from mthn_automl.models.parts.dropout import Dropout


@dataclass(frozen=True)
class CrossStitchSettings:
    """What is chosen. width, depth, dropout: of the hidden layers of each task's network."""

    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class CrossStitch(Architecture):
    """Column t: a_l,t = relu(h_l-1,t W_l,t + b_l,t), h_l,t = sum over s of alpha_l[t, s] a_l,s (equation 1).

    Only the last mixing and the output layer belong to a task: a task never seen reads the mean of what the known
    ones read of the columns, and has no column of its own.

    Example:
        >>> network = CrossStitch(ProblemShape(features=3, outputs=1, tasks=5), CrossStitchSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = CrossStitchSettings

    def __init__(self, shape: ProblemShape, settings: CrossStitchSettings) -> None:
        super().__init__(shape)
        self.tasks = shape.tasks
        self.dropout = Dropout(settings.dropout)
        *hidden, last = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.layers = nn.ModuleList(ColumnLayer(shape.tasks, *pair) for pair in hidden)
        self.mixing = nn.ParameterList(start_of_mixing(shape.tasks) for _ in hidden[1:])
        self.last_mixing = nn.Parameter(start_of_mixing(shape.tasks))
        self.head_weight = per_task_weight(shape, *last)
        self.head_bias = nn.Parameter(torch.zeros(shape.tasks, shape.outputs))
        self.task_indexed = frozenset({"last_mixing", "head_weight", "head_bias"})
        self.hidden_numbers, self.head_numbers = network_numbers(hidden), network_numbers([last])

    @classmethod
    def traits(cls, shape: ProblemShape, settings: CrossStitchSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False, cost="all_tasks")

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        first, *others = self.layers
        columns = self.dropout(torch.relu(first(features.flatten(0, 1).unsqueeze(0))), stacked=1)
        for site, (mixing, layer) in enumerate(zip(self.mixing, others, strict=True), start=1):
            columns = self.dropout(torch.relu(layer(mix(mixing, columns))), site, stacked=1)
        read = mix_of_blocks(self.last_mixing.index_select(0, task).unsqueeze(1), columns).squeeze(1)
        return apply_layer(read, self.head_weight.index_select(0, task), self.head_bias.index_select(0, task))

    def task_network_parameters(self) -> int:
        """All columns and what mixes them, of the last mixing one row, and one output layer."""
        inner = self.tasks * self.hidden_numbers + len(self.mixing) * self.tasks**2
        return inner + self.tasks + self.head_numbers

    def size(self) -> Size:
        """One more task: its column and output layer, and a row and a column of every mixing."""
        mixing = len(self.layers) * (2 * self.tasks + 1)
        return Size(
            super().size().total, self.task_network_parameters(), self.hidden_numbers + self.head_numbers + mixing
        )
