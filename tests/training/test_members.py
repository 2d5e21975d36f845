"""Packs: members start from their own seeds, are computed as each alone would be, and can be taken apart."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, ProblemShape, Size, Traits
from mthn_automl.models.hard_sharing import HardSharing, HardSharingSettings
from mthn_automl.training.members import Pack, prototype

SHAPE = ProblemShape(features=3, outputs=2, tasks=4, metadata=2)
SEEDS = (5, 6, 7)


class Nested(nn.Module):
    def __init__(self, tasks: int) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.randn(tasks, 2))


class Toy(Architecture):
    """y = x W + metadata V + an offset and a fixed shift a task; the task's own lie in a part and in a buffer."""

    Settings: ClassVar[type] = object

    def __init__(self, shape: ProblemShape) -> None:
        super().__init__(shape)
        self.weight = nn.Parameter(torch.randn(shape.features, shape.outputs))
        self.described = nn.Parameter(torch.randn(shape.metadata, shape.outputs))
        self.own = Nested(shape.tasks)
        self.register_buffer("shift", torch.randn(shape.tasks, 1))
        self.task_indexed = frozenset({"own.offset", "shift"})

    @classmethod
    def traits(cls, shape: ProblemShape, settings: Any) -> Traits:
        return Traits(uses_task=True, uses_metadata=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        mine = self.metadata.index_select(0, task) @ self.described + self.own.offset.index_select(0, task)
        return features @ self.weight + (mine + self.shift.index_select(0, task)).unsqueeze(1)

    def task_network_parameters(self) -> int:
        return 3 * 2 + 2

    def penalty(self) -> Tensor:
        return self.weight.square().sum()


def build_toy() -> Toy:
    return Toy(SHAPE)


def toy_pack(*, present_only: bool = True) -> Pack:
    metadata = torch.randn(len(SEEDS), SHAPE.tasks, 2, generator=torch.Generator().manual_seed(1))
    return Pack.build(build_toy, SEEDS, metadata, present_only=present_only)


def inputs() -> tuple[Tensor, Tensor]:
    """Five blocks a member, tasks repeated and out of order, other ones for each member."""
    source = torch.Generator().manual_seed(2)
    features = torch.randn(len(SEEDS), 5, 6, 3, generator=source)
    return features, torch.tensor([[3, 1, 1, 0, 3], [0, 0, 0, 0, 0], [2, 3, 1, 0, 2]])


def alone(member: int) -> Toy:
    """The module that a member stands for."""
    pack = toy_pack()
    toy = prototype(Toy, SHAPE)
    state = {**pack.parameters, **pack.buffers}
    toy.load_state_dict({name: value.detach()[member] for name, value in state.items()})
    return toy


def test_each_member_starts_from_its_own_seed() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEEDS[1])
        expected = build_toy()
    pack = toy_pack()
    assert torch.equal(pack.parameters["weight"][1], expected.weight)
    assert torch.equal(pack.parameters["own.offset"][1], expected.own.offset)
    assert torch.equal(pack.buffers["shift"][1], expected.shift)


def build_pack() -> object:
    return toy_pack()


def build_prototype() -> object:
    return prototype(Toy, SHAPE)


@pytest.mark.parametrize("make", [build_pack, build_prototype])
def test_building_leaves_the_global_random_numbers_alone(make: Callable[[], object]) -> None:
    before = torch.get_rng_state()
    make()
    assert torch.equal(torch.get_rng_state(), before)


def test_the_metadata_are_those_given() -> None:
    pack = toy_pack()
    assert pack.buffers["metadata"].shape == (3, 4, 2)
    assert pack.buffers["metadata"].any()


@pytest.mark.parametrize("present_only", [True, False])
@pytest.mark.parametrize("member", range(3))
def test_a_pack_computes_what_each_member_would_alone(member: int, present_only: bool) -> None:
    features, task = inputs()
    output, penalty = toy_pack(present_only=present_only)(features, task)
    torch.testing.assert_close(output[member], alone(member)(features[member], task[member]))
    torch.testing.assert_close(penalty[member], alone(member).penalty())


