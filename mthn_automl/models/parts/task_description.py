"""What generators, gates and prompts are told of a task: a learnt embedding, its metadata, or both."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Traits
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_tables import WithTaskTables

TaskInput = Literal["both", "embedding", "metadata"]
EmbeddingStart = Literal["zero", "common", "distinct"]


@dataclass(frozen=True)
class DescriptionSettings:
    """What is chosen of a task's description; the first settings of every architecture that has one.

    Attributes:
        task_input: what is told of a task; without metadata, its embedding alone.
        embedding_size: d_e, values of an embedding.
        embedding_start: whether embeddings are zero, alike or all different before training.
    """

    task_input: TaskInput = "both"
    embedding_size: int = 8
    embedding_start: EmbeddingStart = "distinct"


def traits_of(shape: ProblemShape, settings: DescriptionSettings) -> Traits:
    """Without metadata, the embedding alone is left of any `task_input`."""
    uses_metadata = shape.metadata > 0 and settings.task_input != "embedding"
    return Traits(uses_task=settings.task_input != "metadata" or not uses_metadata, uses_metadata=uses_metadata)


class TaskDescription(WithTaskTables):
    """z_t = [e_t; m_t].

    Shape:
        task (blocks,), metadata (tasks, d_m) -> (blocks, d_z).

    Example:
        >>> description = TaskDescription(ProblemShape(3, 1, tasks=5, metadata=2), DescriptionSettings())
        >>> description(torch.tensor([0, 3, 3]), torch.zeros(5, 2)).shape
        torch.Size([3, 10])

    Attributes:
        width: d_z, values in a description.
    """

    def __init__(self, shape: ProblemShape, settings: DescriptionSettings, rate: float = 1.0) -> None:
        """rate: learning rate of the embeddings, in units of that of all other parameters.

        The embeddings are stored divided by `rate`: a step of AdamW is as long whatever the scale of a gradient, so
        that of the embeddings is `rate` times as long.
        """
        super().__init__()
        traits, size = traits_of(shape, settings), settings.embedding_size
        self.uses_embedding, self.uses_metadata, self.rate = traits.uses_task, traits.uses_metadata, rate
        if self.uses_embedding:
            start = _start(shape.tasks, size, settings.embedding_start)
            self.add_task_tables(embedding=nn.Parameter(start / rate))
        self.width = size * self.uses_embedding + shape.metadata * self.uses_metadata

    def forward(self, task: Tensor, metadata: Tensor) -> Tensor:
        parts = [self.rate * rows for rows in self.rows(task, *self.task_tables)]
        parts += [metadata.index_select(0, task)] if self.uses_metadata else []
        return torch.cat(parts, dim=1)


def _start(tasks: int, size: int, start: EmbeddingStart) -> Tensor:
    """Embeddings before training: (tasks, d_e); the draws have variance 1, as in the paper."""
    bound = math.sqrt(3.0)
    if start == "zero":
        return torch.zeros(tasks, size)
    if start == "common":
        return torch.empty(1, size).uniform_(-bound, bound).repeat(tasks, 1)
    return torch.empty(tasks, size).uniform_(-bound, bound)
