"""Cross-stitch and sluice networks compute their formulas, with every column's activations written out."""

import torch
from torch import Tensor

from mthn_automl.models.cross_stitch import CrossStitch, CrossStitchSettings
from mthn_automl.models.parts.mixing import start_of_mixing
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.sluice import SUBSPACES, Sluice, SluiceSettings

TASKS, WIDTH, BLOCKS = 4, 6, 5
SHAPE = ProblemShape(features=3, outputs=2, tasks=TASKS)


def shaken(network: torch.nn.Module) -> None:
    """Every parameter drawn at random, in double precision, so that no two columns are alike."""
    torch.manual_seed(0)
    for parameter in network.double().parameters():
        torch.nn.init.normal_(parameter)


def column(network: torch.nn.Module, level: int, which: int, inputs: Tensor) -> Tensor:
    layer = network.layers[level]
    return torch.relu(inputs @ layer.weight[which] + layer.bias[which])


def output(network: CrossStitch | Sluice, task: int, read: Tensor) -> Tensor:
    return read @ network.head_weight[task] + network.head_bias[task]


def of_cross_stitch(network: CrossStitch, row: Tensor, task: int) -> Tensor:
    mixed = [row] * TASKS
    for level, mixing in enumerate([*network.mixing, network.last_mixing]):
        active = [column(network, level, which, mixed[which]) for which in range(TASKS)]
        mixed = [sum(mixing[t, s] * active[s] for s in range(TASKS)) for t in range(TASKS)]
    return output(network, task, mixed[task])


def of_sluice(network: Sluice, row: Tensor, task: int) -> Tensor:
    mixed, read = [row] * TASKS, torch.zeros(WIDTH, dtype=torch.float64)
    for level, mixing in enumerate(network.mixing):
        halves = [half for which in range(TASKS) for half in column(network, level, which, mixed[which]).chunk(2)]
        crossed = [sum(mixing[t, s] * halves[s] for s in range(len(halves))) for t in range(len(halves))]
        mixed = [torch.cat(crossed[SUBSPACES * t : SUBSPACES * (t + 1)]) for t in range(TASKS)]
        read = read + network.layer_share[task, level] * mixed[task]
    return output(network, task, read)


def assert_row_by_row(network: CrossStitch | Sluice, formula: object) -> None:
    features, task = torch.randn(BLOCKS, 2, 3, dtype=torch.float64), torch.tensor([3, 0, 1, 1, 2])
    expected = [[formula(network, row, int(t)) for row in block] for block, t in zip(features, task, strict=True)]
    torch.testing.assert_close(network(features, task), torch.stack([torch.stack(each) for each in expected]))


def test_cross_stitch_and_sluice_networks_are_their_formulas() -> None:
    for depth in (1, 3):
        stitched = CrossStitch(SHAPE, CrossStitchSettings(width=WIDTH, depth=depth))
        sluice = Sluice(SHAPE, SluiceSettings(width=WIDTH, depth=depth))
        for network, formula in ((stitched, of_cross_stitch), (sluice, of_sluice)):
            shaken(network)
            assert_row_by_row(network, formula)


def test_the_penalty_is_of_what_the_weights_of_two_subspaces_share() -> None:
    network = Sluice(SHAPE, SluiceSettings(width=WIDTH, depth=2, orthogonality=0.1))
    shaken(network)
    expected = sum(
        (weight[:, : WIDTH // 2].T @ weight[:, WIDTH // 2 :]).square().sum()
        for layer in network.layers
        for weight in layer.weight
    )
    torch.testing.assert_close(network.penalty(), 0.1 * expected)


def test_mixing_starts_as_a_mean_that_is_mostly_the_own_activations() -> None:
    for sources in (1, 2, 7):
        start = start_of_mixing(sources)
        torch.testing.assert_close(start.sum(dim=1), torch.ones(sources))
        assert (start >= 0.0).all()
        assert (start.diagonal() >= 0.9).all()