def test_a_pack_that_was_just_trained_computes_without_dropout() -> None:
    def build() -> HardSharing:
        return HardSharing(SHAPE, HardSharingSettings(dropout=0.5))

    pack = Pack.build(build, SEEDS, toy_pack().buffers["metadata"], present_only=True)
    expected, _ = pack(*inputs())
    pack.outputs.training_mode(True)
    assert torch.equal(pack(*inputs())[0], expected)


def test_a_member_gets_no_gradient_from_its_neighbours() -> None:
    pack = toy_pack()
    output, _ = pack(*inputs())
    output[1].square().sum().backward()
    assert [bool(each.any()) for each in pack.parameters["weight"].grad] == [False, True, False]


def test_only_tasks_at_hand_get_a_gradient() -> None:
    pack = toy_pack()
    output, _ = pack(*inputs())
    output.sum().backward()
    touched = pack.parameters["own.offset"].grad.any(dim=2)
    assert touched.tolist() == [[True, True, False, True], [True, False, False, False], [True, True, True, True]]


@pytest.mark.parametrize("kept", [[0], [2, 0], [0, 1, 2]])
def test_a_selection_computes_what_its_members_did(kept: list[int]) -> None:
    features, task = inputs()
    pack = toy_pack()
    chosen = pack.select(torch.tensor(kept))
    assert len(chosen) == len(kept)
    torch.testing.assert_close(chosen(features[kept], task[kept])[0], pack(features, task)[0][kept])


def test_a_selection_shares_no_memory_and_can_be_trained() -> None:
    pack = toy_pack()
    before = pack.parameters["weight"].detach().clone()
    chosen = pack.select(torch.tensor([0, 1, 2]))
    assert all(value.requires_grad and value.is_leaf for value in chosen.parameters.values())
    chosen.parameters["weight"].detach().zero_()
    chosen.buffers["shift"].zero_()
    assert torch.equal(pack.parameters["weight"], before)
    assert pack.buffers["shift"].any()


def test_a_new_task_is_the_mean_of_the_known_ones_with_its_own_metadata() -> None:
    pack = toy_pack()
    metadata = torch.cat([pack.buffers["metadata"], torch.full((3, 2, 2), 0.5)], dim=1)
    more = pack.with_tasks(metadata)
    features = inputs()[0][:, :1]
    found, _ = more(features, torch.full((3, 1), 5))
    own = (pack.parameters["own.offset"].mean(1) + pack.buffers["shift"].mean(1)).reshape(3, 1, 1, 2)
    described = (torch.full((3, 1, 2), 0.5) @ pack.parameters["described"]).unsqueeze(1)
    expected = features @ pack.parameters["weight"].unsqueeze(1) + described + own
    torch.testing.assert_close(found, expected)


def test_new_tasks_change_nothing_for_the_known_ones() -> None:
    pack = toy_pack()
    more = pack.with_tasks(torch.cat([pack.buffers["metadata"], torch.ones(3, 1, 2)], dim=1))
    torch.testing.assert_close(more(*inputs())[0], pack(*inputs())[0])


def test_without_a_new_task_nothing_changes() -> None:
    pack = toy_pack()
    same = pack.with_tasks(pack.buffers["metadata"])
    assert {name: value.shape for name, value in same.parameters.items()} == {
        name: value.shape for name, value in pack.parameters.items()
    }


def test_the_size_counts_trainable_numbers_only() -> None:
    assert build_toy().size() == Size(total=3 * 2 + 2 * 2 + 4 * 2, task_network=8, marginal=2)


def test_the_hook_after_an_epoch_is_not_called_where_there_is_none() -> None:
    pack = toy_pack()
    buffers = pack.buffers
    pack.after_epoch()
    assert pack.buffers is buffers
