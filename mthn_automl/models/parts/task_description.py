"""What generators, gates and prompts are told of a task: a learnt embedding, its metadata, or both."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from mthn_automl.models.base import ProblemShape, Traits

TaskInput = Literal["both", "embedding", "metadata"]
EmbeddingStart = Literal["zero", "common", "distinct"]


def traits_of(shape: ProblemShape, task_input: TaskInput) -> Traits:
    """Without metadata, the embedding alone is left of any `task_input`."""
    uses_metadata = shape.metadata > 0 and task_input != "embedding"
    return Traits(uses_task=task_input != "metadata" or not uses_metadata, uses_metadata=uses_metadata)


class TaskDescription(nn.Module):
    """z_t = [e_t; m_t]: (blocks,) task numbers -> (blocks, width).

    An architecture that holds it as `description` names `description.embedding` in `task_indexed`, see `own`.

    Attributes:
        width: d_z, numbers in a description.
        own: names of task-indexed parameters, relative to this module.
    """

    def __init__(
        self,
        shape: ProblemShape,
        task_input: TaskInput,
        size: int,
        start: EmbeddingStart = "distinct",
        rate: float = 1.0,
    ) -> None:
        """size: d_e. rate: learning rate of the embeddings, in units of that of all other parameters.

        The embeddings are stored divided by `rate`: a step of AdamW is as long whatever the scale of a gradient, so
        that of the embeddings is `rate` times as long.
        """
        super().__init__()
        traits = traits_of(shape, task_input)
        self.uses_metadata, self.rate = traits.uses_metadata, rate
        self.own: frozenset[str] = frozenset()
        if traits.uses_task:
            self.embedding = nn.Parameter(_start(shape.tasks, size, start) / rate)
            self.own = frozenset({"embedding"})
        self.width = size * traits.uses_task + shape.metadata * traits.uses_metadata

    def forward(self, task: Tensor, metadata: Tensor) -> Tensor:
        """task (blocks,), metadata (tasks, d_m) -> (blocks, width)."""
        parts = [self.rate * self.embedding.index_select(0, task)] if self.own else []
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
