"""Learned context: one residual network for all tasks, told at every layer which task a row is of.

Source: Sandnes, Grimstad, Kolbjornsen: Multi-task neural networks by learned contextual inputs, 2023, whose context
enters the first layer; here it enters every layer, and it is the whole description of the task.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.hidden import Hidden
from mthn_automl.models.parts.layers import initial_bias, initial_weight, layer_widths, mlp_parameters
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, TaskDescription, traits_of


@dataclass(frozen=True)
class LearnedContextSettings(DescriptionSettings):
    """What is chosen.

    Attributes:
        residual: whether hidden layers but the first add to what comes in.
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    embedding_size: int = 4
    residual: bool = True
    width: int = 32
    depth: int = 3
    dropout: float = 0.0


class LearnedContext(Architecture):
    """h_1 = relu(x W_1 + c_1), h_l = h_(l-1) + relu(h_(l-1) W_l + c_l), y = h W + c, where c_l = z_t V_l + b_l.

    [h; z_t] times one matrix is h W_l + z_t V_l, of which the second term is the same for all rows of a block.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = LearnedContext(ProblemShape(features=3, outputs=1, tasks=5), LearnedContextSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = LearnedContextSettings

    def __init__(self, shape: ProblemShape, settings: LearnedContextSettings) -> None:
        super().__init__(shape)
        self.hidden = Hidden(residual=settings.residual)
        self.description = TaskDescription(shape, settings)
        self.layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        starts = [_split_start(*pair, self.description.width) for pair in self.layers]
        self.weights = nn.ParameterList(weight for weight, _ in starts)
        self.context_weight = nn.Parameter(torch.cat([weight for _, weight in starts], dim=1))
        self.context_bias = nn.Parameter(
            torch.cat([_bias_start(*pair, pair is self.layers[-1]) for pair in self.layers])
        )
        self.dropout = Dropout(settings.dropout)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: LearnedContextSettings) -> Traits:
        return replace(traits_of(shape, settings), mlp_a_task=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        *contexts, last = self._contexts(task)
        hidden = features
        for level, context in enumerate(contexts):
            new = self.hidden.units(hidden @ self.weights[level] + context.unsqueeze(1))
            new = self.dropout(new, level)
            hidden = hidden + new if self.hidden.residual and level else new
        return hidden @ self.weights[-1] + last.unsqueeze(1)  # type: ignore[no-any-return]

    def _contexts(self, task: Tensor) -> tuple[Tensor, ...]:
        """c_l of every layer, all from one product: (blocks, d_l) each."""
        described = self.description(task, self.metadata)
        contexts = torch.addmm(self.context_bias, described, self.context_weight)
        return torch.split(contexts, [outputs for _, outputs in self.layers], dim=1)

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        """The context of the task is the bias."""
        return [
            (weight.unsqueeze(0), context) for weight, context in zip(self.weights, self._contexts(task), strict=True)
        ]

    def task_network_parameters(self) -> int:
        """With the task fixed, its context folds into the biases."""
        return mlp_parameters(self.layers)


def _split_start(inputs: int, outputs: int, context: int) -> tuple[Tensor, Tensor]:
    """(inputs, outputs) and (context, outputs): parts of the weight of one layer that reads both."""
    weight = initial_weight(inputs + context, outputs)
    return weight[:inputs].clone(), weight[inputs:].clone()


def _bias_start(inputs: int, outputs: int, last: bool) -> Tensor:
    return torch.zeros(outputs) if last else initial_bias(inputs, outputs)
