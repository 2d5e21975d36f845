"""The generators compute their formulas, with as many numbers as the table of generators says."""

import math

import pytest
import torch
from torch import Tensor, nn

from mthn_automl.models.parts.blocks import initial_spread, network_numbers
from mthn_automl.models.parts.chunked_generator import HIDDEN, LAST_BIAS, ChunkedGenerator
from mthn_automl.models.parts.factorised_generator import FEW_TASKS, FactorisedGenerator
from mthn_automl.models.parts.film_generator import FilmGenerator
from mthn_automl.models.parts.full_generator import FullGenerator
from mthn_automl.models.parts.generated_layer import LayerGenerator
from mthn_automl.models.parts.generators import LayerByLayer, make_generators
from mthn_automl.models.parts.low_rank_generator import LowRankGenerator

BLOCKS, REPRESENTATION, INPUTS, OUTPUTS = 4, 3, 5, 2
LAYERS = [(5, 4), (4, 4), (4, 2)]
MADE = {
    "full": lambda *sizes, **end: FullGenerator(*sizes, **end),
    "factorised, rank 1": lambda *sizes, **end: FactorisedGenerator(*sizes, rank=1, **end),
    "factorised, rank 3": lambda *sizes, **end: FactorisedGenerator(*sizes, rank=3, **end),
    "low_rank, rank 1": lambda *sizes, **end: LowRankGenerator(*sizes, rank=1, **end),
    "low_rank, rank 3": lambda *sizes, **end: LowRankGenerator(*sizes, rank=3, **end),
    "film": lambda *sizes, **end: FilmGenerator(*sizes, **end),
}
AREA = INPUTS * OUTPUTS
WEIGHT_NUMBERS = {
    "full": REPRESENTATION * AREA + AREA,
    "factorised, rank 1": REPRESENTATION * (INPUTS + OUTPUTS) + 2 * AREA,
    "factorised, rank 3": 3 * (REPRESENTATION * (INPUTS + OUTPUTS) + AREA) + AREA,
    "low_rank, rank 1": INPUTS + OUTPUTS + REPRESENTATION + AREA,
    "low_rank, rank 3": 3 * (INPUTS + OUTPUTS + REPRESENTATION) + AREA,
    "film": AREA + OUTPUTS * REPRESENTATION,
}
every_generator = pytest.mark.parametrize("made", sorted(MADE))
every_rank = pytest.mark.parametrize("rank", [1, 3])


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def numbers(module: nn.Module) -> int:
    return sum(each.numel() for each in module.parameters())


def shaken(module: nn.Module) -> None:
    """No parameter is zero or alike another."""
    with torch.no_grad():
        for each in module.parameters():
            each += torch.randn(each.shape)


def update_by_einsum(generator: LayerGenerator, h: Tensor) -> Tensor:
    """W_t - D as in the table of generators, (blocks, d_in, d_out), everything expanded."""
    match generator:
        case FullGenerator():
            return torch.einsum("bh,hio->bio", h, generator.kernel)
        case FactorisedGenerator():
            product = torch.einsum("khi,bh,kho->bkio", generator.left, h, generator.right)
            return (generator.gate * product).sum(dim=1)
        case LowRankGenerator():
            values = torch.einsum("kh,bh->bk", generator.middle, h)
            return torch.einsum("ik,bk,ko->bio", generator.left, values, generator.right)
        case FilmGenerator():
            return torch.einsum("io,bh,ho->bio", generator.shared_weight, h, generator.scale_weight)
    raise AssertionError(generator)


@every_generator
def test_a_generated_weight_is_its_formula(made: str) -> None:
    generator = MADE[made](REPRESENTATION, INPUTS, OUTPUTS)
    shaken(generator)
    h = torch.randn(BLOCKS, REPRESENTATION)
    weight, _ = generator(h).folded()
    torch.testing.assert_close(weight, generator.shared_weight + update_by_einsum(generator, h))


@every_generator
def test_a_bias_is_linear_in_the_representation(made: str) -> None:
    generator = MADE[made](REPRESENTATION, INPUTS, OUTPUTS)
    shaken(generator)
    h = torch.randn(BLOCKS, REPRESENTATION)
    torch.testing.assert_close(generator(h).folded()[1], h @ generator.bias_weight + generator.shared_bias)


@every_generator
def test_without_a_representation_all_tasks_share_a_layer(made: str) -> None:
    generator = MADE[made](REPRESENTATION, INPUTS, OUTPUTS)
    weight, bias = generator(torch.zeros(BLOCKS, REPRESENTATION)).folded()
    torch.testing.assert_close(weight, generator.shared_weight.expand(BLOCKS, -1, -1))
    torch.testing.assert_close(bias, generator.shared_bias.expand(BLOCKS, -1))


@every_generator
def test_a_layer_applied_is_its_folded_weight_and_bias_applied(made: str) -> None:
    generator = MADE[made](REPRESENTATION, INPUTS, OUTPUTS)
    layer, features = generator(torch.randn(BLOCKS, REPRESENTATION)), torch.randn(BLOCKS, 7, INPUTS)
    weight, bias = layer.folded()
    torch.testing.assert_close(layer.apply(features), features @ weight + bias.unsqueeze(1))


