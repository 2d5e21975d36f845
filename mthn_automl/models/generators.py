"""Weight generators of the hypernetwork: from a task representation h_t to one target layer's W_t and b_t.

The choice of generator is the weight compression (Graffeuille et al. 2024).
"""

import math
from functools import reduce

import torch
from torch import Tensor, nn

from mthn_automl.models.blocks import initial_weight

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
        """One product of all tasks with a kernel (d_h, d_in x d_out), whose forming costs the same for any number."""
        weight = torch.addmm(self.shared_weight.flatten(), representation, self._kernel().flatten(1))
        bias = torch.addmm(self.shared_bias, representation, self.bias_weight)
        return weight.reshape(-1, *self.shared_weight.shape), bias

    def _kernel(self) -> Tensor:
        """(d_h, d_in, d_out): sum_k A_k B_k C_k, term by term, since a large rank's terms together fill the cache."""
        rank, inputs, outputs = self.gate.shape
        left, gate, right = self.left.unsqueeze(3), self.gate.unsqueeze(1), self.right.unsqueeze(2)
        if rank == 1:
            return (left * gate * right).reshape(-1, inputs, outputs)
        terms = [a * b * c for a, b, c in zip(left.unbind(), gate.unbind(), right.unbind(), strict=True)]
        return reduce(torch.add, terms)
