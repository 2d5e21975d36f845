"""The generated networks start as sound as MLPs do, and settings do what they say."""

from typing import Any

import pytest
import torch
from torch.nn import functional

from mthn_automl.models.hypernetwork import Hypernetwork, HypernetworkSettings
from mthn_automl.models.parts.hidden import Activation, Hidden
from mthn_automl.models.parts.layers import Dense
from mthn_automl.models.parts.problem_shape import ProblemShape

TASKS, ROWS, SEEDS = 40, 15, 12
COMPRESSIONS = {
    "full": {"compression": "full"},
    "factorised, rank 1": {"compression": "factorised", "compression_rank": 1},
    "factorised, rank 16": {"compression": "factorised", "compression_rank": 16},
    "low_rank, rank 1": {"compression": "low_rank", "compression_rank": 1},
    "low_rank, rank 16": {"compression": "low_rank", "compression_rank": 16},
    "film": {"compression": "film"},
    "chunked, small": {"compression": "chunked", "chunk_size": 16, "chunk_embedding_size": 4},
    "chunked": {"compression": "chunked", "chunk_size": 128, "chunk_embedding_size": 8},
    "chunked, large": {"compression": "chunked", "chunk_size": 512, "chunk_embedding_size": 32},
}
every_compression = pytest.mark.parametrize("compression", sorted(COMPRESSIONS))


def made(metadata: int = 0, tasks: int = TASKS, **chosen: Any) -> Hypernetwork:
    shape = ProblemShape(features=10, outputs=32, tasks=tasks, metadata=metadata)
    network = Hypernetwork(shape, HypernetworkSettings(**chosen))
    network.metadata.normal_()
    return network


def mean_squares(network: Hypernetwork) -> torch.Tensor:
    """Of the activations after each target layer, over tasks, rows and units; of a plain MLP too: (2, layers)."""
    layers = network.generated(torch.arange(TASKS))
    plain = [Dense(*pair, last=level == len(layers)) for level, pair in enumerate(network.target_layers, start=1)]
    found, features = [], torch.randn(TASKS, ROWS, 10)
    for mlp in ([layer.apply for layer in layers], plain):
        hidden, squares = features, []
        for level, layer in enumerate(mlp, start=1):
            hidden = layer(hidden)
            hidden = network.hidden.units(hidden) if level < len(mlp) else hidden
            squares.append(hidden.square().mean())
        found.append(torch.stack(squares))
    return torch.stack(found)


def average_mean_squares(metadata: int, **chosen: Any) -> torch.Tensor:
    """(layers,) in units of a plain MLP's."""
    found = []
    for seed in range(SEEDS):
        torch.manual_seed(seed)
        found.append(mean_squares(made(metadata, **chosen)))
    generated, plain = torch.stack(found).mean(dim=0)
    return generated / plain


CORNERS = [
    {"embedding_size": 1},
    {"embedding_size": 8, "metadata": 4, "extractor_layers": 2},
    {"embedding_size": 64, "extractor_layers": 2},
    {"embedding_size": 64, "metadata": 4},
]


@every_compression
@torch.no_grad()
def test_activations_keep_their_size_through_the_depth(compression: str) -> None:
    """Within 0.4 to 2.5 of a plain MLP's (principle: Chang et al., ICLR 2020)."""
    for corner in CORNERS:
        found = average_mean_squares(**{"metadata": 0, **corner, **COMPRESSIONS[compression]})
        assert ((found > 0.4) & (found < 2.5)).all(), (corner, found)


@pytest.mark.parametrize("activation", ["relu", "gelu", "silu", "tanh"])
@torch.no_grad()
def test_activations_keep_their_size_whatever_their_function(activation: Activation) -> None:
    """It halves the mean square of a standard normal."""
    for width in (16, 64):
        found = average_mean_squares(4, width=width, activation=activation)
        assert ((found > 0.4) & (found < 2.5)).all(), (width, found)
    torch.manual_seed(0)
    kept = Hidden(activation).units(torch.randn(1_000_000)).square().mean()
    assert float(kept) == pytest.approx(0.5, abs=0.005)


@every_compression
def test_normalised_layers_are_those_of_torch_and_blocks_of_one_task_are_generated_once(compression: str) -> None:
    network = made(normalisation="layer", depth=1, width=16, **COMPRESSIONS[compression])
    features, task = torch.randn(3, 5, 10), torch.tensor([2, 0, 2])
    (weight, bias), (last_weight, last_bias) = (each.folded() for each in network.generated(task))
    normal = functional.layer_norm(features @ weight + bias.unsqueeze(1), (16,))
    expected = torch.relu(normal) @ last_weight + last_bias.unsqueeze(1)
    torch.testing.assert_close(network(features, task), expected, rtol=1e-4, atol=1e-4)
    network = made(tasks=2, task_bias=True, **COMPRESSIONS[compression])
    features, task = torch.randn(8, 5, 10), torch.tensor([0, 1, 1, 0, 0, 1, 0, 1])
    one_by_one = torch.cat([network(features[block : block + 1], task[block : block + 1]) for block in range(8)])
    torch.testing.assert_close(network(features, task), one_by_one, rtol=1e-4, atol=1e-5)


def test_a_bias_of_a_task_moves_its_outputs_alone_and_tells_tasks_apart_beside_metadata() -> None:
    network = made(task_bias=True)
    features, task = torch.randn(2, 5, 10), torch.tensor([1, 4])
    before = network(features, task)
    with torch.no_grad():
        network.task_bias[4] += 3.0
    torch.testing.assert_close(network(features, task), before + torch.tensor([0.0, 3.0]).reshape(2, 1, 1))
    shape = ProblemShape(features=10, outputs=1, tasks=TASKS, metadata=4)
    without, with_bias = (HypernetworkSettings(task_input="metadata", task_bias=each) for each in (False, True))
    assert [Hypernetwork.traits(shape, each).uses_task for each in (without, with_bias)] == [False, True]
    assert Hypernetwork(shape, with_bias).size().marginal == 1


def test_dropout_acts_in_training_alone_and_differs_between_layers() -> None:
    network = made(dropout=0.5)
    features, task = torch.randn(2, 5, 10), torch.tensor([1, 4])
    with_dropout, again = network(features, task), network(features, task)
    torch.testing.assert_close(with_dropout, again)
    assert not torch.allclose(network.eval()(features, task), with_dropout)
