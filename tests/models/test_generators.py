"""The generators compute their formulas, and start networks whose activations neither vanish nor explode."""

import pytest
import torch
from torch import Tensor

from mthn_automl.models.base import ProblemShape
from mthn_automl.models.generators import FEW_TASKS, FactorisedGenerator
from mthn_automl.models.hypernetwork import Hypernetwork, HypernetworkSettings

BLOCKS, REPRESENTATION, INPUTS, OUTPUTS = 4, 3, 5, 2
every_rank = pytest.mark.parametrize("rank", [1, 3])


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def weight_by_loops(generator: FactorisedGenerator, h: Tensor, i: int, o: int) -> Tensor:
    """D[i, o] + sum over k of B_k[i, o] sum over r of A_k[r, i] h[r] C_k[r, o]."""
    A, B, C = generator.left, generator.gate, generator.right
    terms = [B[k, i, o] * sum(A[k, r, i] * h[r] * C[k, r, o] for r in range(len(h))) for k in range(len(B))]
    return generator.shared_weight[i, o] + sum(terms)


@every_rank
def test_weights_made_at_once_are_those_made_task_by_task(rank: int) -> None:
    generator = FactorisedGenerator(REPRESENTATION, INPUTS, OUTPUTS, rank)
    h = torch.randn(FEW_TASKS + 1, REPRESENTATION)
    by_task = torch.cat([generator(part)[0] for part in h.split(3)])
    torch.testing.assert_close(generator(h)[0], by_task)


@every_rank
def test_a_factorised_weight_is_its_formula(rank: int) -> None:
    generator = FactorisedGenerator(REPRESENTATION, INPUTS, OUTPUTS, rank)
    h = torch.randn(BLOCKS, REPRESENTATION)
    expected = torch.stack(
        [
            torch.stack(
                [torch.stack([weight_by_loops(generator, row, i, o) for o in range(OUTPUTS)]) for i in range(INPUTS)]
            )
            for row in h
        ]
    )
    torch.testing.assert_close(generator(h)[0], expected)


@every_rank
def test_a_factorised_weight_is_its_einsum(rank: int) -> None:
    generator = FactorisedGenerator(REPRESENTATION, INPUTS, OUTPUTS, rank)
    h = torch.randn(BLOCKS, REPRESENTATION)
    product = torch.einsum("kri,br,kro->bkio", generator.left, h, generator.right)
    expected = generator.shared_weight + (generator.gate * product).sum(dim=1)
    torch.testing.assert_close(generator(h)[0], expected)


@every_rank
def test_a_bias_is_linear_in_the_representation(rank: int) -> None:
    generator = FactorisedGenerator(REPRESENTATION, INPUTS, OUTPUTS, rank)
    with torch.no_grad():
        generator.shared_bias.normal_()
    h = torch.randn(BLOCKS, REPRESENTATION)
    torch.testing.assert_close(generator(h)[1], h @ generator.bias_weight + generator.shared_bias)


@every_rank
def test_without_a_representation_all_tasks_share_a_layer(rank: int) -> None:
    generator = FactorisedGenerator(REPRESENTATION, INPUTS, OUTPUTS, rank)
    weight, bias = generator(torch.zeros(BLOCKS, REPRESENTATION))
    torch.testing.assert_close(weight, generator.shared_weight.expand(BLOCKS, -1, -1))
    torch.testing.assert_close(bias, generator.shared_bias.expand(BLOCKS, -1))


@every_rank
def test_the_numbers_of_a_factorised_generator_are_those_of_the_paper(rank: int) -> None:
    generator = FactorisedGenerator(REPRESENTATION, INPUTS, OUTPUTS, rank)
    weights = rank * (REPRESENTATION * (INPUTS + OUTPUTS) + INPUTS * OUTPUTS) + INPUTS * OUTPUTS
    biases = (REPRESENTATION + 1) * OUTPUTS
    assert sum(each.numel() for each in generator.parameters()) == weights + biases


@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("representation", [1, 8, 64])
@pytest.mark.parametrize("rank", [1, 8])
def test_the_generated_part_starts_smaller_than_the_shared_one(rank: int, representation: int, last: bool) -> None:
    generator = FactorisedGenerator(representation, 32, 32, rank, last=last)
    weight, _ = generator(torch.randn(200, representation))
    ratio = (weight - generator.shared_weight).std() / generator.shared_weight.std()
    assert 0.25 < ratio < 1.0


def mean_squares(network: Hypernetwork, tasks: int) -> list[float]:
    """Of the activations that enter each target layer and of the output, over rows and tasks."""
    task = torch.arange(tasks)
    representation = network.extractor(network._describe(task))
    features = torch.randn(tasks, 50, network.target_layers[0][0])
    found = [features]
    for generator in network.generators:
        weight, bias = generator(representation)
        features = torch.relu(found[-1]) if len(found) > 1 else found[-1]
        found.append(features @ weight + bias.unsqueeze(1))
    return [float(each.square().mean()) for each in found]


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("width", [16, 64])
@pytest.mark.parametrize("rank", [1, 8])
@pytest.mark.parametrize("extractor_layers", [0, 1, 2])
@pytest.mark.parametrize("embedding_size", [1, 8, 64])
@torch.no_grad()
def test_activations_keep_their_size_through_the_depth(
    embedding_size: int, extractor_layers: int, rank: int, width: int, depth: int
) -> None:
    shape = ProblemShape(features=10, outputs=3, tasks=200, metadata=4)
    settings = HypernetworkSettings(
        embedding_size=embedding_size,
        extractor_layers=extractor_layers,
        compression_rank=rank,
        width=width,
        depth=depth,
    )
    network = Hypernetwork(shape, settings)
    network.metadata.normal_()
    sizes = mean_squares(network, 200)
    assert min(sizes) > 0.2
    assert max(sizes) < 10.0
