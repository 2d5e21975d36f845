"""A trunk shared by all tasks and a linear head a task. Source: Caruana, Multitask Learning, 1997."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, ProblemShape, Traits
from mthn_automl.models.parts.blocks import Dense, Trunk, apply_layer, layer_widths, network_numbers, per_task_weight


@dataclass(frozen=True)
class HardSharingSettings:
    """What is chosen. width, depth, dropout: of the hidden layers."""

    width: int = 32
    depth: int = 3
    dropout: float = 0.0


class HardSharing(Architecture):
    """y = trunk(x) W_t + b_t."""

    Settings: ClassVar[type] = HardSharingSettings

    def __init__(self, shape: ProblemShape, settings: HardSharingSettings) -> None:
        super().__init__(shape)
        self.layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.trunk = Trunk(shape.features, settings.width, settings.depth, dropout=settings.dropout)
        self.head_weight = per_task_weight(shape, settings.width, shape.outputs)
        self.head_bias = nn.Parameter(torch.zeros(shape.tasks, shape.outputs))
        self.task_indexed = frozenset({"head_weight", "head_bias"})

    @classmethod
    def traits(cls, shape: ProblemShape, settings: HardSharingSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        weight = self.head_weight.index_select(0, task)
        return apply_layer(self.trunk(features), weight, self.head_bias.index_select(0, task))

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        head = self.head_weight.index_select(0, task), self.head_bias.index_select(0, task)
        return [*map(_shared, self.trunk.layers), head]  # type: ignore[arg-type]

    def task_network_parameters(self) -> int:
        return network_numbers(self.layers)


def _shared(layer: Dense) -> tuple[Tensor, Tensor]:
    return layer.weight.unsqueeze(0), layer.bias.unsqueeze(0)
