"""One layer of the target network as a generator of weights makes it, and what the generators of one layer share."""

from abc import ABC, abstractmethod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mthn_automl.models.parts.blocks import apply_layer, initial_bias, initial_spread, initial_weight

GENERATED_SHARE = 0.3
"""Standard deviation of the generated weights at the start, relative to the shared ones."""


class GeneratedLayer(NamedTuple):
    """x -> x (W_t diag(s_t)) + b_t, for each block.

    Attributes:
        weight: (blocks, d_in, d_out), or (1, d_in, d_out) for all blocks.
        bias: (blocks, d_out).
        scale: (blocks, d_out), of a weight for all blocks; None: 1.
    """

    weight: Tensor
    bias: Tensor
    scale: Tensor | None = None

    def apply(self, features: Tensor) -> Tensor:
        """(blocks, rows, d_in) -> (blocks, rows, d_out)."""
        if self.scale is None:
            return apply_layer(features, self.weight, self.bias)
        return torch.addcmul(self.bias.unsqueeze(1), features @ self.weight.squeeze(0), self.scale.unsqueeze(1))

    def folded(self) -> tuple[Tensor, Tensor]:
        """Weight (blocks, d_in, d_out) and bias (blocks, d_out) of the same layer."""
        return self.weight if self.scale is None else self.weight * self.scale.unsqueeze(1), self.bias

    def of(self, blocks: Tensor) -> "GeneratedLayer":
        """The layers of the blocks with these numbers."""
        if self.scale is None:
            return GeneratedLayer(self.weight.index_select(0, blocks), self.bias.index_select(0, blocks))
        return GeneratedLayer(self.weight, self.bias.index_select(0, blocks), self.scale.index_select(0, blocks))


class LayerGenerator(nn.Module, ABC):
    """h_t -> one target layer, with b_t = E h_t + f and W_t made from a shared D, as each subclass says.

    Shape:
        representation (blocks, d_h).

    Attributes:
        spread: standard deviation for generated weights at the start, where those of D are a usual layer's.
            Principle: Chang et al.: Principled Weight Initialization for Hypernetworks, ICLR 2020.
    """

    def __init__(self, representation: int, inputs: int, outputs: int, *, last: bool = False) -> None:
        super().__init__()
        self.spread = GENERATED_SHARE * initial_spread(inputs)
        self.shared_weight = nn.Parameter(initial_weight(inputs, outputs))
        self.bias_weight = nn.Parameter(torch.randn(representation, outputs) * self.spread / representation**0.5)
        self.shared_bias = nn.Parameter(torch.zeros(outputs) if last else initial_bias(inputs, outputs))

    @abstractmethod
    def forward(self, representation: Tensor) -> GeneratedLayer:
        """The layer of each block."""

    def bias(self, representation: Tensor) -> Tensor:
        """b_t: (blocks, d_out)."""
        return torch.addmm(self.shared_bias, representation, self.bias_weight)
