"""One weight for all tasks; a task scales and shifts what comes out of it.

Source: Sun et al.: Task Switching Network for Multi-Task Learning, ICCV 2021; Perez et al.: FiLM, AAAI 2018.
"""

import torch
from torch import Tensor, nn

from mthn_automl.models.parts.generated_layer import GENERATED_SHARE, GeneratedLayer, LayerGenerator


class FilmGenerator(LayerGenerator):
    """W_t = D diag(1 + G h_t), G: d_h x d_out; the shift is b_t."""

    def __init__(self, representation: int, inputs: int, outputs: int, *, last: bool = False) -> None:
        super().__init__(representation, inputs, outputs, last=last)
        self.scale_weight = nn.Parameter(torch.randn(representation, outputs) * GENERATED_SHARE / representation**0.5)

    def forward(self, representation: Tensor) -> GeneratedLayer:
        scale = 1.0 + representation @ self.scale_weight
        return GeneratedLayer(self.shared_weight.unsqueeze(0), self.bias(representation), scale)
