"""Masks that really roam: each task keeps as many units active, and has used all of them in the end."""

from functools import partial

import torch
from torch import Tensor

from mthn_automl.models.maximum_roaming import MaximumRoaming, MaximumRoamingSettings, draw_roam, mask_after
from mthn_automl.training.members import Member
from tests.contracts import zoo
from tests.contracts.neural import encoded, trained

SETTINGS = MaximumRoamingSettings(active_share=0.25, roaming_every=2, width=16, depth=2)
ACTIVE, TASKS = 4, 12
SWAPS = SETTINGS.width - ACTIVE
DATA = encoded(zoo.planted())


def masks_after(epochs: int, seeds: tuple[int, ...] = (0, 1)) -> Tensor:
    """(members, tasks, depth, width), after training for so many epochs."""
    members = [Member(0, seed) for seed in seeds]
    build = partial(MaximumRoaming, DATA.shape, SETTINGS)
    return trained(DATA, build, members, batch=168, epochs=epochs, check_every=max(epochs, 1)).pack.buffers["mask"]


def roamed() -> Tensor:
    """(swaps, tasks, depth, width): the mask after each number of swaps, and some beyond the last."""
    torch.manual_seed(0)
    roam = draw_roam(TASKS, SETTINGS.depth, SETTINGS.width, ACTIVE)
    return torch.stack([mask_after(roam, torch.tensor(float(swaps))) for swaps in range(SWAPS + 5)])


def test_training_swaps_one_unit_a_layer_until_every_unit_was_active_and_then_stays() -> None:
    """As many are active at any time."""
    last, every = SWAPS * SETTINGS.roaming_every, SETTINGS.roaming_every
    visited_at = torch.stack([masks_after(epochs) for epochs in range(0, last + 1, every)])
    assert torch.equal(visited_at[0], masks_after(every - 1))
    assert ((visited_at[1:3] - visited_at[:2]).abs().sum(dim=4) == 2).all()
    assert (visited_at.sum(dim=4) == ACTIVE).all()
    assert visited_at.amax(dim=0).all()
    assert torch.equal(visited_at[-1], masks_after(last + 4))
    first, second = masks_after(3)  # members and tasks go on ways of their own
    assert not torch.equal(first, second)
    assert len(first[:, 0].unique(dim=0)) > 1


def test_each_swap_takes_a_unit_that_was_never_used_for_any_of_those_in_use() -> None:
    """Some go at the first swap after they came, some units of the start outlast them."""
    masks = roamed()
    for swaps in range(1, SWAPS + 1):
        new = (masks[swaps] > masks[swaps - 1]).float()
        assert (new.sum(dim=2) == 1).all()
        assert not (new * masks[:swaps].amax(dim=0)).any()
    came = masks[1] > masks[0]
    assert (came & (masks[2] == 0)).any()
    assert (masks[0].bool() & masks[-1].bool()).any()
