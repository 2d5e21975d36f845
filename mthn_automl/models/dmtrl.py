"""A network a task, of weights that are factorised jointly over all tasks.

Source: Yang and Hospedales: Deep Multi-task Representation Learning: A Tensor Factorisation Approach, ICLR 2017.
"""

import math
from dataclasses import dataclass
from functools import reduce
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.blocks import of_blocks
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.layers import apply_mlp, initial_bias, initial_weight, layer_widths, mlp_parameters
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_tables import WithTaskTables

Factorisation = Literal["tucker", "tensor_train", "last_axis"]


@dataclass(frozen=True)
class DmtrlSettings:
    """What is chosen.

    Attributes:
        factorisation: of the tensor of a layer's weights.
        rank: of its factors, where they can have so high a one.
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    factorisation: Factorisation = "tucker"
    rank: int = 8
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class FactorisedLayer(WithTaskTables):
    """One layer of all tasks: W_t = sum over c of s_t[c] B_c, with as many base matrices B_c as the tensor's last rank.

    The factorisations of the tensor (d_in, d_out, T) differ in what the B_c are made of: tucker L S_c R, tensor_train
    L S_c, last_axis S_c. No rank exceeds what its factor can have, but for the tasks, of which
    there may be more one day. Biases are each task's own, as in single_task.

    Shape:
        task (blocks,) -> weight (blocks, d_in, d_out), bias (blocks, d_out).

    Attributes:
        task_factor: (tasks, rank), the s_t; all tasks start alike, so that their mean stands for an average task.
        task_bias: (tasks, d_out).
    """

    task_factor: Tensor
    task_bias: Tensor

    def __init__(self, tasks: int, inputs: int, outputs: int, settings: DmtrlSettings, *, last: bool) -> None:
        super().__init__()
        factors = _factors(inputs, outputs, settings, last=last)
        self.factors = nn.ParameterList(factors)
        rank = max(factors, key=torch.Tensor.dim).shape[0]
        task_factor = nn.Parameter(torch.full((tasks, rank), 1.0 / math.sqrt(rank)))
        bias = torch.zeros(outputs) if last else initial_bias(inputs, outputs)
        self.add_task_tables(task_factor=task_factor, task_bias=nn.Parameter(bias.repeat(tasks, 1)))

    def forward(self, task: Tensor) -> tuple[Tensor, Tensor]:
        weight = of_blocks(self.weights, task, len(self.task_factor))
        return weight, self.task_bias.index_select(0, task)

    def weights(self, task: Tensor) -> Tensor:
        base: Tensor = reduce(torch.matmul, self.factors)
        flat = self.task_factor.index_select(0, task) @ base.flatten(1)
        return flat.reshape(len(task), *base.shape[1:])


def _factors(inputs: int, outputs: int, settings: DmtrlSettings, *, last: bool) -> list[Tensor]:
    """So that W_t starts with the variance of `initial_weight` where the s_t have length 1."""
    limit = max(inputs, 1)
    if settings.factorisation == "last_axis":
        rank = min(settings.rank, limit * outputs)
        return [torch.stack([initial_weight(inputs, outputs) for _ in range(rank)])]
    left_rank = min(settings.rank, limit)
    left = initial_weight(inputs, left_rank)
    if settings.factorisation == "tensor_train":
        rank = min(settings.rank, left_rank * outputs)
        return [left, torch.randn(rank, left_rank, outputs) / math.sqrt(left_rank)]
    right_rank = min(settings.rank, outputs)
    rank = min(settings.rank, left_rank * right_rank)
    core = torch.randn(rank, left_rank, right_rank) / math.sqrt(left_rank * right_rank)
    return [left, core, torch.randn(right_rank, outputs)]


class Dmtrl(Architecture):
    """y = MLP_t(x), every layer of which is a slice of a factorised tensor.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = Dmtrl(ProblemShape(features=3, outputs=1, tasks=5), DmtrlSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = DmtrlSettings

    def __init__(self, shape: ProblemShape, settings: DmtrlSettings) -> None:
        super().__init__(shape)
        self.dropout = Dropout(settings.dropout)
        self.widths = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.layers = nn.ModuleList(
            FactorisedLayer(shape.tasks, *pair, settings, last=level == settings.depth)
            for level, pair in enumerate(self.widths)
        )

    @classmethod
    def traits(cls, shape: ProblemShape, settings: DmtrlSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False, mlp_a_task=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        return apply_mlp(features, self.task_networks(task), self.dropout)

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        return [layer(task) for layer in self.layers]

    def task_network_parameters(self) -> int:
        """The weights and biases of one task, made from the factors."""
        return mlp_parameters(self.widths)
