"""Layers, how they start, and the MLPs that neural architectures are built from."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.problem_shape import ProblemShape


def layer_widths(inputs: int, width: int, depth: int, outputs: int) -> list[tuple[int, int]]:
    """(d_in, d_out) of each layer of an MLP with `depth` hidden layers of `width` units.

    Example:
        >>> layer_widths(3, width=8, depth=2, outputs=1)
        [(3, 8), (8, 8), (8, 1)]
    """
    widths = [inputs, *[width] * depth, outputs]
    return list(pairwise(widths))


def mlp_parameters(layers: Sequence[tuple[int, int]]) -> int:
    """How many weights and biases an MLP with these layers has.

    Example:
        >>> mlp_parameters([(3, 8), (8, 1)])
        41
    """
    return sum(inputs * outputs + outputs for inputs, outputs in layers)


def parameters_of(*modules: nn.Module) -> int:
    """How many parameters these modules have."""
    return sum(parameter.numel() for module in modules for parameter in module.parameters())


def initial_spread(inputs: int) -> float:
    """Standard deviation of the weights of a layer that reads `inputs` values, as PyTorch's own layers have it.

    It is below that of He et al. (2015) by a factor of 2.4: activations shrink through the few hidden layers there are,
    and networks start smooth. On small tasks that generalises better by far (benchmarks/README.md).
    """
    return float((3.0 * max(inputs, 1)) ** -0.5)


def initial_weight(inputs: int, outputs: int) -> Tensor:
    """(inputs, outputs)"""
    return torch.randn(inputs, outputs) * initial_spread(inputs)


def initial_bias(inputs: int, outputs: int) -> Tensor:
    """(outputs,) for a layer followed by ReLU: at random, so that units bend at different points.

    Without, every unit of the first layer bends at the features' mean, which suits narrow data badly: with one feature
    all bend at one point. Embeddings that start at zero would let no gradient pass.
    """
    bound = max(inputs, 1) ** -0.5
    return torch.empty(outputs).uniform_(-bound, bound)


class Dense(nn.Module):
    """A layer of one network.

    Shape:
        (..., d_in) -> (..., d_out).

    Example:
        >>> Dense(3, 2)(torch.zeros(4, 5, 3)).shape
        torch.Size([4, 5, 2])
    """

    def __init__(self, inputs: int, outputs: int, *, last: bool = False) -> None:
        super().__init__()
        self.weight = nn.Parameter(initial_weight(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs) if last else initial_bias(inputs, outputs))

    def forward(self, features: Tensor) -> Tensor:
        return features @ self.weight + self.bias

    def of_all_tasks(self) -> tuple[Tensor, Tensor]:
        """As `Architecture.task_networks` gives a layer: weight (1, d_in, d_out) and bias (1, d_out)."""
        return self.weight.unsqueeze(0), self.bias.unsqueeze(0)


class Trunk(nn.Module):
    """Hidden layers shared by all tasks, each followed by ReLU: (..., d_in) -> (..., width)."""

    def __init__(self, inputs: int, width: int, depth: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        widths = [inputs, *[width] * depth]
        self.layers = nn.ModuleList(Dense(*pair) for pair in pairwise(widths))

    def forward(self, features: Tensor) -> Tensor:
        for site, layer in enumerate(self.layers):
            features = self.dropout(torch.relu(layer(features)), site)
        return features

    def of_all_tasks(self) -> list[tuple[Tensor, Tensor]]:
        """Its layers as `Architecture.task_networks` gives them."""
        return [layer.of_all_tasks() for layer in self.layers]  # type: ignore[operator]


def per_task_weight(shape: ProblemShape, inputs: int, outputs: int) -> nn.Parameter:
    """(tasks, inputs, outputs), all tasks alike at first.

    One common start keeps the hidden units of different tasks aligned, so that the mean of their parameters,
    which a task never seen is given, is a sensible network.
    """
    return nn.Parameter(initial_weight(inputs, outputs).repeat(shape.tasks, 1, 1))


def per_task_head(shape: ProblemShape, inputs: int) -> dict[str, nn.Parameter]:
    """The tables of a linear output layer a task: `head_weight` (tasks, inputs, d_y), and `head_bias` of zeros."""
    weight = per_task_weight(shape, inputs, shape.outputs)
    return {"head_weight": weight, "head_bias": nn.Parameter(torch.zeros(shape.tasks, shape.outputs))}


def apply_layer(features: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """features (blocks, rows, d_in), weight (blocks, d_in, d_out), bias (blocks, d_out) -> (blocks, rows, d_out)."""
    return torch.baddbmm(bias.unsqueeze(1), features, weight)


def apply_mlp(features: Tensor, layers: Sequence[tuple[Tensor, Tensor]], dropout: Dropout) -> Tensor:
    """Layers as of `apply_layer`, with ReLU and dropout between them."""
    *hidden, last = layers
    for site, (weight, bias) in enumerate(hidden):
        features = dropout(torch.relu(apply_layer(features, weight, bias)), site)
    return apply_layer(features, *last)


def shared_product(features: Tensor, weight: Tensor) -> Tensor:
    """features (..., d_in) times a matrix (d_in, d_out) that all rows share -> (..., d_out).

    Under vmap, torch may copy the matrix for every row of more than three dimensions, unless these are flattened.
    """
    return (features.flatten(0, -2) @ weight).reshape(*features.shape[:-1], weight.shape[1])
