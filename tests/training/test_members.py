"""Packs: members start from their own seeds, are computed as each alone would be, and can be taken apart."""

from typing import Any, ClassVar

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from mthn_automl.models.base import Architecture, Size, Traits
from mthn_automl.models.hard_sharing import HardSharing, HardSharingSettings
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.members import Outputs, Pack, prototype

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


def test_each_member_starts_from_its_own_seed_and_leaves_the_global_random_numbers_alone() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEEDS[1])
        expected = build_toy()
    before = torch.get_rng_state()
    pack = toy_pack()
    prototype(Toy, SHAPE)
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(pack.parameters["weight"][1], expected.weight)
    assert torch.equal(pack.parameters["own.offset"][1], expected.own.offset)
    assert torch.equal(pack.buffers["shift"][1], expected.shift)


@pytest.mark.parametrize("present_only", [True, False], ids=["tasks present", "all tasks"])
def test_a_pack_computes_what_each_member_would_alone(present_only: bool) -> None:
    features, task = inputs()
    pack = toy_pack(present_only=present_only)
    output, penalty = pack(features, task)
    for member in range(len(SEEDS)):
        torch.testing.assert_close(output[member], alone(member)(features[member], task[member]))
        torch.testing.assert_close(penalty[member], alone(member).penalty())
    assert torch.equal(pack.buffers["metadata"], toy_pack().buffers["metadata"])


def test_an_architecture_is_given_other_tensors_as_by_torch_and_has_its_own_again() -> None:
    """An attribute of an object hides a parameter or buffer of a module, at any depth."""
    toy, other, (features, task) = alone(0), alone(1), inputs()
    before = toy(features[0], task[0])
    expected = functional_call(toy, dict(other.state_dict()), (features[0], task[0]))
    tensors = dict(other.named_parameters()), dict(other.named_buffers())
    with Outputs(toy).given(*tensors) as given:
        assert torch.equal(given(features[0], task[0]), expected)
    with pytest.raises(RuntimeError), Outputs(toy).given(*tensors) as given:
        given(features[0], task[0][:2])
    assert torch.equal(toy(features[0], task[0]), before)
    assert not torch.equal(before, expected)


def test_a_pack_that_was_just_trained_computes_without_dropout() -> None:
    def build() -> HardSharing:
        return HardSharing(SHAPE, HardSharingSettings(dropout=0.5))

    pack = Pack.build(build, SEEDS, toy_pack().buffers["metadata"], present_only=True)
    expected, _ = pack(*inputs())
    pack.outputs.training_mode(True)
    assert torch.equal(pack(*inputs())[0], expected)


def test_members_and_tasks_that_an_output_does_not_depend_on_get_no_gradient() -> None:
    pack = toy_pack()
    pack(*inputs())[0][1].square().sum().backward()
    assert [bool(each.any()) for each in pack.parameters["weight"].grad] == [False, True, False]
    pack = toy_pack()
    pack(*inputs())[0].sum().backward()
    touched = pack.parameters["own.offset"].grad.any(dim=2)
    assert touched.tolist() == [[True, True, False, True], [True, False, False, False], [True, True, True, True]]


def test_a_selection_computes_what_its_members_did_shares_no_memory_and_can_be_trained() -> None:
    pack, (features, task) = toy_pack(), inputs()
    expected = pack(features, task)[0].detach()
    for kept in ([0], [2, 0], [0, 1, 2]):
        chosen = pack.select(torch.tensor(kept))
        assert len(chosen) == len(kept)
        torch.testing.assert_close(chosen(features[kept], task[kept])[0], expected[kept])
        assert all(value.requires_grad and value.is_leaf for value in chosen.parameters.values())
        chosen.parameters["weight"].detach().zero_()
        chosen.buffers["shift"].zero_()
    assert torch.equal(pack(features, task)[0], expected)


def test_a_new_task_is_the_mean_of_the_known_ones_with_its_own_metadata_and_changes_nothing_for_these() -> None:
    pack, (features, task) = toy_pack(), inputs()
    more = pack.with_tasks(torch.cat([pack.buffers["metadata"], torch.full((3, 2, 2), 0.5)], dim=1))
    found, _ = more(features[:, :1], torch.full((3, 1), 5))
    own = (pack.parameters["own.offset"].mean(1) + pack.buffers["shift"].mean(1)).reshape(3, 1, 1, 2)
    described = (torch.full((3, 1, 2), 0.5) @ pack.parameters["described"]).unsqueeze(1)
    expected = features[:, :1] @ pack.parameters["weight"].unsqueeze(1) + described + own
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(more(features, task)[0], pack(features, task)[0])
    same = pack.with_tasks(pack.buffers["metadata"])
    shapes = [{key: value.shape for key, value in each.parameters.items()} for each in (same, pack)]
    assert shapes[0] == shapes[1]


def test_the_size_counts_trainable_parameters_only_and_a_hook_that_is_not_there_is_not_called() -> None:
    assert build_toy().size() == Size(total=3 * 2 + 2 * 2 + 4 * 2, task_network=8, marginal=2)
    pack = toy_pack()
    buffers = pack.buffers
    pack.after_epoch()
    assert pack.buffers is buffers
