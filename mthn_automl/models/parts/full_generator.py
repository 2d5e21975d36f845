"""No compression: every weight is a linear function of the task's representation, with numbers of its own."""

import torch
from torch import Tensor, nn

from mthn_automl.models.parts.generated_layer import GeneratedLayer, LayerGenerator


class FullGenerator(LayerGenerator):
    """W_t = D + reshape(G h_t), G: d_h x (d_in d_out)."""

    def __init__(self, representation: int, inputs: int, outputs: int, *, last: bool = False) -> None:
        super().__init__(representation, inputs, outputs, last=last)
        self.kernel = nn.Parameter(torch.randn(representation, inputs, outputs) * self.spread / representation**0.5)

    def forward(self, representation: Tensor) -> GeneratedLayer:
        weight = torch.addmm(self.shared_weight.flatten(), representation, self.kernel.flatten(1))
        weight = weight.reshape(len(representation), *self.shared_weight.shape)
        return GeneratedLayer(weight, self.bias(representation))
