"""Weight generators of the hypernetwork: from a task's representation h_t to all layers of its target network.

The choice of generator is the weight compression (Graffeuille et al.: Multi-Task Learning with Hypernetworks and Task
Metadata, IJCAI 2024). To add one: a class here, its name in `Compression` and in `make_generators`, and the choice in
the search space. How generated weights start: Chang et al.: Principled Weight Initialization for Hypernetworks, ICLR
2020.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial, reduce
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from mthn_automl.models.parts.layers import (
    apply_layer,
    initial_bias,
    initial_spread,
    initial_weight,
    mlp_parameters,
)

Compression = Literal["factorised", "low_rank", "chunked", "full", "film"]

GENERATED_SHARE = 0.3
"""Standard deviation of the generated weights at the start, relative to the shared ones."""

FEW_TASKS = 32
"""Up to which factorised weights are cheaper made task by task than at once (measured, alone and in packs)."""

HIDDEN = 32
"""Hidden units of the network that writes chunks."""

CHUNK_SPREAD, TASK_SPREAD = 2.0, 0.15
"""Standard deviations, at the start, of what a chunk and a task contribute to a hidden unit: a unit that leans to one
side makes chunks alike, and what alike rows of a weight add to activations, all positive, grows with the width."""

LAST_BIAS = 0.1
"""Chunks' biases of the last layer bend no unit, so that they start small, as they do elsewhere."""

TANH_SQUARE = 0.635
"""Mean of tanh(z)^2 for a normal z of standard deviation CHUNK_SPREAD."""


class GeneratedLayer(NamedTuple):
    """x -> x (W_t diag(s_t)) + b_t, for each block.

    Example:
        >>> layer = GeneratedLayer(torch.zeros(1, 3, 2), torch.zeros(4, 2), scale=torch.ones(4, 2))
        >>> layer.apply(torch.zeros(4, 5, 3)).shape, layer.folded()[0].shape
        (torch.Size([4, 5, 2]), torch.Size([4, 3, 2]))

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
        """The layers of the blocks with these indices."""
        if self.scale is None:
            return GeneratedLayer(self.weight.index_select(0, blocks), self.bias.index_select(0, blocks))
        return GeneratedLayer(self.weight, self.bias.index_select(0, blocks), self.scale.index_select(0, blocks))


class LayerGenerator(nn.Module, ABC):
    """h_t -> one target layer, with b_t = E h_t + f and W_t made from a shared D, as each subclass says.

    Shape:
        representation (blocks, d_h) -> a `GeneratedLayer` of weight (blocks or 1, d_in, d_out).

    Example:
        >>> FullGenerator(3, inputs=4, outputs=2)(torch.zeros(5, 3)).weight.shape
        torch.Size([5, 4, 2])

    Attributes:
        spread: standard deviation for generated weights at the start, where those of D are a usual layer's.
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


class FullGenerator(LayerGenerator):
    """W_t = D + reshape(G h_t), G: d_h x (d_in d_out): no compression, every weight a linear function of h_t."""

    def __init__(self, representation: int, inputs: int, outputs: int, *, last: bool = False) -> None:
        super().__init__(representation, inputs, outputs, last=last)
        self.kernel = nn.Parameter(torch.randn(representation, inputs, outputs) * self.spread / representation**0.5)

    def forward(self, representation: Tensor) -> GeneratedLayer:
        weight = torch.addmm(self.shared_weight.flatten(), representation, self.kernel.flatten(1))
        weight = weight.reshape(len(representation), *self.shared_weight.shape)
        return GeneratedLayer(weight, self.bias(representation))


