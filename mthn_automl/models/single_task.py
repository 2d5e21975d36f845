"""An independent network a task: what every sharing of information between tasks must beat."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, ProblemShape, Traits
from mthn_automl.models.parts.blocks import apply_mlp, initial_bias, layer_widths, network_numbers, per_task_weight
from mthn_automl.models.parts.dropout import Dropout


@dataclass(frozen=True)
class SingleTaskSettings:
    """What is chosen. width, depth, dropout: of the hidden layers."""

    width: int = 32
    depth: int = 3
    dropout: float = 0.0


class SingleTask(Architecture):
    """T separate MLPs; nothing is shared but the start and the settings."""

    Settings: ClassVar[type] = SingleTaskSettings

    def __init__(self, shape: ProblemShape, settings: SingleTaskSettings) -> None:
        super().__init__(shape)
        self.dropout = Dropout(settings.dropout)
        self.layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        for level, (inputs, outputs) in enumerate(self.layers):
            weight = per_task_weight(shape, inputs, outputs)
            self.register_parameter(f"weight_{level}", weight)
            bias = torch.zeros(outputs) if level == settings.depth else initial_bias(inputs, outputs)
            self.register_parameter(f"bias_{level}", nn.Parameter(bias.repeat(shape.tasks, 1)))
        self.task_indexed = frozenset(name for name, _ in self.named_parameters())

    @classmethod
    def traits(cls, shape: ProblemShape, settings: SingleTaskSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        return apply_mlp(features, self.task_networks(task), self.dropout)

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        return [
            (
                getattr(self, f"weight_{level}").index_select(0, task),
                getattr(self, f"bias_{level}").index_select(0, task),
            )
            for level in range(len(self.layers))
        ]

    def task_network_parameters(self) -> int:
        return network_numbers(self.layers)
