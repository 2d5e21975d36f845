"""A network a task, whose activations are mixed across tasks after every hidden layer.

Source: Misra, Shrivastava, Gupta, Hebert: Cross-stitch Networks for Multi-task Learning, CVPR 2016.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Size, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.layers import apply_layer, layer_widths, mlp_parameters, per_task_head
from mthn_automl.models.parts.mixing import ColumnLayer, mix, mix_of_blocks, start_of_mixing
from mthn_automl.models.parts.problem_shape import ProblemShape


@dataclass(frozen=True)
class CrossStitchSettings:
    """What is chosen, of each task's network.

    Attributes:
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class CrossStitch(Architecture):
    """Column t: a_l,t = relu(h_l-1,t W_l,t + b_l,t), h_l,t = sum over s of alpha_l[t, s] a_l,s (equation 1).

    Only the last mixing and the output layer belong to a task: a task never seen reads the mean of what the known
    ones read of the columns, and has no column of its own.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

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
        self.add_task_tables(last_mixing=nn.Parameter(start_of_mixing(shape.tasks)))
        self.add_task_tables(**per_task_head(shape, settings.width))
        self.hidden_parameters, self.head_parameters = mlp_parameters(hidden), mlp_parameters([last])

    @classmethod
    def traits(cls, shape: ProblemShape, settings: CrossStitchSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False, cost="all_tasks")

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        first, *others = self.layers
        columns = self.dropout(torch.relu(first(features.flatten(0, 1).unsqueeze(0))), stacked=1)
        for site, (mixing, layer) in enumerate(zip(self.mixing, others, strict=True), start=1):
            columns = self.dropout(torch.relu(layer(mix(mixing, columns))), site, stacked=1)
        mixing, weight, bias = self.rows(task, "last_mixing", "head_weight", "head_bias")
        return apply_layer(mix_of_blocks(mixing.unsqueeze(1), columns).squeeze(1), weight, bias)

    def task_network_parameters(self) -> int:
        """All columns and what mixes them, of the last mixing one row, and one output layer."""
        inner = self.tasks * self.hidden_parameters + len(self.mixing) * self.tasks**2
        return inner + self.tasks + self.head_parameters

    def size(self) -> Size:
        """One more task: its column and output layer, and a row and a column of every mixing."""
        mixing = len(self.layers) * (2 * self.tasks + 1)
        marginal = self.hidden_parameters + self.head_parameters + mixing
        return Size(super().size().total, self.task_network_parameters(), marginal)
