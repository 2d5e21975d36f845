"""The paper's generator: a product of rank d_h, gated by a matrix of the weight's own size.

Source: Graffeuille et al.: Multi-Task Learning with Hypernetworks and Task Metadata, IJCAI 2024.
"""

from collections.abc import Sequence
from functools import reduce

import torch
from torch import Tensor, nn

from mthn_automl.models.parts.generated_layer import GeneratedLayer, LayerGenerator

FEW_TASKS = 32
"""Up to which weights are cheaper made task by task than at once (measured, alone and in packs)."""


class FactorisedGenerator(LayerGenerator):
    """W_t = D + sum_k B_k o (A_k' diag(h_t) C_k).

    o is the element-wise product; A_k: d_h x d_in, B_k: d_in x d_out, C_k: d_h x d_out.
    """

    def __init__(self, representation: int, inputs: int, outputs: int, *, rank: int, last: bool = False) -> None:
        super().__init__(representation, inputs, outputs, last=last)
        factor_scale = representation**-0.25
        self.left = nn.Parameter(torch.randn(rank, representation, inputs) * factor_scale)
        self.gate = nn.Parameter(torch.randn(rank, inputs, outputs) * self.spread / rank**0.5)
        self.right = nn.Parameter(torch.randn(rank, representation, outputs) * factor_scale)

    def forward(self, representation: Tensor) -> GeneratedLayer:
        weight = self._by_task(representation) if len(representation) <= FEW_TASKS else self._at_once(representation)
        return GeneratedLayer(weight, self.bias(representation))

    def _by_task(self, representation: Tensor) -> Tensor:
        """Term by term as the formula has it, at a cost of d_in (d_h + d_out) a task beside the products."""
        weight: Tensor = self.shared_weight
        for left, gate, right in zip(*map(_terms, (self.left, self.gate, self.right)), strict=True):
            scaled = left.T.contiguous() * representation.unsqueeze(1)
            weight = torch.addcmul(
                weight, gate, (scaled.flatten(0, 1) @ right).reshape(len(representation), *gate.shape)
            )
        return weight

    def _at_once(self, representation: Tensor) -> Tensor:
        """One product with a kernel (d_h, d_in x d_out), whose forming costs the same for any number of tasks."""
        _, inputs, outputs = self.gate.shape
        left, gate, right = self.left.unsqueeze(3), self.gate.unsqueeze(1), self.right.unsqueeze(2)
        kernel = reduce(torch.add, [a * b * c for a, b, c in zip(*map(_terms, (left, gate, right)), strict=True)])
        weight = torch.addmm(self.shared_weight.flatten(), representation, kernel.flatten(1))
        return weight.reshape(len(representation), inputs, outputs)


def _terms(factor: Tensor) -> Sequence[Tensor]:
    """(rank, ...) as its terms; of one term a view, since unbinding costs a copy on the way back."""
    return [factor.squeeze(0)] if len(factor) == 1 else factor.unbind()
