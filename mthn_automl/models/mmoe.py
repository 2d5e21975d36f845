"""Multi-gate mixture of experts: shared networks, mixed for each task by a gate of its own.

Source: Ma, Zhao, Yi, Chen, Hong, Chi: Modeling Task Relationships in Multi-task Learning with Multi-gate
Mixture-of-Experts, KDD 2018. There every task has a gate and a tower of its own; here the gate, and where
wanted the tower, are written by the description of the task.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.experts import (
    ExpertLayer,
    Gate,
    Head,
    TaskHead,
    assemble,
    traits_with_head,
)
from mthn_automl.models.parts.layers import parameters_of
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, TaskDescription


@dataclass(frozen=True)
class MmoeSettings(DescriptionSettings):
    """What is chosen.

    Attributes:
        experts: how many there are.
        gate_input: what the gate reads.
        head: what the output layer is made from.
        width: units of a layer of an expert.
        depth: layers of an expert.
        dropout: share of hidden units that a training step leaves out.
    """

    experts: int = 4
    gate_input: Literal["task_and_features", "task"] = "task_and_features"
    head: Head = "generated"
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class Mmoe(Architecture):
    """f_t = sum over k of g_t(x)_k f_k(x), g_t(x) = softmax(x W_t + b_t), y = f_t V_t + c_t.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> import torch
        >>> network = Mmoe(ProblemShape(features=3, outputs=1, tasks=5), MmoeSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = MmoeSettings

    def __init__(self, shape: ProblemShape, settings: MmoeSettings) -> None:
        super().__init__(shape)
        self.description = TaskDescription(shape, settings)
        described = self.description.width
        widths = [shape.features, *[settings.width] * settings.depth]
        self.layers = nn.ModuleList(ExpertLayer(settings.experts, *pair) for pair in pairwise(widths))
        reads_features = settings.gate_input == "task_and_features"
        self.gate = Gate(described, shape.features, settings.experts, reads_features=reads_features)
        self.head = TaskHead(shape, settings.head, described, settings.width)
        self.dropout = Dropout(settings.dropout)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: MmoeSettings) -> Traits:
        return traits_with_head(shape, settings, settings.head)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        described = self.description(task, self.metadata)
        experts = features.unsqueeze(0)
        for site, layer in enumerate(self.layers):
            experts = self.dropout(layer(experts), site, stacked=1)
        mixed = assemble(self.gate(described, features), experts)
        return self.head(mixed, described, task)  # type: ignore[no-any-return]

    def task_network_parameters(self) -> int:
        """All experts, the task's gate and its head."""
        return parameters_of(self.layers) + self.gate.task_parameters + self.head.task_parameters
