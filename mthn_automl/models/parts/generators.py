"""Weight generators of the hypernetwork: from a task's representation h_t to all layers of its target network.

The choice of generator is the weight compression (Graffeuille et al. 2024). To add one: a file with the class, its
name in `Compression` and in `make_generators`, and the choice in the search space.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from torch import Tensor, nn

from mthn_automl.models.parts.chunked_generator import ChunkedGenerator
from mthn_automl.models.parts.factorised_generator import FactorisedGenerator
from mthn_automl.models.parts.film_generator import FilmGenerator
from mthn_automl.models.parts.full_generator import FullGenerator
from mthn_automl.models.parts.generated_layer import GeneratedLayer, LayerGenerator
from mthn_automl.models.parts.low_rank_generator import LowRankGenerator

Compression = Literal["factorised", "low_rank", "chunked", "full", "film"]


class LayerByLayer(nn.ModuleList):
    """A generator for each target layer: representation (blocks, d_h) -> its layers."""

    def forward(self, representation: Tensor) -> list[GeneratedLayer]:
        return [generator(representation) for generator in self]


def make_generators(
    compression: Compression,
    representation: int,
    layers: Sequence[tuple[int, int]],
    *,
    rank: int,
    chunk_size: int,
    chunk_embedding_size: int,
) -> LayerByLayer | ChunkedGenerator:
    """representation: d_h; layers: (d_in, d_out) of each target layer. What a generator has no use for is ignored."""
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
