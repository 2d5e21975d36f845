"""Task experts: shared experts take a shared feature apart, and each task assembles its own from them, level by level.

Source: Ye and Xu: TaskExpert: Dynamically Assembling Multi-Task Representations with Memorial Mixture-of-Experts, ICCV
2023. The form for tables:

- In place of the layers of a vision transformer stands a trunk of dense layers, and experts read each of them.
- In place of a token that is learnt for each task stands its description z_t, which writes the gates of all levels and
  the memory at the start.
- The memory of a task holds one feature a row, not one a patch of an image. It is a further expert of each level, and
  what a level assembles is the memory of the next.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.experts import (
    ExpertLayer,
    Gate,
    Head,
    TaskHead,
    assemble_with,
    traits_with_head,
)
from mthn_automl.models.parts.layers import Dense, parameters_of
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, TaskDescription


@dataclass(frozen=True)
class TaskExpertsSettings(DescriptionSettings):
    """What is chosen.

    Attributes:
        experts: how many a level has.
        head: what the output layer is made from.
        width: units of the trunk and of every expert.
        depth: levels.
        dropout: share of hidden units that a training step leaves out.
    """

    experts: int = 4
    head: Head = "generated"
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class Level(nn.Module):
    """s = relu(s_before U + u), g = gate_t(s + m_before), m = sum_k g_k relu(s E_k + e_k) + g_(K+1) m_before."""

    def __init__(self, description: int, inputs: int, settings: TaskExpertsSettings) -> None:
        super().__init__()
        self.trunk = Dense(inputs, settings.width)
        self.experts = ExpertLayer(settings.experts, settings.width, settings.width)
        self.gate = Gate(description, settings.width, settings.experts + 1)
        self.task_parameters = parameters_of(self.trunk, self.experts) + self.gate.task_parameters

    def forward(self, shared: Tensor, memory: Tensor, described: Tensor) -> tuple[Tensor, Tensor]:
        """shared (blocks, rows, d_in), memory (blocks, rows or 1, width) -> both (blocks, rows, width)."""
        shared = torch.relu(self.trunk(shared))
        shares = self.gate(described, shared + memory)
        return shared, assemble_with(shares, self.experts(shared.unsqueeze(0)), memory)


class TaskExperts(Architecture):
    """Levels of experts along a trunk; a memory of the task's feature runs beside it and feeds the head.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = TaskExperts(ProblemShape(features=3, outputs=1, tasks=5), TaskExpertsSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = TaskExpertsSettings

    def __init__(self, shape: ProblemShape, settings: TaskExpertsSettings) -> None:
        super().__init__(shape)
        self.description = TaskDescription(shape, settings)
        described, self.width = self.description.width, settings.width
        self.first_memory = Dense(described, settings.width)
        inputs = [shape.features, *[settings.width] * (settings.depth - 1)]
        self.levels = nn.ModuleList(Level(described, width, settings) for width in inputs)
        self.head = TaskHead(shape, settings.head, described, settings.width)
        self.dropout = Dropout(settings.dropout)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: TaskExpertsSettings) -> Traits:
        return traits_with_head(shape, settings, settings.head)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        described = self.description(task, self.metadata)
        shared, memory = features, torch.relu(self.first_memory(described)).unsqueeze(1)
        for site, level in enumerate(self.levels):
            shared, memory = level(shared, memory, described)
            memory = self.dropout(memory, site)
        return self.head(memory, described, task)  # type: ignore[no-any-return]

    def task_network_parameters(self) -> int:
        """The trunk and all experts, the task's gates, the memory it starts with, and its head."""
        levels = sum(level.task_parameters for level in self.levels)  # type: ignore[misc]
        return levels + self.width + self.head.task_parameters
