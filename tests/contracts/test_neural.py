"""What every neural architecture must do beside what all architectures do: its parts, its size and its training."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
import torch

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.models.base import Architecture
from mthn_automl.models.parts.layers import layer_widths, mlp_parameters
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.fit import FitResult
from mthn_automl.training.members import Member, Pack, prototype
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.stopping import BestSoFar
from mthn_automl.training.trainer import losses
from tests.contracts import zoo
from tests.contracts.neural import NAMES, builder, built, encoded, fit_members, trained, whole_batch
from tests.contracts.settings import SHAPE, Settings, asked, corners, defaults, points, traits_of

every_model = pytest.mark.parametrize("name", NAMES)


def untrained(name: str, shape: ProblemShape, chosen: Settings) -> Architecture:
    return prototype(lambda given: built(name, given, chosen), shape)


@every_model
def test_training_is_searched_alike_in_all_files_but_for_those_that_say_why(name: str) -> None:
    shared = tomllib.loads((catalogue.folder() / "shared" / "training.toml").read_text())
    assert all("why" in table or table == shared[key] for key, table in catalogue.read(name).training.items())


@every_model
def test_an_untrained_network_is_finite_and_has_the_stated_size(name: str, subtests: pytest.Subtests) -> None:
    for case, chosen in {**points(name), **corners(name)}.items():
        for tasks, metadata in ((40, 4), (6, 4), (1, 4), (6, 0)):
            shape = ProblemShape(features=3, outputs=2, tasks=tasks, metadata=metadata)
            with subtests.test(case, shape=shape):
                model, more = (untrained(name, replace(shape, tasks=count), chosen) for count in (tasks, tasks + 1))
                found = model(torch.randn(tasks, 5, 3), torch.arange(tasks))
                assert found.shape == (tasks, 5, 2)
                assert found.isfinite().all()
                total, with_one_more = (sum(each.numel() for each in made.parameters()) for made in (model, more))
                assert (model.size().total, model.size().marginal) == (total, with_one_more - total)
                assert model.size().task_network > 0


@every_model
def test_where_a_task_has_an_mlp_it_has_the_width_and_depth_chosen(name: str, subtests: pytest.Subtests) -> None:
    for case, chosen in {**points(name), **corners(name)}.items():
        with subtests.test(case):
            model = untrained(name, SHAPE, chosen)
            layers = model.task_networks(torch.tensor([1, 0]))
            assert (layers is not None) == traits_of(name, SHAPE, chosen).mlp_a_task
            if layers is not None:
                expected = layer_widths(SHAPE.features, chosen["width"], chosen["depth"], SHAPE.outputs)
                assert [weight.shape[1:] for weight, _ in layers] == expected
                assert model.size().task_network == mlp_parameters(expected)


def gradients(name: str, data: TrainingData, chosen: Settings, steps: int) -> dict[str, torch.Tensor]:
    """The largest gradient that each value gets in some steps of training over all rows: tensors (1, ...)."""
    pack = Pack.build(builder(name, data.shape, chosen), [0], torch.from_numpy(data.metadata), present_only=False)
    optimiser = torch.optim.AdamW(list(pack.parameters.values()), lr=3e-3)
    largest = {key: torch.zeros_like(value) for key, value in pack.parameters.items()}
    rows = whole_batch(data)
    pack.outputs.training_mode(True)
    stream = np.random.default_rng(0)
    for _ in range(steps):
        optimiser.zero_grad()
        pack.draw([stream])
        one = {key: value.squeeze(0) for key, value in pack.parameters.items()}
        buffers = {key: value.squeeze(0) for key, value in pack.buffers.items()}
        loss, penalty, _ = losses(pack.outputs, data.problem, one, buffers, rows)
        (loss + penalty).sum().backward()
        optimiser.step()
        largest = {key: torch.maximum(each, pack.parameters[key].grad.abs()) for key, each in largest.items()}
    return largest


@every_model
def test_every_parameter_gets_a_gradient_within_five_steps(name: str, subtests: pytest.Subtests) -> None:
    for animal in (zoo.planted, zoo.no_metadata):
        data = encoded(animal())
        for case, chosen in points(name).items():
            with subtests.test(case, animal=animal.__name__):
                found = gradients(name, data, chosen, 5)
                indexed = untrained(name, data.shape, chosen).task_indexed
                assert all(each.any() for each in found.values())
                assert all(found[key][0].flatten(1).any(1).all() for key in indexed & found.keys())


THREE = (Member(0, 5), Member(1, 6), Member(0, 7))


def state_of(result: FitResult, member: int) -> dict[str, FloatArray]:
    pack = result.pack
    return {key: value[member].numpy() for key, value in {**pack.parameters, **pack.buffers}.items()}


def assert_close(found: Mapping[str, FloatArray], expected: Mapping[str, FloatArray]) -> None:
    """One value in a thousand may be apart by a step: AdamW makes one of a gradient that is no more than rounding."""
    assert set(found) == set(expected)
    apart = [~np.isclose(found[key], expected[key], rtol=1e-5, atol=1e-5).ravel() for key in expected]
    assert np.concatenate(apart).mean() <= 1e-3
    step = TrainingSettings().learning_rate
    assert all(np.allclose(found[key], expected[key], rtol=1e-5, atol=step) for key in expected)


@every_model
def test_a_member_equals_a_solo_run_whichever_tasks_are_handed_over(name: str, subtests: pytest.Subtests) -> None:
    shape = encoded(zoo.planted()).shape
    for case, chosen in points(name).items():
        with subtests.test(case):
            stacked, solo = fit_members(name, THREE, chosen), fit_members(name, THREE[1:2], chosen)
            assert_close(state_of(stacked, 1), state_of(solo, 0))
            assert stacked.epochs[1] == solo.epochs[0]
            assert stacked.loss[1] == pytest.approx(solo.loss[0], rel=1e-5)
            if traits_of(name, shape, chosen).cost == "tasks_present":
                assert_close(state_of(stacked, 1), state_of(fit_members(name, THREE, chosen, present_only=False), 1))


@every_model
def test_every_member_equals_a_solo_run_even_when_a_neighbour_leaves(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stacked = fit_members(name, THREE, {}, epochs=4)
    with monkeypatch.context() as patch:
        patch.setattr(BestSoFar, "waiting", lambda self, members, *_: members != 1)
        left = fit_members(name, THREE, {}, epochs=4)
    assert left.epochs[1] == 1
    for member in (0, 2):
        alone = state_of(fit_members(name, THREE[member : member + 1], {}, epochs=4), 0)
        assert_close(state_of(stacked, member), alone)
        assert_close(state_of(left, member), alone)


@every_model
def test_a_member_is_trained_as_alone_beside_members_with_more_blocks(name: str) -> None:
    """What dropout takes from a row does not depend on how far the pack's batches are padded."""
    dataset, chosen = zoo.one_row_tasks(), asked(name, {**defaults(name), "dropout": 0.4})
    data = encoded(dataset, (np.arange(len(dataset)) > 14).astype(np.int64))
    build, cost = builder(name, data.shape, chosen), traits_of(name, data.shape, chosen).cost
    together, alone = (
        trained(data, build, members, batch=8, present_only=cost == "tasks_present")
        for members in ([Member(1, 5), Member(0, 6)], [Member(1, 5)])
    )
    assert_close(state_of(together, 0), state_of(alone, 0))
