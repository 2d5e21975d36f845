"""Masks leave out the share that was asked for, look random in every direction, and are a member's own."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from mthn_automl.models.hard_sharing import HardSharing, HardSharingSettings
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.fit import FitResult
from mthn_automl.training.members import Member
from tests.contracts import zoo
from tests.contracts.neural import encoded
from tests.contracts.neural import trained as train

ROWS, WIDTH = 1000, 64
VALUES = ROWS * WIDTH
NOISE = 5.0
"""Standard deviations that chance may explain: fewer than one in a million."""

DRAWS = np.random.default_rng(0).integers(2**31, size=8).tolist()


def mask_of(share: float, draw: int, site: int = 0) -> Tensor:
    """(rows, width): what becomes of ones."""
    dropout = Dropout(share)
    dropout.draw = torch.tensor(draw, dtype=torch.int32)
    return dropout(torch.ones(ROWS, WIDTH), site)


def kept(share: float, draw: int, site: int = 0) -> Tensor:
    """(rows, width): 1 where a value is kept, else 0."""
    return (mask_of(share, draw, site) > 0).double()


def deviations(first: Tensor, second: Tensor) -> float:
    """Of the correlation of two masks from none."""
    correlation = torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1]
    return abs(float(correlation)) * first.numel() ** 0.5


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_the_share_that_was_asked_for_is_left_out_of_every_unit_and_row_and_the_mean_is_kept(share: float) -> None:
    """Chi squared of the counts stays within its noise: none is left out more often than chance would have it."""
    spread, masks = (share * (1 - share) / VALUES) ** 0.5, []
    for draw in DRAWS:
        values = mask_of(share, draw)
        assert float((values == 0).double().mean()) == pytest.approx(share, abs=NOISE * spread)
        assert float(values.mean()) == pytest.approx(1.0, abs=NOISE * spread / (1 - share))
        torch.testing.assert_close(values.max(), torch.tensor(1 / (1 - share)))
        masks.append((values > 0).double())
    for other, left in (((0, 1), WIDTH), ((0, 2), ROWS)):
        count = VALUES * len(DRAWS) / left
        squared = (torch.stack(masks).mean(other) - (1 - share)).square().sum() * count / (share * (1 - share))
        assert abs(float(squared) - left) < NOISE * (2 * left) ** 0.5


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5])
def test_masks_of_neighbouring_values_of_different_draws_and_of_different_sites_are_uncorrelated(share: float) -> None:
    mask = kept(share, DRAWS[0])
    for apart in (1, 2, 3, 8, WIDTH - 1, WIDTH, WIDTH + 1, 2 * WIDTH, 100 * WIDTH):
        assert deviations(mask.flatten()[apart:], mask.flatten()[:-apart]) < NOISE, apart
    for first, second in [*pairwise(DRAWS), (0, 1), (5, 6), (0, 2**31 - 1)]:
        assert deviations(kept(share, first), kept(share, second)) < NOISE, (first, second)
    for first, second in [(0, 1), (1, 2), (0, 5)]:
        assert deviations(kept(share, DRAWS[0], first), kept(share, DRAWS[0], second)) < NOISE, (first, second)


def test_masks_that_a_member_draws_one_after_another_are_uncorrelated() -> None:
    random, network = np.random.default_rng(3), HardSharing(data().shape, HardSharingSettings(dropout=0.5))
    draws = [network.draw(random)["trunk.dropout.draw"] for _ in range(6)]
    masks = [kept(0.5, int(each)) for each in draws]
    assert max(deviations(*pair) for pair in pairwise(masks)) < NOISE


def test_the_same_draw_gives_the_same_mask_and_without_training_or_a_share_there_is_none() -> None:
    assert torch.equal(kept(0.3, 17, 2), kept(0.3, 17, 2))
    values, none = torch.randn(ROWS, WIDTH), Dropout(0.0)
    assert torch.equal(Dropout(0.5).eval()(values), values)
    assert torch.equal(none(values), values)
    assert not list(none.buffers())
    ones = torch.ones(20, 5, requires_grad=True)
    out = Dropout(0.3)(ones)
    out.sum().backward()
    torch.testing.assert_close(ones.grad, out.detach())  # gradients pass where values are kept


def data() -> TrainingData:
    dataset = zoo.planted()
    return encoded(dataset, np.arange(len(dataset)) % 2)


def trained(members: list[Member], dropout: float) -> FitResult:
    given, settings = data(), HardSharingSettings(width=16, depth=2, dropout=dropout)
    return train(given, lambda: HardSharing(given.shape, settings), members, epochs=4)


MEMBERS = [Member(0, 5), Member(1, 6), Member(0, 7)]


def test_a_member_of_a_pack_is_trained_as_it_would_be_alone_and_otherwise_than_without_dropout() -> None:
    stacked = trained(MEMBERS, 0.3)
    for index, member in enumerate(MEMBERS):
        alone = trained([member], 0.3)
        for name, expected in {**alone.pack.parameters, **alone.pack.buffers}.items():
            found = {**stacked.pack.parameters, **stacked.pack.buffers}[name][index]
            torch.testing.assert_close(found, expected[0], rtol=1e-4, atol=1e-5)
        assert stacked.loss[index] == pytest.approx(alone.loss[0], rel=1e-5)
    without = trained(MEMBERS[:1], 0.0).pack.parameters["head_weight"][0]
    assert float((stacked.pack.parameters["head_weight"][0] - without).abs().max()) > 1e-3