class FactorisedGenerator(LayerGenerator):
    """W_t = D + sum_k B_k o (A_k' diag(h_t) C_k), o the element-wise product: the generator of the paper.

    A_k: d_h x d_in, B_k: d_in x d_out, C_k: d_h x d_out.
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


class LowRankGenerator(LayerGenerator):
    """W_t = D + U diag(S h_t) V, U: d_in x rank, S: rank x d_h, V: rank x d_out."""

    def __init__(self, representation: int, inputs: int, outputs: int, *, rank: int, last: bool = False) -> None:
        super().__init__(representation, inputs, outputs, last=last)
        factor_scale = (self.spread / rank**0.5) ** 0.5
        self.left = nn.Parameter(torch.randn(inputs, rank) * factor_scale)
        # Signs alone: of few normal values, one near zero would leave a term without effect.
        self.middle = nn.Parameter(torch.randn(rank, representation).sign() / representation**0.5)
        self.right = nn.Parameter(torch.randn(rank, outputs) * factor_scale)

    def forward(self, representation: Tensor) -> GeneratedLayer:
        scaled = self.left * (representation @ self.middle.T).unsqueeze(1)
        update = (scaled.flatten(0, 1) @ self.right).reshape(len(representation), *self.shared_weight.shape)
        return GeneratedLayer(self.shared_weight + update, self.bias(representation))


class FilmGenerator(LayerGenerator):
    """W_t = D diag(1 + G h_t), G: d_h x d_out: one weight for all tasks; a task scales and shifts what comes out of it.

    Source: Sun et al.: Task Switching Network for Multi-Task Learning, ICCV 2021; Perez et al.: FiLM, AAAI 2018.
    """

    def __init__(self, representation: int, inputs: int, outputs: int, *, last: bool = False) -> None:
        super().__init__(representation, inputs, outputs, last=last)
        self.scale_weight = nn.Parameter(torch.randn(representation, outputs) * GENERATED_SHARE / representation**0.5)

    def forward(self, representation: Tensor) -> GeneratedLayer:
        scale = 1.0 + representation @ self.scale_weight
        return GeneratedLayer(self.shared_weight.unsqueeze(0), self.bias(representation), scale)


class LayerByLayer(nn.ModuleList):
    """A generator for each target layer: representation (blocks, d_h) -> its layers."""

    def forward(self, representation: Tensor) -> list[GeneratedLayer]:
        return [generator(representation) for generator in self]


class ChunkedGenerator(nn.Module):
    """Chunk j of all weights and biases of the target network, flattened, is g([h_t; q_j]); the last one is cut short.

    g is an MLP with one hidden layer of tanh units: their mean is zero over chunks, so that chunks start unlike. What
    g writes has variance 1 at the start and is scaled to the variance of a usual layer by a constant a layer.
    Source: von Oswald et al.: Continual Learning with Hypernetworks, ICLR 2020.

    Shape:
        representation (blocks, d_h) -> a `GeneratedLayer` for each target layer.

    Example:
        >>> generator = ChunkedGenerator(3, [(4, 8), (8, 2)], chunk_size=16, chunk_embedding_size=4)
        >>> [layer.weight.shape for layer in generator(torch.zeros(5, 3))]
        [torch.Size([5, 4, 8]), torch.Size([5, 8, 2])]
    """

    def __init__(
        self, representation: int, layers: Sequence[tuple[int, int]], *, chunk_size: int, chunk_embedding_size: int
    ) -> None:
        """layers: (d_in, d_out) of each target layer."""
        super().__init__()
        self.layers, self.written = list(layers), mlp_parameters(layers)
        size = min(chunk_size, self.written)
        self.chunk_embedding = nn.Parameter(torch.randn(math.ceil(self.written / size), chunk_embedding_size))
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
        uncut = len(of_chunk) * len(self.output_bias)
        return self._cut(chunks.reshape(len(representation), uncut)[:, : self.written])

    def _cut(self, flat: Tensor) -> list[GeneratedLayer]:
        """(blocks, parameters of the target network) -> its layers, of each the weight row by row, then the bias."""
        sizes = [size for inputs, outputs in self.layers for size in (inputs * outputs, outputs)]
        parts = iter(torch.split(flat, sizes, dim=1))
        layers = []
        for level, (inputs, outputs) in enumerate(self.layers, start=1):
            spread = initial_spread(inputs)
            weight = spread * next(parts).reshape(len(flat), inputs, outputs)
            quiet = LAST_BIAS if level == len(self.layers) else 1.0
            layers.append(GeneratedLayer(weight, quiet * spread * next(parts)))
        return layers


def make_generators(
    compression: Compression,
    representation: int,
    layers: Sequence[tuple[int, int]],
    *,
    rank: int = 1,
    chunk_size: int = 128,
    chunk_embedding_size: int = 8,
) -> LayerByLayer | ChunkedGenerator:
    """representation: d_h; layers: (d_in, d_out) of each target layer. What a generator has no use for is ignored.

    Example:
        >>> generators = make_generators("low_rank", 3, [(4, 8), (8, 2)], rank=2)
        >>> [layer.folded()[0].shape for layer in generators(torch.zeros(5, 3))]
        [torch.Size([5, 4, 8]), torch.Size([5, 8, 2])]
    """
    if compression == "chunked":
        return ChunkedGenerator(
            representation, layers, chunk_size=chunk_size, chunk_embedding_size=chunk_embedding_size
        )
    kinds: dict[str, Callable[..., LayerGenerator]] = {
        "factorised": partial(FactorisedGenerator, rank=rank),
        "low_rank": partial(LowRankGenerator, rank=rank),
        "full": FullGenerator,
        "film": FilmGenerator,
    }
    make, final = kinds[compression], len(layers) - 1
    return LayerByLayer(make(representation, *pair, last=level == final) for level, pair in enumerate(layers))
