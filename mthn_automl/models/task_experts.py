"""Task experts: shared experts take a shared feature apart, and each task assembles its own from them, level by level.

Source: Ye and Xu: TaskExpert: Dynamically Assembling Multi-Task Representations with Memorial Mixture-of-Experts, ICCV
2023. The form for tables:

- In place of the layers of a vision transformer stands a trunk of dense layers, and experts read each of them.
- In place of a token that is learnt for each task stands its description z_t, which writes the gates of all levels and
  the memory at the start.
- The memory of a task holds one feature a row, not one a place of an image. It is a further expert of each level, and
  what a level assembles is the memory of the next.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, ProblemShape, Traits
from mthn_automl.models.parts.blocks import Dense
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.experts import (
    ExpertLayer,
    Gate,
    Head,
    TaskHead,
    assemble_with,
    numbers,
    task_indexed,
    traits_with_head,
)
from mthn_automl.models.parts.task_description import EmbeddingStart, TaskDescription, TaskInput


@dataclass(frozen=True)
class TaskExpertsSettings:
    """What is chosen. experts: a level. width: of the trunk and of every expert. depth: levels."""

    task_input: TaskInput = "both"
    embedding_size: int = 8
    embedding_start: EmbeddingStart = "distinct"
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
        self.task_numbers = numbers(self.trunk, self.experts) + self.gate.task_numbers

    def forward(self, shared: Tensor, memory: Tensor, described: Tensor) -> tuple[Tensor, Tensor]:
        """shared (blocks, rows, d_in), memory (blocks, rows or 1, width) -> both (blocks, rows, width)."""
        shared = torch.relu(self.trunk(shared))
        shares = self.gate(described, shared + memory)
        return shared, assemble_with(shares, self.experts(shared.unsqueeze(0)), memory)


class TaskExperts(Architecture):
    """Levels of experts along a trunk; a memory of the task's feature runs beside it and feeds the head."""

    Settings: ClassVar[type] = TaskExpertsSettings

    def __init__(self, shape: ProblemShape, settings: TaskExpertsSettings) -> None:
        super().__init__(shape)
        self.description = TaskDescription(
            shape, settings.task_input, settings.embedding_size, settings.embedding_start
        )
        described, self.width = self.description.width, settings.width
        self.first_memory = Dense(described, settings.width)
        inputs = [shape.features, *[settings.width] * (settings.depth - 1)]
        self.levels = nn.ModuleList(Level(described, each, settings) for each in inputs)
        self.head = TaskHead(shape, settings.head, described, settings.width)
        self.dropout = Dropout(settings.dropout)
        self.task_indexed = task_indexed(description=self.description, head=self.head)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: TaskExpertsSettings) -> Traits:
        return traits_with_head(shape, settings.task_input, settings.head)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        described = self.description(task, self.metadata)
        shared, memory = features, torch.relu(self.first_memory(described)).unsqueeze(1)
        for site, level in enumerate(self.levels):
            shared, memory = level(shared, memory, described)
            memory = self.dropout(memory, site)
        return self.head(memory, described, task)  # type: ignore[no-any-return]

    def task_network_parameters(self) -> int:
        """The trunk and all experts, the task's gates, the memory it starts with, and its head."""
        levels = sum(level.task_numbers for level in self.levels)  # type: ignore[misc]
        return levels + self.width + self.head.task_numbers
