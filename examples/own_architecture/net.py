"""A network of its own for each task, y = w_t x + b_t: linear, so that all of it fits on a page."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.problem_shape import ProblemShape


@dataclass(frozen=True)
class MineSettings:
    """What is chosen: exactly the parameters of mine.toml. shared: add one more slope and offset for all tasks."""

    shared: bool = True


class Mine(Architecture):
    """The contract is in the docstrings of `Architecture`."""

    Settings: ClassVar[type] = MineSettings

    def __init__(self, shape: ProblemShape, settings: MineSettings) -> None:
        super().__init__(shape)
        # Tables have one row a task, so that the engine may hand over some rows only.
        slope = nn.Parameter(0.1 * torch.randn(shape.tasks, shape.features, shape.outputs))
        self.add_task_tables(slope=slope, offset=nn.Parameter(torch.zeros(shape.tasks, shape.outputs)))
        self.shared = nn.Linear(shape.features, shape.outputs) if settings.shared else None

    @classmethod
    def traits(cls, shape: ProblemShape, settings: MineSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        """features (tasks present, rows, d_x), task (tasks present,) -> (tasks present, rows, outputs)."""
        slope, offset = self.rows(task, "slope", "offset")
        mine = features @ slope + offset.unsqueeze(1)
        return mine if self.shared is None else mine + self.shared(features)

    def task_network_parameters(self) -> int:
        """With the task fixed, what is shared folds into its slope and offset."""
        return self.slope[0].numel() + self.offset[0].numel()
