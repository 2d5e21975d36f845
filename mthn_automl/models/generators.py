"""Weight generators of the hypernetwork: from a task representation h_t to one target layer's W_t and b_t.

The choice of generator is the weight compression (Graffeuille et al. 2024).
"""

import math
from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from mthn_automl.models.blocks import initial_weight

FEW_TASKS = 32
"""Up to which weights are cheaper made task by task than at once (measured, alone and in packs)."""

GENERATED_SHARE = 0.5
"""Standard deviation of the generated weights at the start, relative to the shared ones."""


class FactorisedGenerator(nn.Module):
    """W_t = D + sum_k B_k o (A_k' diag(h_t) C_k), b_t = E h_t + f.

    o is the element-wise product; A_k: d_h x d_in, B_k: d_in x d_out, C_k: d_h x d_out.

    Shape:
        representation (blocks, d_h) -> weight (blocks, d_in, d_out), bias (blocks, d_out).
    """

    def __init__(self, representation: int, inputs: int, outputs: int, rank: int, *, last: bool = False) -> None:
        super().__init__()
        factor_scale = representation**-0.25
        shared = initial_weight(inputs, outputs, last=last)
        gate_scale = GENERATED_SHARE * math.sqrt((1.0 if last else 2.0) / (inputs * rank))
        self.shared_weight = nn.Parameter(shared)
        self.left = nn.Parameter(torch.randn(rank, representation, inputs) * factor_scale)
        self.gate = nn.Parameter(torch.randn(rank, inputs, outputs) * gate_scale)
        self.right = nn.Parameter(torch.randn(rank, representation, outputs) * factor_scale)
        self.bias_weight = nn.Parameter(torch.randn(representation, outputs) * 0.1 / math.sqrt(representation))
        self.shared_bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, representation: Tensor) -> tuple[Tensor, Tensor]:
        weight = self._by_task(representation) if len(representation) <= FEW_TASKS else self._at_once(representation)
        return weight, torch.addmm(self.shared_bias, representation, self.bias_weight)

    def _by_task(self, representation: Tensor) -> Tensor:
        """Term by term as the formula has it, at a cost of d_in (d_h + d_out) a task beside the products."""
        weight: Tensor = self.shared_weight
        for left, gate, right in zip(*map(_terms, (self.left, self.gate, self.right)), strict=True):
            scaled = left.T.contiguous() * representation.unsqueeze(1)
            weight = torch.addcmul(weight, gate, (scaled.flatten(0, 1) @ right).reshape(-1, *gate.shape))
        return weight

    def _at_once(self, representation: Tensor) -> Tensor:
        """One product with a kernel (d_h, d_in x d_out), whose forming costs the same for any number of tasks."""
        _, inputs, outputs = self.gate.shape
        left, gate, right = self.left.unsqueeze(3), self.gate.unsqueeze(1), self.right.unsqueeze(2)
        kernel = reduce(torch.add, [a * b * c for a, b, c in zip(*map(_terms, (left, gate, right)), strict=True)])
        weight = torch.addmm(self.shared_weight.flatten(), representation, kernel.flatten(1))
        return weight.reshape(-1, inputs, outputs)


def _terms(factor: Tensor) -> Sequence[Tensor]:
    """(rank, ...) as its terms; of one term a view, since unbinding costs a copy on the way back."""
    return [factor.squeeze(0)] if len(factor) == 1 else factor.unbind()
