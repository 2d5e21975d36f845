"""Progressive layered extraction: at every level experts that all tasks share and an expert of the task's own.

Source: Tang, Liu, Zhao, Gong: Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for Personalized
Recommendations, RecSys 2020. Two things differ, so that many tasks cost little:

- There the gate of the shared path mixes the experts of all tasks; here, of those, the one of the row's own task, and
  so a row costs the experts of one task.
- There a task has several experts as large as the shared ones and a gate of its own; here it has one expert of
  low rank, and its gate is written by its description.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.experts import ExpertLayer, Gate, Head, TaskHead, assemble_with
from mthn_automl.models.parts.layers import Dense, apply_layer, initial_bias, parameters_of, per_task_weight
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, TaskDescription, traits_of
from mthn_automl.models.parts.task_tables import WithTaskTables


@dataclass(frozen=True)
class PleSettings(DescriptionSettings):
    """What is chosen.

    Attributes:
        experts: shared ones a level.
        task_rank: of the task's own expert.
        head: what the output layer is made from.
        width: units of every expert.
        depth: levels of extraction.
        dropout: share of hidden units that a training step leaves out.
    """

    experts: int = 4
    task_rank: int = 2
    head: Head = "generated"
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class TaskExpert(WithTaskTables):
    """relu(h A_t B_t + c_t), of parameters that belong to the task: (blocks, rows, d_in) -> (blocks, rows, d_out)."""

    def __init__(self, shape: ProblemShape, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        rank = min(rank, inputs)
        self.task_parameters = (inputs + outputs) * rank + outputs
        self.add_task_tables(
            left=per_task_weight(shape, inputs, rank),
            right=per_task_weight(shape, rank, outputs),
            bias=nn.Parameter(initial_bias(inputs, outputs).repeat(shape.tasks, 1)),
        )

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        left, right, bias = self.rows(task, "left", "right", "bias")
        return torch.relu(apply_layer(features @ left, right, bias))


class Extraction(nn.Module):
    """One level: the task's path reads shared experts and its own, the shared path reads them too."""

    def __init__(self, shape: ProblemShape, settings: PleSettings, description: int, inputs: int, last: bool) -> None:
        """last: whether no level follows, so that the shared path ends before its gate."""
        super().__init__()
        self.experts = ExpertLayer(settings.experts, inputs, settings.width)
        self.task_expert = TaskExpert(shape, inputs, settings.width, settings.task_rank)
        self.gate = Gate(description, inputs, settings.experts + 1)
        self.shared_gate = None if last else Dense(inputs, settings.experts + 1, last=True)
        shared = [self.experts] if self.shared_gate is None else [self.experts, self.shared_gate]
        self.task_parameters = parameters_of(*shared) + self.task_expert.task_parameters + self.gate.task_parameters

    def forward(self, shared: Tensor, mine: Tensor, described: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        """shared, mine (blocks, rows, d_in) -> the same two paths after this level, (blocks, rows, width) each."""
        experts, another = self.experts(shared.unsqueeze(0)), self.task_expert(mine, task)
        extracted = assemble_with(self.gate(described, mine), experts, another)
        if self.shared_gate is None:
            return shared, extracted
        return assemble_with(torch.softmax(self.shared_gate(shared), dim=-1), experts, another), extracted


class Ple(Architecture):
    """Levels of extraction, and a linear head in place of the task's tower.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = Ple(ProblemShape(features=3, outputs=1, tasks=5), PleSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = PleSettings

    def __init__(self, shape: ProblemShape, settings: PleSettings) -> None:
        super().__init__(shape)
        self.description = TaskDescription(shape, settings)
        described = self.description.width
        inputs = [shape.features, *[settings.width] * (settings.depth - 1)]
        self.levels = nn.ModuleList(
            Extraction(shape, settings, described, width, last=level == settings.depth)
            for level, width in enumerate(inputs, 1)
        )
        self.head = TaskHead(shape, settings.head, described, settings.width)
        self.dropout = Dropout(settings.dropout)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: PleSettings) -> Traits:
        return replace(traits_of(shape, settings), uses_task=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        described = self.description(task, self.metadata)
        shared = mine = features
        for level, extraction in enumerate(self.levels):
            shared, mine = extraction(shared, mine, described, task)
            mine = self.dropout(mine, 2 * level)
            shared = self.dropout(shared, 2 * level + 1) if level + 1 < len(self.levels) else shared
        return self.head(mine, described, task)  # type: ignore[no-any-return]

    def task_network_parameters(self) -> int:
        """Shared experts and gates, the task's own experts and gates, and its head."""
        return sum(level.task_parameters for level in self.levels) + self.head.task_parameters  # type: ignore[misc]
