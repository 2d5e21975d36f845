"""The generators compute their formulas, with as many parameters as the table of generators says."""

import math
from typing import TypeVar

import pytest
import torch
from torch import Tensor

from mthn_automl.models.parts.generators import (
    FEW_TASKS,
    HIDDEN,
    LAST_BIAS,
    ChunkedGenerator,
    FactorisedGenerator,
    FilmGenerator,
    FullGenerator,
    LayerGenerator,
    LowRankGenerator,
    make_generators,
)
from mthn_automl.models.parts.layers import initial_spread, mlp_parameters, parameters_of

BLOCKS, REPRESENTATION, INPUTS, OUTPUTS = 4, 3, 5, 2
LAYERS = [(5, 4), (4, 4), (4, 2)]
AREA = INPUTS * OUTPUTS
MADE = {
    "full": (FullGenerator, {}, REPRESENTATION * AREA),
    "factorised, rank 1": (FactorisedGenerator, {"rank": 1}, REPRESENTATION * (INPUTS + OUTPUTS) + AREA),
    "factorised, rank 3": (FactorisedGenerator, {"rank": 3}, 3 * (REPRESENTATION * (INPUTS + OUTPUTS) + AREA)),
    "low_rank, rank 1": (LowRankGenerator, {"rank": 1}, INPUTS + OUTPUTS + REPRESENTATION),
    "low_rank, rank 3": (LowRankGenerator, {"rank": 3}, 3 * (INPUTS + OUTPUTS + REPRESENTATION)),
    "film": (FilmGenerator, {}, OUTPUTS * REPRESENTATION),
}
"""Class, options, and the parameters of what is added to the shared weight."""

Module = TypeVar("Module", bound=torch.nn.Module)
CHUNK_SIZES = (1, 7, 27, 54, 1000)
"""Of 54 parameters of the target network: all of them, two of seven and more leave a cut last chunk, or none."""

every_generator = pytest.mark.parametrize("name", sorted(MADE))


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def made(name: str, *sizes: int, last: bool = False) -> LayerGenerator:
    kind, options, _ = MADE[name]
    return kind(*(sizes or (REPRESENTATION, INPUTS, OUTPUTS)), **options, last=last)


def shaken(name: str) -> LayerGenerator:
    return shake(made(name))


def shake(module: Module) -> Module:
    """No parameter is zero or alike another."""
    with torch.no_grad():
        for parameter in module.parameters():
            parameter += torch.randn(parameter.shape)
    return module


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
def test_a_generated_layer_is_its_formula_with_the_parameters_of_the_table(name: str) -> None:
    """It is shared where nothing tells tasks apart, and applied and taken of some blocks as its folded weight says."""
    generator, features, chosen = shaken(name), torch.randn(BLOCKS, 7, INPUTS), torch.tensor([3, 0, 3])
    assert parameters_of(generator) == AREA + MADE[name][2] + (REPRESENTATION + 1) * OUTPUTS
    for h in (torch.randn(BLOCKS, REPRESENTATION), torch.zeros(BLOCKS, REPRESENTATION)):
        weight, bias = generator(h).folded()
        torch.testing.assert_close(weight, generator.shared_weight + update_by_einsum(generator, h))
        torch.testing.assert_close(bias, h @ generator.bias_weight + generator.shared_bias)
        torch.testing.assert_close(generator(h).apply(features), features @ weight + bias.unsqueeze(1))
        torch.testing.assert_close(generator(h).of(chosen).folded(), generator(h[chosen]).folded())


@every_generator
def test_the_generated_part_starts_smaller_than_the_shared_one(name: str) -> None:
    for representation in (1, 8, 64):
        generator = made(name, representation, 32, 32, last=representation == 8)
        weight, _ = generator(torch.randn(200, representation)).folded()
        ratio = (weight - generator.shared_weight).std() / generator.shared_weight.std()
        assert 0.1 < ratio < 0.6, representation


def test_weights_made_at_once_are_those_made_task_by_task() -> None:
    for name in ("factorised, rank 1", "factorised, rank 3"):
        generator, h = made(name), torch.randn(FEW_TASKS + 1, REPRESENTATION)
        by_task = torch.cat([generator(part).weight for part in h.split(3)])
        torch.testing.assert_close(generator(h).weight, by_task)


def chunked(chunk_size: int) -> ChunkedGenerator:
    return ChunkedGenerator(REPRESENTATION, LAYERS, chunk_size=chunk_size, chunk_embedding_size=6)


def chunk_by_hand(generator: ChunkedGenerator, h: Tensor, number: int) -> Tensor:
    """g([h; q_j]), with the first layer of g as one matrix for both."""
    first = torch.cat([generator.task_weight, generator.chunk_weight])
    hidden = torch.tanh(torch.cat([h, generator.chunk_embedding[number]]) @ first + generator.hidden_bias)
    return hidden @ generator.output_weight + generator.output_bias


@pytest.mark.parametrize("chunk_size", CHUNK_SIZES)
def test_a_chunked_network_is_its_chunks_one_after_the_other_which_cover_every_parameter_once(chunk_size: int) -> None:
    """Each follows one value of one chunk: no two of these move the same one, and none is without one."""
    generator, size, whole = shake(chunked(chunk_size)), min(chunk_size, 54), mlp_parameters(LAYERS)
    h = torch.randn(BLOCKS, REPRESENTATION)
    layers, count = generator(h), len(generator.chunk_embedding)
    assert count == math.ceil(whole / size)
    assert parameters_of(generator) == count * 6 + HIDDEN * (REPRESENTATION + 6 + 1) + (HIDDEN + 1) * size
    for task, representation in enumerate(h):
        flat = torch.cat([chunk_by_hand(generator, representation, number) for number in range(count)])
        for (inputs, outputs), layer, quiet in zip(LAYERS, layers, (1.0, 1.0, LAST_BIAS), strict=True):
            spread = initial_spread(inputs)
            weight, bias, flat = flat.split([inputs * outputs, outputs, len(flat) - (inputs + 1) * outputs])
            torch.testing.assert_close(layer.weight[task], spread * weight.view(inputs, outputs))
            torch.testing.assert_close(layer.bias[task], quiet * spread * bias)
    values = torch.cat([part[0].flatten() for layer in layers for part in layer.folded()])
    moved = [torch.autograd.grad(value, generator.output_bias, retain_graph=True)[0].ne(0.0) for value in values]
    assert (torch.stack(moved).sum(dim=1) == 1).all()
    assert torch.stack(moved).int().argmax(dim=1).tolist() == [index % size for index in range(len(values))]


def test_shared_weights_start_as_those_of_a_layer_do() -> None:
    for compression in ("full", "factorised", "low_rank", "film"):
        generators = make_generators(compression, 2, [(200, 200), (200, 200)])  # type: ignore[arg-type]
        spreads = [float(generator.shared_weight.detach().std()) for generator in generators]
        assert spreads == pytest.approx([initial_spread(200)] * 2, rel=0.02), compression
