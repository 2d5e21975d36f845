"""What mixtures of experts are built from: experts side by side, gates that a task's description writes, heads."""

from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Traits
from mthn_automl.models.parts.generators import FullGenerator
from mthn_automl.models.parts.layers import Dense, apply_layer, initial_bias, initial_weight, per_task_weight
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, traits_of
from mthn_automl.models.parts.task_tables import WithTaskTables

Head = Literal["generated", "per_task"]


class ExpertLayer(nn.Module):
    """A layer of every expert, followed by ReLU: (experts or 1, blocks, rows, d_in) -> (experts, ..., d_out)."""

    def __init__(self, experts: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.stack([initial_weight(inputs, outputs) for _ in range(experts)]))
        self.bias = nn.Parameter(torch.stack([initial_bias(inputs, outputs) for _ in range(experts)]).unsqueeze(1))

    def forward(self, features: Tensor) -> Tensor:
        rows = features.flatten(1, 2).expand(len(self.weight), -1, -1)
        hidden = torch.relu(torch.baddbmm(self.bias, rows, self.weight))
        return hidden.reshape(len(hidden), *features.shape[1:3], hidden.shape[2])


class Gate(nn.Module):
    """Shares of the experts, softmax(x W_t + b_t), with W_t and b_t linear in the description z_t of the task.

    In place of a matrix W_t of each task's own (Ma et al. 2018), so that many tasks cost little.

    Shape:
        described (blocks, d_z), features (blocks, rows, d_in) -> (blocks, rows, experts); where the features are not
        read, (blocks, 1, experts).

    Example:
        >>> shares = Gate(description=8, inputs=3, experts=4)(torch.zeros(2, 8), torch.zeros(2, 5, 3))
        >>> shares.shape, assemble(shares, ExpertLayer(4, inputs=3, outputs=16)(torch.zeros(1, 2, 5, 3))).shape
        (torch.Size([2, 5, 4]), torch.Size([2, 5, 16]))
    """

    def __init__(self, description: int, inputs: int, experts: int, *, reads_features: bool = True) -> None:
        super().__init__()
        self.reads_features = reads_features and inputs > 0
        self.task_parameters = (inputs * self.reads_features + 1) * experts
        self.logits = (
            FullGenerator(description, inputs, experts, last=True)
            if self.reads_features
            else Dense(description, experts, last=True)
        )

    def forward(self, described: Tensor, features: Tensor) -> Tensor:
        logits = self.logits(described)
        return torch.softmax(logits.apply(features) if self.reads_features else logits.unsqueeze(1), dim=-1)


def assemble(shares: Tensor, experts: Tensor) -> Tensor:
    """shares (blocks, rows or 1, experts), experts (experts, blocks, rows, width) -> (blocks, rows, width).

    A sum of products, since one small matrix product a row takes 1.5 to 3 times as long (measured).
    """
    return (shares.movedim(-1, 0).unsqueeze(-1) * experts).sum(dim=0)


def assemble_with(shares: Tensor, experts: Tensor, another: Tensor) -> Tensor:
    """As `assemble`, the last of the shares being that of `another` (blocks, rows or 1, width)."""
    return torch.addcmul(assemble(shares[..., :-1], experts), shares[..., -1:], another)


class TaskHead(WithTaskTables):
    """The linear layer from a task's features to its outputs: generated from its description, or the task's own.

    Shape:
        features (blocks, rows, d_in), described (blocks, d_z), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> head = TaskHead(ProblemShape(features=3, outputs=2, tasks=5), "per_task", description=8, inputs=16)
        >>> head(torch.zeros(1, 4, 16), torch.zeros(1, 8), torch.tensor([3])).shape
        torch.Size([1, 4, 2])
    """

    def __init__(self, shape: ProblemShape, head: Head, description: int, inputs: int) -> None:
        super().__init__()
        self.task_parameters = (inputs + 1) * shape.outputs
        if head == "generated":
            self.generator = FullGenerator(description, inputs, shape.outputs, last=True)
        else:
            weight = per_task_weight(shape, inputs, shape.outputs)
            self.add_task_tables(weight=weight, bias=nn.Parameter(torch.zeros(shape.tasks, shape.outputs)))

    def forward(self, features: Tensor, described: Tensor, task: Tensor) -> Tensor:
        if self.task_tables:
            return apply_layer(features, *self.rows(task, "weight", "bias"))
        return self.generator(described).apply(features)  # type: ignore[no-any-return]


def traits_with_head(shape: ProblemShape, settings: DescriptionSettings, head: Head) -> Traits:
    """A head of the task's own looks at the task, whatever its description does."""
    described = traits_of(shape, settings)
    return replace(described, uses_task=described.uses_task or head == "per_task")
