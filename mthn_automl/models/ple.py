"""Progressive layered extraction: at every level experts that all tasks share and an expert of the task's own.

Source: Tang, Liu, Zhao, Gong: Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for Personalized
Recommendations, RecSys 2020. Two things differ, so that many tasks cost little:

- There the gate of the shared path mixes the experts of all tasks; here, of those, the one of the row's own task, and
  so a row costs the experts of one task.
- There a task has several experts as large as the shared ones and a gate of its own numbers; here it has one expert of
  low rank, and its gate is written by its description.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, ProblemShape, Traits
from mthn_automl.models.parts.blocks import Dense, apply_layer, initial_bias, per_task_weight
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.experts import ExpertLayer, Gate, Head, TaskHead, assemble_with, numbers, task_indexed
from mthn_automl.models.parts.task_description import EmbeddingStart, TaskDescription, TaskInput, traits_of


@dataclass(frozen=True)
class PleSettings:
    """What is chosen. experts: shared ones a level. task_rank: of the task's own expert.

    width: of every expert. depth: levels of extraction.
    """

    task_input: TaskInput = "both"
    embedding_size: int = 8
    embedding_start: EmbeddingStart = "distinct"
    experts: int = 4
    task_rank: int = 2
    head: Head = "generated"
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class TaskExpert(nn.Module):
    """relu(h A_t B_t + c_t), of numbers that belong to the task: (blocks, rows, d_in) -> (blocks, rows, d_out).

    Attributes:
        own: names of task-indexed parameters, relative to this module.
    """

    own = frozenset({"left", "right", "bias"})

    def __init__(self, shape: ProblemShape, inputs: int, outputs: int, rank: int) -> None:
        super().__init__()
        rank = min(rank, inputs)
        self.task_numbers = (inputs + outputs) * rank + outputs
        self.left = per_task_weight(shape, inputs, rank)
        self.right = per_task_weight(shape, rank, outputs)
        self.bias = nn.Parameter(initial_bias(inputs, outputs).repeat(shape.tasks, 1))

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        left, right, bias = (each.index_select(0, task) for each in (self.left, self.right, self.bias))
        return torch.relu(apply_layer(features @ left, right, bias))


class Extraction(nn.Module):
    """One level: the task's path reads shared experts and its own, the shared path reads them too.

    Attributes:
        own: names of task-indexed parameters, relative to this module.
    """

    def __init__(self, shape: ProblemShape, settings: PleSettings, description: int, inputs: int, last: bool) -> None:
        """last: whether no level follows, so that the shared path ends before its gate."""
        super().__init__()
        self.experts = ExpertLayer(settings.experts, inputs, settings.width)
        self.task_expert = TaskExpert(shape, inputs, settings.width, settings.task_rank)
        self.gate = Gate(description, inputs, settings.experts + 1)
        self.shared_gate = None if last else Dense(inputs, settings.experts + 1, last=True)
        self.own = task_indexed(task_expert=self.task_expert)
        shared = [self.experts] if self.shared_gate is None else [self.experts, self.shared_gate]
        self.task_numbers = numbers(*shared) + self.task_expert.task_numbers + self.gate.task_numbers

    def forward(self, shared: Tensor, mine: Tensor, described: Tensor, task: Tensor) -> tuple[Tensor, Tensor]:
        """shared, mine (blocks, rows, d_in) -> the same two paths after this level, (blocks, rows, width) each."""
        experts, another = self.experts(shared.unsqueeze(0)), self.task_expert(mine, task)
        extracted = assemble_with(self.gate(described, mine), experts, another)
        if self.shared_gate is None:
            return shared, extracted
        return assemble_with(torch.softmax(self.shared_gate(shared), dim=-1), experts, another), extracted


class Ple(Architecture):
    """Levels of extraction, and a linear head in place of the task's tower."""

    Settings: ClassVar[type] = PleSettings

    def __init__(self, shape: ProblemShape, settings: PleSettings) -> None:
        super().__init__(shape)
        self.description = TaskDescription(
            shape, settings.task_input, settings.embedding_size, settings.embedding_start
        )
        described = self.description.width
        inputs = [shape.features, *[settings.width] * (settings.depth - 1)]
        self.levels = nn.ModuleList(
            Extraction(shape, settings, described, each, last=level == settings.depth)
            for level, each in enumerate(inputs, 1)
        )
        self.head = TaskHead(shape, settings.head, described, settings.width)
        self.dropout = Dropout(settings.dropout)
        levels = {f"levels.{number}": level for number, level in enumerate(self.levels)}
        self.task_indexed = task_indexed(description=self.description, head=self.head, **levels)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: PleSettings) -> Traits:
        return replace(traits_of(shape, settings.task_input), uses_task=True)

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
        return sum(level.task_numbers for level in self.levels) + self.head.task_numbers  # type: ignore[misc]
