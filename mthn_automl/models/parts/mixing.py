"""Networks of one shape side by side, a column a task, whose activations mix: what cross-stitch and sluice share.

The columns are the tasks of training, whichever tasks a step is about: every row runs through all of them.
"""

import torch
from torch import Tensor, nn

from mthn_automl.models.parts.layers import apply_layer, initial_bias, initial_weight

OWN_SHARE = 0.9
"""Of a column's own activations in what it goes on with at the start, as in Misra et al. 2016."""


class ColumnLayer(nn.Module):
    """One layer of every column, all alike at first so that equal units of two columns may be mixed.

    Shape:
        (columns or 1, rows, d_in) -> (columns, rows, d_out); 1 stands for rows that all columns see alike.

    Example:
        >>> active = ColumnLayer(5, inputs=3, outputs=8)(torch.zeros(1, 4, 3))
        >>> active.shape, mix(start_of_mixing(5), active).shape
        (torch.Size([5, 4, 8]), torch.Size([5, 4, 8]))
    """

    def __init__(self, columns: int, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(initial_weight(inputs, outputs).repeat(columns, 1, 1))
        self.bias = nn.Parameter(initial_bias(inputs, outputs).repeat(columns, 1))

    def forward(self, features: Tensor) -> Tensor:
        return apply_layer(features.expand(len(self.weight), -1, -1), self.weight, self.bias)


def start_of_mixing(sources: int) -> Tensor:
    """(sources, sources): each row mostly itself, the rest in equal parts of the others; rows sum to 1."""
    if sources == 1:
        return torch.ones(1, 1)
    others = (1.0 - OWN_SHARE) / (sources - 1)
    return torch.full((sources, sources), others) + (OWN_SHARE - others) * torch.eye(sources)


def mix(weight: Tensor, activations: Tensor) -> Tensor:
    """weight (mixed, sources), activations (sources, rows, width) -> (mixed, rows, width)."""
    return (weight @ activations.flatten(1)).reshape(len(weight), *activations.shape[1:])


def mix_of_blocks(weight: Tensor, activations: Tensor) -> Tensor:
    """What each block's own task reads.

    Shape:
        weight (blocks, mixed, sources), activations (sources, blocks x rows, width) -> (blocks, mixed, rows, width).
    """
    (blocks, mixed, sources), (_, rows, width) = weight.shape, activations.shape
    by_block = activations.reshape(sources, blocks, rows // blocks * width).transpose(0, 1)
    return torch.bmm(weight, by_block).reshape(blocks, mixed, rows // blocks, width)