@every_generator
def test_the_layer_of_some_blocks_is_that_of_their_representations(made: str) -> None:
    generator = MADE[made](REPRESENTATION, INPUTS, OUTPUTS)
    h, chosen = torch.randn(BLOCKS, REPRESENTATION), torch.tensor([3, 0, 3])
    torch.testing.assert_close(generator(h).of(chosen).folded(), generator(h[chosen]).folded())


@every_generator
def test_the_numbers_of_a_generator_are_those_of_the_table(made: str) -> None:
    generator = MADE[made](REPRESENTATION, INPUTS, OUTPUTS)
    assert numbers(generator) == WEIGHT_NUMBERS[made] + (REPRESENTATION + 1) * OUTPUTS


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("representation", [1, 8, 64])
@every_generator
def test_the_generated_part_starts_smaller_than_the_shared_one(made: str, representation: int, last: bool) -> None:
    generator = MADE[made](representation, 32, 32, last=last)
    weight, _ = generator(torch.randn(200, representation)).folded()
    ratio = (weight - generator.shared_weight).std() / generator.shared_weight.std()
    assert 0.1 < ratio < 0.6


@every_rank
def test_weights_made_at_once_are_those_made_task_by_task(rank: int) -> None:
    generator = FactorisedGenerator(REPRESENTATION, INPUTS, OUTPUTS, rank=rank)
    h = torch.randn(FEW_TASKS + 1, REPRESENTATION)
    by_task = torch.cat([generator(part).weight for part in h.split(3)])
    torch.testing.assert_close(generator(h).weight, by_task)


def chunked(chunk_size: int) -> ChunkedGenerator:
    return ChunkedGenerator(REPRESENTATION, LAYERS, chunk_size=chunk_size, chunk_embedding_size=6)


every_chunk_size = pytest.mark.parametrize("chunk_size", [1, 7, 27, 54, 1000])
"""Of 54 numbers of the target network: none, two of seven and all of them leave a cut last chunk, or none."""


def chunk_by_hand(generator: ChunkedGenerator, h: Tensor, number: int) -> Tensor:
    """g([h; q_j]), with the first layer of g as one matrix for both."""
    first = torch.cat([generator.task_weight, generator.chunk_weight])
    hidden = torch.tanh(torch.cat([h, generator.chunk_embedding[number]]) @ first + generator.hidden_bias)
    return hidden @ generator.output_weight + generator.output_bias


@every_chunk_size
def test_a_chunked_network_is_its_chunks_one_after_the_other(chunk_size: int) -> None:
    generator = chunked(chunk_size)
    shaken(generator)
    h = torch.randn(BLOCKS, REPRESENTATION)
    layers, count = generator(h), len(generator.chunk_embedding)
    for task, own in enumerate(h):
        flat = torch.cat([chunk_by_hand(generator, own, number) for number in range(count)])
        for (inputs, outputs), layer, quiet in zip(LAYERS, layers, (1.0, 1.0, LAST_BIAS), strict=True):
            spread = initial_spread(inputs)
            weight, bias, flat = flat.split([inputs * outputs, outputs, len(flat) - (inputs + 1) * outputs])
            torch.testing.assert_close(layer.weight[task], spread * weight.view(inputs, outputs))
            torch.testing.assert_close(layer.bias[task], quiet * spread * bias)


@every_chunk_size
def test_chunks_cover_every_number_of_the_target_network_once(chunk_size: int) -> None:
    """Each number follows one place of one chunk: no two places move the same one, and none is without a place."""
    generator = chunked(chunk_size)
    shaken(generator)
    count, size = len(generator.chunk_embedding), generator.output_bias.numel()
    assert (count - 1) * size < network_numbers(LAYERS) <= count * size
    h = torch.randn(1, REPRESENTATION)
    flat = torch.cat([part.flatten() for layer in generator(h) for part in layer.folded()])
    moved = torch.stack(
        [torch.autograd.grad(each, generator.output_bias, retain_graph=True)[0].ne(0.0) for each in flat]
    )
    assert (moved.sum(dim=1) == 1).all()
    assert moved.int().argmax(dim=1).tolist() == [place % size for place in range(len(flat))]


@every_chunk_size
def test_the_numbers_of_a_chunked_generator_depend_on_the_target_by_its_chunks_only(chunk_size: int) -> None:
    size = min(chunk_size, network_numbers(LAYERS))
    chunks = math.ceil(network_numbers(LAYERS) / size)
    expected = chunks * 6 + HIDDEN * (REPRESENTATION + 6 + 1) + (HIDDEN + 1) * size
    assert numbers(chunked(chunk_size)) == expected


@pytest.mark.parametrize("compression", ["full", "factorised", "low_rank", "film"])
def test_shared_weights_start_as_those_of_a_layer_do(compression: str) -> None:
    wide = [(200, 200), (200, 200)]
    made = make_generators(compression, 2, wide, rank=1, chunk_size=1, chunk_embedding_size=1)  # type: ignore[arg-type]
    assert isinstance(made, LayerByLayer)
    found = [float(each.shared_weight.detach().std()) for each in made]  # type: ignore[arg-type]
    assert found == pytest.approx([initial_spread(200)] * 2, rel=0.02)
