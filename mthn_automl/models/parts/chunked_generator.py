"""One small network that writes the weights and biases of all target layers, chunk by chunk.

Source: von Oswald et al.: Continual Learning with Hypernetworks, ICLR 2020.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from mthn_automl.models.parts.blocks import initial_spread, network_numbers
from mthn_automl.models.parts.generated_layer import GeneratedLayer

HIDDEN = 32
CHUNK_SPREAD, TASK_SPREAD = 2.0, 0.15
"""Standard deviations, at the start, of what a chunk and a task contribute to a hidden unit: a unit that leans to one
side makes chunks alike, and what alike rows of a weight add to activations, all positive, grows with the width."""

LAST_BIAS = 0.1
"""Biases of the last layer bend no unit, so that they start small, as they do elsewhere."""

TANH_SQUARE = 0.635
"""Mean of tanh(z)^2 for a normal z of standard deviation CHUNK_SPREAD."""


class ChunkedGenerator(nn.Module):
    """Chunk j of all numbers of the target network, flattened, is g([h_t; q_j]); the last chunk is cut short.

    g is an MLP with one hidden layer of tanh units: their mean is zero over chunks, so that chunks start unlike. What
    g writes has variance 1 at the start and is scaled to the variance of a usual layer by a constant a layer
    (principle: Chang et al.: Principled Weight Initialization for Hypernetworks, ICLR 2020).

    Shape:
        representation (blocks, d_h) -> a `GeneratedLayer` for each target layer.
    """

    def __init__(
        self, representation: int, layers: Sequence[tuple[int, int]], *, chunk_size: int, chunk_embedding_size: int
    ) -> None:
        """layers: (d_in, d_out) of each target layer."""
        super().__init__()
        self.layers, self.numbers = list(layers), network_numbers(layers)
        size = min(chunk_size, self.numbers)
        self.chunk_embedding = nn.Parameter(torch.randn(math.ceil(self.numbers / size), chunk_embedding_size))
        self.task_weight = nn.Parameter(torch.randn(representation, HIDDEN) * TASK_SPREAD / representation**0.5)
        self.chunk_weight = nn.Parameter(
            torch.randn(chunk_embedding_size, HIDDEN) * CHUNK_SPREAD / chunk_embedding_size**0.5
        )
        self.hidden_bias = nn.Parameter(torch.zeros(HIDDEN))
        self.output_weight = nn.Parameter(torch.randn(HIDDEN, size) / math.sqrt(HIDDEN * TANH_SQUARE))
        self.output_bias = nn.Parameter(torch.zeros(size))

    def forward(self, representation: Tensor) -> list[GeneratedLayer]:
        of_chunk = torch.addmm(self.hidden_bias, self.chunk_embedding, self.chunk_weight)
        hidden = torch.tanh((representation @ self.task_weight).unsqueeze(1) + of_chunk)
        chunks = torch.addmm(self.output_bias, hidden.flatten(0, 1), self.output_weight)
        written = len(of_chunk) * len(self.output_bias)
        return self._cut(chunks.reshape(len(representation), written)[:, : self.numbers])

    def _cut(self, numbers: Tensor) -> list[GeneratedLayer]:
        """(blocks, numbers of the target network) -> its layers, of each the weight row by row, then the bias."""
        sizes = [size for inputs, outputs in self.layers for size in (inputs * outputs, outputs)]
        parts = iter(torch.split(numbers, sizes, dim=1))
        found = []
        for level, (inputs, outputs) in enumerate(self.layers, start=1):
            spread = initial_spread(inputs)
            weight = spread * next(parts).reshape(len(numbers), inputs, outputs)
            quiet = LAST_BIAS if level == len(self.layers) else 1.0
            found.append(GeneratedLayer(weight, quiet * spread * next(parts)))
        return found
