"""Pieces that several neural architectures are built from."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from mthn_automl.models.base import ProblemShape
from mthn_automl.models.dropout import Dropout


def layer_widths(inputs: int, width: int, depth: int, outputs: int) -> list[tuple[int, int]]:
    """(d_in, d_out) of each layer of an MLP with `depth` hidden layers of `width` units."""
    widths = [inputs, *[width] * depth, outputs]
    return list(pairwise(widths))


def network_numbers(layers: Sequence[tuple[int, int]]) -> int:
    """Weights and biases of an MLP with these layers."""
    return sum(inputs * outputs + outputs for inputs, outputs in layers)


def initial_weight(inputs: int, outputs: int, *, last: bool = False) -> Tensor:
    """(inputs, outputs) for a layer followed by ReLU (He et al. 2015), or for the last, linear one."""
    gain = 1.0 if last else math.sqrt(2.0)
    return torch.randn(inputs, outputs) * gain / math.sqrt(max(inputs, 1))


class Dense(nn.Module):
    """A layer of one network: (..., d_in) -> (..., d_out)."""

    def __init__(self, inputs: int, outputs: int, *, last: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(initial_weight(inputs, outputs, last=last))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, features: Tensor) -> Tensor:
        return features @ self.weight + self.bias


class Trunk(nn.Module):
    """Hidden layers shared by all tasks, each followed by ReLU: (..., d_in) -> (..., width)."""

    def __init__(self, inputs: int, width: int, depth: int, *, biased: bool = False, dropout: float = 0.0) -> None:
        """biased: start with random biases, for inputs that may all be zero: without, no gradient would pass."""
        super().__init__()
        self.dropout = Dropout(dropout)
        widths = [inputs, *[width] * depth]
        self.layers = nn.ModuleList(Dense(*pair) for pair in pairwise(widths))
        if biased:
            for layer, (fan_in, _) in zip(self.layers, pairwise(widths), strict=True):
                nn.init.uniform_(layer.bias, -(fan_in**-0.5), fan_in**-0.5)  # type: ignore[arg-type]

    def forward(self, features: Tensor) -> Tensor:
        for site, layer in enumerate(self.layers):
            features = self.dropout(torch.relu(layer(features)), site)
        return features


def per_task_weight(shape: ProblemShape, inputs: int, outputs: int, *, last: bool = False) -> nn.Parameter:
    """(tasks, inputs, outputs), all tasks alike at first.

    One common start keeps the hidden units of different tasks aligned, so that the mean of their parameters,
    which a task never seen is given, is a sensible network.
    """
    return nn.Parameter(initial_weight(inputs, outputs, last=last).repeat(shape.tasks, 1, 1))


def apply_layer(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """features (blocks, rows, d_in), weight (blocks, d_in, d_out), bias (blocks, d_out) -> (blocks, rows, d_out)."""
    return torch.baddbmm(bias.unsqueeze(1), features, weight)


def of_all_tasks(trunk: Trunk) -> list[tuple[Tensor, Tensor]]:
    """Its layers as `Architecture.task_networks` gives them: weight (1, d_in, d_out) and bias (1, d_out)."""
    return [(layer.weight.unsqueeze(0), layer.bias.unsqueeze(0)) for layer in trunk.layers]  # type: ignore[operator]


def shared_product(features: Tensor, weight: Tensor) -> Tensor:
    """features (..., d_in) times a matrix (d_in, d_out) that all rows share -> (..., d_out).

    Under vmap, torch may copy the matrix for every row of more than three dimensions, unless these are flattened.
    """
    return (features.flatten(0, -2) @ weight).reshape(*features.shape[:-1], weight.shape[1])
