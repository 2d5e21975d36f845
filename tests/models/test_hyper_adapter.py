"""The network is its formula, with either kind of kernels; adapters are the same however often they are made."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mthn_automl.models.hyper_adapter import GENERATED_SHARE, QUIET, HyperAdapter, HyperAdapterSettings, Kernels
from mthn_automl.models.parts.problem_shape import ProblemShape

WIDTH, BOTTLENECK, DEPTH = 16, 3, 2
SHAPE = ProblemShape(features=4, outputs=2, tasks=3, metadata=2)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def network(kernels: Kernels) -> HyperAdapter:
    settings = HyperAdapterSettings(kernels=kernels, bottleneck=BOTTLENECK, width=WIDTH, depth=DEPTH)
    made = HyperAdapter(SHAPE, settings)
    made.metadata = torch.randn(SHAPE.tasks, SHAPE.metadata)
    return made


def of_row(network: HyperAdapter, features: Tensor, task: int) -> Tensor:
    """One row after the formula: features (d_x,) -> (outputs,)."""
    generator, inner = network.generator, BOTTLENECK if network.factorised else WIDTH
    z = torch.cat([network.description.embedding[task], network.metadata[task]])
    hidden = network.first(features)
    for level, layer in enumerate(network.layers):
        representation = torch.relu(z @ generator.of_task + generator.of_layer[level])
        flat = representation @ generator.weight + generator.start
        down, down_bias, up, up_bias, scale, shift = flat.split(generator.sizes)
        down, up = down.reshape(inner, BOTTLENECK), up.reshape(BOTTLENECK, inner)
        if network.factorised:
            down, up = network.down_factor[level] @ down, up @ network.up_factor[level]
        normed = (1 + scale) * functional.layer_norm(hidden, (WIDTH,)) + shift
        hidden = hidden + torch.relu(layer(normed))
        hidden = hidden + torch.relu(hidden @ down + down_bias) @ up + up_bias
    return network.last(hidden)


@pytest.mark.parametrize("kernels", ["full", "factorised"])
def test_the_network_is_its_formula(kernels: Kernels) -> None:
    """Whether adapters are made for each of two blocks, or once a task for twenty."""
    model = network(kernels)
    for blocks in (2, 20):
        task, features = torch.arange(blocks) % SHAPE.tasks, torch.randn(blocks, 2, 4)
        rows = [(row, int(t)) for block, t in zip(features, task, strict=True) for row in block]
        expected = torch.stack([of_row(model, *row) for row in rows])
        torch.testing.assert_close(model(features, task).flatten(0, 1), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_adapters_start_as_unlike_as_is_said() -> None:
    """Over tasks, in units of what they have in common; biases, scales and shifts as they are."""
    settings = HyperAdapterSettings(task_input="embedding", width=32, bottleneck=8)
    model = HyperAdapter(ProblemShape(features=4, outputs=1, tasks=400), settings)
    parts = model.generator(model.description(torch.arange(400), model.metadata)).split(model.generator.sizes, dim=2)
    starts = model.generator.start.split(model.generator.sizes)
    spreads = [float(part.std(dim=0).square().mean().sqrt()) for part in parts]
    for matrix in (0, 2):
        assert 0.5 * GENERATED_SHARE < spreads[matrix] / float(starts[matrix].std()) < 1.5 * GENERATED_SHARE
    for vector in (1, 3, 4, 5):
        assert 0.5 * QUIET < spreads[vector] < 1.5 * QUIET
