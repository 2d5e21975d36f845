"""A shared weight and an update of low rank, whose singular values, as it were, depend on the task."""

import torch
from torch import Tensor, nn

from mthn_automl.models.parts.generated_layer import GeneratedLayer, LayerGenerator


class LowRankGenerator(LayerGenerator):
    """W_t = D + U diag(S h_t) V, U: d_in x rank, S: rank x d_h, V: rank x d_out."""

    def __init__(self, representation: int, inputs: int, outputs: int, *, rank: int, last: bool = False) -> None:
        super().__init__(representation, inputs, outputs, last=last)
        factor_scale = (self.spread / rank**0.5) ** 0.5
        self.left = nn.Parameter(torch.randn(inputs, rank) * factor_scale)
        # Signs alone: of few normal numbers, one near zero would leave a term without effect.
        self.middle = nn.Parameter(torch.randn(rank, representation).sign() / representation**0.5)
        self.right = nn.Parameter(torch.randn(rank, outputs) * factor_scale)

    def forward(self, representation: Tensor) -> GeneratedLayer:
        scaled = self.left * (representation @ self.middle.T).unsqueeze(1)
        update = (scaled.flatten(0, 1) @ self.right).reshape(len(representation), *self.shared_weight.shape)
        return GeneratedLayer(self.shared_weight + update, self.bias(representation))
