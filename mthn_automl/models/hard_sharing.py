"""A trunk shared by all tasks and a linear head a task. Source: Caruana, Multitask Learning, 1997."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.layers import Trunk, apply_layer, layer_widths, mlp_parameters, per_task_head
from mthn_automl.models.parts.problem_shape import ProblemShape


@dataclass(frozen=True)
class HardSharingSettings:
    """What is chosen, of the shared trunk.

    Attributes:
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    width: int = 32
    depth: int = 3
    dropout: float = 0.0


class HardSharing(Architecture):
    """y = trunk(x) W_t + b_t.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> import torch
        >>> network = HardSharing(ProblemShape(features=3, outputs=1, tasks=5), HardSharingSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = HardSharingSettings

    def __init__(self, shape: ProblemShape, settings: HardSharingSettings) -> None:
        super().__init__(shape)
        self.layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.trunk = Trunk(shape.features, settings.width, settings.depth, dropout=settings.dropout)
        self.add_task_tables(**per_task_head(shape, settings.width))

    @classmethod
    def traits(cls, shape: ProblemShape, settings: HardSharingSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False, mlp_a_task=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        return apply_layer(self.trunk(features), *self.rows(task, "head_weight", "head_bias"))

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        weight, bias = self.rows(task, "head_weight", "head_bias")
        return [*self.trunk.of_all_tasks(), (weight, bias)]

    def task_network_parameters(self) -> int:
        return mlp_parameters(self.layers)
