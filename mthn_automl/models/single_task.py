"""An independent network a task: what every sharing of information between tasks must beat."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.layers import apply_mlp, initial_bias, layer_widths, mlp_parameters, per_task_weight
from mthn_automl.models.parts.problem_shape import ProblemShape


@dataclass(frozen=True)
class SingleTaskSettings:
    """What is chosen, of each task's network.

    Attributes:
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    width: int = 32
    depth: int = 3
    dropout: float = 0.0


class SingleTask(Architecture):
    """T separate MLPs; nothing is shared but the start and the settings.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = SingleTask(ProblemShape(features=3, outputs=1, tasks=5), SingleTaskSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = SingleTaskSettings

    def __init__(self, shape: ProblemShape, settings: SingleTaskSettings) -> None:
        super().__init__(shape)
        self.dropout = Dropout(settings.dropout)
        self.layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        for level, (inputs, outputs) in enumerate(self.layers):
            weight = per_task_weight(shape, inputs, outputs)
            bias = torch.zeros(outputs) if level == settings.depth else initial_bias(inputs, outputs)
            biases = nn.Parameter(bias.repeat(shape.tasks, 1))
            self.add_task_tables(**{f"weight_{level}": weight, f"bias_{level}": biases})

    @classmethod
    def traits(cls, shape: ProblemShape, settings: SingleTaskSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False, mlp_a_task=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        return apply_mlp(features, self.task_networks(task), self.dropout)

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        layers = (self.rows(task, f"weight_{level}", f"bias_{level}") for level in range(len(self.layers)))
        return [(weight, bias) for weight, bias in layers]

    def task_network_parameters(self) -> int:
        return mlp_parameters(self.layers)
