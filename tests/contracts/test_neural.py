"""What every neural architecture must do, by being in the catalogue.

One fit of a model on a data set answers all questions about it (`neural.fitted`); settings and data sets are loops
inside a property, each of which is reported by itself.
"""

import hashlib
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset, FloatArray, TaskTable
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.model_folder import read_model, write_model
from mthn_automl.models.base import ProblemShape
from mthn_automl.models.parts.layers import layer_widths, mlp_parameters
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.fit import FitResult
from mthn_automl.training.members import Member, Pack, prototype
from mthn_automl.training.networks import Networks
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.stopping import BestSoFar
from mthn_automl.training.trainer import losses
from mthn_automl.tuning.final import Refitted
from tests.contracts import zoo
from tests.contracts.neural import (
    NAMES,
    builder,
    built,
    encoded,
    fit_members,
    fit_networks,
    fitted,
    trained,
    whole_batch,
)
from tests.contracts.settings import (
    SHAPE,
    Settings,
    asked,
    assert_first_trials_are_complete_and_lie_within_the_ranges,
    class_of,
    corners,
    defaults,
    points,
    points_of_animals,
    space_of,
    telling,
    traits_of,
)

every_model = pytest.mark.parametrize("name", NAMES)


def assert_sound(predicted: FloatArray, dataset: Dataset) -> None:
    assert predicted.shape == (len(dataset), dataset.schema.outputs)
    assert predicted.dtype == np.float64
    assert np.isfinite(predicted).all()
    if dataset.schema.classes:
        assert ((predicted >= 0) & (predicted <= 1)).all()
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, rtol=1e-12)


def assert_near(found: FloatArray, expected: FloatArray) -> None:
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@every_model
def test_the_file_names_the_settings_and_no_other(name: str) -> None:
    declared, file = fields(class_of(name).Settings), catalogue.read(name)
    assert {each.name for each in declared} == set(file.parameters)
    assert all(each.default is not MISSING for each in declared)
    assert set(file.training) == {each.name for each in fields(TrainingSettings)}


@every_model
def test_training_is_searched_alike_in_all_files_but_for_those_that_say_why(name: str) -> None:
    shared = tomllib.loads((catalogue.folder() / "shared" / "training.toml").read_text())
    assert all("why" in table or table == shared[key] for key, table in catalogue.read(name).training.items())


@every_model
def test_defaults_lie_within_the_ranges_and_first_trials_are_complete(name: str) -> None:
    assert_first_trials_are_complete_and_lie_within_the_ranges(name)


@every_model
def test_predictions_are_sound_for_any_rows_of_any_data(name: str, subtests: pytest.Subtests) -> None:
    """Those of training, of tasks never seen, none at all, and those whose metadata are missing."""
    for case, animal, chosen in points_of_animals(name):
        with subtests.test(case):
            dataset, model = animal(), fitted(name, animal, chosen, epochs=1)
            new = zoo.of_new_tasks(dataset)
            for rows in (dataset, new, dataset.take(np.zeros(0, dtype=np.int64)), new.without_metadata()):
                assert_sound(model.predict(rows), rows)


@every_model
def test_an_untrained_network_is_finite_and_has_the_stated_size(name: str, subtests: pytest.Subtests) -> None:
    for case, chosen in {**points(name), **corners(name)}.items():
        for tasks, metadata in ((40, 4), (6, 4), (1, 4), (6, 0)):
            shape = ProblemShape(features=3, outputs=2, tasks=tasks, metadata=metadata)
            with subtests.test(case, shape=shape):
                model, more = (
                    prototype(lambda given, chosen=chosen: built(name, given, chosen), each)
                    for each in (shape, replace(shape, tasks=tasks + 1))
                )
                found = model(torch.randn(tasks, 5, 3), torch.arange(tasks))
                assert found.shape == (tasks, 5, 2)
                assert found.isfinite().all()
                total, with_one_more = (sum(each.numel() for each in made.parameters()) for made in (model, more))
                assert model.size().total == total
                assert model.size().marginal == with_one_more - total
                assert model.size().task_network > 0


@every_model
def test_where_a_task_has_an_mlp_it_is_one_of_the_width_and_depth_that_were_chosen(
    name: str, subtests: pytest.Subtests
) -> None:
    for case, chosen in {**points(name), **corners(name)}.items():
        with subtests.test(case):
            model = prototype(lambda given, chosen=chosen: built(name, given, chosen), SHAPE)
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
                indexed = prototype(lambda given, chosen=chosen: built(name, given, chosen), data.shape).task_indexed
                assert all(each.any() for each in found.values())
                assert all(found[key][0].flatten(1).any(1).all() for key in indexed & found.keys())


@every_model
def test_a_row_predicts_the_same_alone_as_in_a_batch(name: str, subtests: pytest.Subtests) -> None:
    dataset = zoo.missing_values()
    for case, chosen in points(name).items():
        with subtests.test(case):
            model = fitted(name, zoo.missing_values, chosen)
            rows = range(0, len(dataset), 5)
            alone = np.concatenate([model.predict(dataset.take(np.array([row]))) for row in rows])
            assert_near(alone, model.predict(dataset)[::5])


def of_equal_metadata() -> Dataset:
    dataset = zoo.planted()
    return dataset.with_metadata_of(np.zeros(len(dataset.tasks), dtype=np.int64))


def of_permuted_metadata() -> Dataset:
    dataset = zoo.planted()
    return dataset.with_metadata_of(np.roll(np.arange(len(dataset.tasks)), 1))


@every_model
def test_tasks_and_metadata_change_predictions_exactly_when_they_are_used(name: str, subtests: pytest.Subtests) -> None:
    dataset, alike = zoo.planted(), of_equal_metadata()
    shape = encoded(dataset).shape
    for case, chosen in telling(name).items():
        with subtests.test(case):
            used = traits_of(name, shape, chosen)
            predicted = fitted(name, zoo.planted, chosen).predict(zoo.of_every_task(dataset))
            assert (np.ptp(predicted) > 1e-6) == (used.uses_task or used.uses_metadata)
            predicted = fitted(name, of_equal_metadata, chosen).predict(zoo.of_every_task(alike))
            assert (np.ptp(predicted) > 1e-6) == used.uses_task
            other = fitted(name, of_permuted_metadata, chosen).predict(of_permuted_metadata())
            change = other - fitted(name, zoo.planted, chosen).predict(dataset)
            assert (np.abs(change).max() > 1e-6) == used.uses_metadata


@every_model
def test_renaming_tasks_changes_nothing(name: str, subtests: pytest.Subtests) -> None:
    for animal in (zoo.planted, zoo.multiclass, zoo.missing_values, zoo.one_row_tasks):
        with subtests.test(animal.__name__):
            dataset, other = animal(), zoo.renamed(animal())
            expected = fitted(name, animal).predict(dataset)
            np.testing.assert_array_equal(fit_networks(name, other).predict(other), expected)


def reordered(pack: Pack, order: torch.Tensor) -> Pack:
    """Task t is given what task order[t] has of its own, parameters and metadata."""
    indexed = pack.prototype.task_indexed | {"metadata"}
    parameters, buffers = (
        {key: value[:, order] if key in indexed else value for key, value in state.items()}
        for state in (pack.parameters, pack.buffers)
    )
    return Pack(pack.prototype, parameters, buffers, present_only=pack.present_only)


@every_model
def test_tasks_reordered_with_their_parameters_permute_the_predictions(name: str, subtests: pytest.Subtests) -> None:
    dataset = zoo.planted()
    order = torch.arange(len(dataset.tasks)).flip(0)
    for case, chosen in points(name).items():
        with subtests.test(case):
            model = fitted(name, zoo.planted, chosen)
            other = replace(model, pack=reordered(model.pack, order))
            assert_near(other.predict(zoo.renumbered(dataset)), model.predict(dataset))


@every_model
def test_an_unseen_task_is_an_average_task_with_its_own_metadata(name: str, subtests: pytest.Subtests) -> None:
    """Its predictions are those of task 0 given the mean of all tasks' parameters and the metadata of task 2."""
    dataset = zoo.planted()
    tasks = dataset.tasks.joined(TaskTable(("new",), dataset.tasks.metadata.take(np.array([2]))))
    first = np.zeros(len(dataset), dtype=np.int64)
    for case, chosen in points(name).items():
        with subtests.test(case):
            model = fitted(name, zoo.planted, chosen)
            expected = replace(model, pack=with_average_first(model.pack)).predict(replace(dataset, task=first))
            assert_near(model.predict(replace(dataset, task=first + len(dataset.tasks), tasks=tasks)), expected)


def with_average_first(pack: Pack) -> Pack:
    """Task 0 has the mean of all tasks' parameters, and the metadata of task 2."""
    parameters, buffers = (
        {key: value.clone() for key, value in state.items()} for state in (pack.parameters, pack.buffers)
    )
    for key in pack.prototype.task_indexed:
        state = parameters if key in parameters else buffers
        state[key][:, 0] = state[key].mean(dim=1)
    buffers["metadata"][:, 0] = buffers["metadata"][:, 2]
    return Pack(pack.prototype, parameters, buffers, present_only=False)


@cache
def weights(name: str) -> str:
    """A fingerprint of every value of a network that was trained from a fixed seed."""
    pack = fit_networks(name, zoo.missing_values(), seed=11).pack
    values = b"".join(value.numpy().tobytes() for value in (*pack.parameters.values(), *pack.buffers.values()))
    return hashlib.sha256(values).hexdigest()


@every_model
def test_the_same_seed_gives_the_same_weights_and_another_seed_gives_others(
    name: str, subtests: pytest.Subtests
) -> None:
    dataset = zoo.planted()
    for case, chosen in corners(name).items():
        with subtests.test(case):
            first, again, other = (
                fit_networks(name, dataset, chosen, seed=seed, epochs=1).predict(dataset) for seed in (3, 3, 4)
            )
            np.testing.assert_array_equal(first, again)
            assert np.abs(first - other).max() > 1e-6


@every_model
def test_weights_depend_on_no_other_random_numbers_and_leave_these_alone(name: str) -> None:
    first = weights(name)
    with torch.random.fork_rng(devices=[]):
        torch.rand(7)
        before = np.random.get_state(legacy=False), torch.get_rng_state()
        assert weights.__wrapped__(name) == first
        fitted(name, zoo.multiclass).predict(zoo.of_new_tasks(zoo.multiclass()))
        after = np.random.get_state(legacy=False), torch.get_rng_state()
    np.testing.assert_equal(after[0], before[0])
    assert torch.equal(after[1], before[1])


def save(folder: Path, name: str, model: Networks, dataset: Dataset) -> None:
    refitted = Refitted(name, model, 0.0, stopped_by_time=False, notes=())
    write_model(folder, refitted, catalogue.read(name), {}, dataset, {})


@every_model
def test_a_stored_model_predicts_the_same_and_states_what_it_stores(
    name: str, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for animal in zoo.ZOO:
        with subtests.test(animal.__name__):
            dataset, model = animal(), fitted(name, animal)
            save(tmp_path / animal.__name__, name, model, dataset)
            loaded, rows = read_model(tmp_path / animal.__name__).model, zoo.of_new_tasks(dataset)
            np.testing.assert_array_equal(loaded.predict(dataset), model.predict(dataset))
            np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))
            assert loaded.size() == model.size()
            assert model.size().total == sum(value.numel() for value in loaded.pack.parameters.values())


IN_A_NEW_PROCESS = """
import json, sys, numpy, torch
from pathlib import Path
from mthn_automl import load_model
from tests.contracts import zoo
from tests.contracts.test_neural import NAMES, weights
torch.set_num_threads(1)
folder = Path(sys.argv[1])
for name in NAMES:
    numpy.save(folder / f"{name}.npy", load_model(folder / name).model.predict(zoo.missing_values()))
(folder / "weights.json").write_text(json.dumps({name: weights(name) for name in NAMES}))
"""


@pytest.fixture(scope="module")
def new_process(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which a new process left what it made of stored models of all architectures."""
    folder, dataset = tmp_path_factory.mktemp("models"), zoo.missing_values()
    for name in NAMES:
        save(folder / name, name, fitted(name, zoo.missing_values), dataset)
    command = [sys.executable, "-W", "error", "-c", IN_A_NEW_PROCESS, str(folder)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    return folder


@every_model
def test_a_new_process_predicts_the_same_and_learns_the_same_from_a_seed(name: str, new_process: Path) -> None:
    expected = fitted(name, zoo.missing_values).predict(zoo.missing_values())
    np.testing.assert_array_equal(np.load(new_process / f"{name}.npy"), expected)
    assert json.loads((new_process / "weights.json").read_text())[name] == weights(name)


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
def test_a_member_of_a_pack_equals_a_solo_run_whichever_tasks_are_handed_over(
    name: str, subtests: pytest.Subtests
) -> None:
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
def test_every_member_of_a_pack_equals_a_solo_run_even_when_a_neighbour_leaves(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    solo = {member: state_of(fit_members(name, THREE[member : member + 1], {}, epochs=4), 0) for member in (0, 2)}
    stacked = fit_members(name, THREE, {}, epochs=4)
    monkeypatch.setattr(BestSoFar, "waiting", lambda self, members, epoch, patience: members != 1)
    left = fit_members(name, THREE, {}, epochs=4)
    assert left.epochs[1] == 1
    for member, expected in solo.items():
        assert_close(state_of(stacked, member), expected)
        assert_close(state_of(left, member), expected)


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


def columns(dataset: Dataset) -> FloatArray:
    """What is to be predicted, a column an output: classes as zeros and ones."""
    if dataset.schema.problem is Problem.REGRESSION:
        return dataset.target
    return np.eye(dataset.schema.outputs)[dataset.target[:, 0].astype(int)]


def relative_error(name: str, dataset: Dataset, held: FloatArray, chosen: Settings, epochs: int) -> float:
    """Squared error on rows held out, each output in units of its variance, relative to that of the task means."""
    training, test = dataset.take(np.flatnonzero(~held)), dataset.take(np.flatnonzero(held))
    truth, known = columns(test), columns(training)
    means = np.stack([known[training.task == task].mean(axis=0) for task in range(len(dataset.tasks))])
    predicted = fit_networks(name, training, chosen, epochs=epochs, batch=256).predict(test)
    model, mean = (np.mean((each - truth) ** 2 / known.var(axis=0)) for each in (predicted, means[test.task]))
    return float(model / mean)


@every_model
def test_one_of_its_first_trials_learns_a_planted_signal_better_than_the_task_mean(name: str) -> None:
    dataset = zoo.planted()
    held = np.arange(len(dataset)) % 14 >= 10
    assert any(relative_error(name, dataset, held, start, 80) < 0.5 for start in space_of(name).starts)


@every_model
def test_it_learns_every_kind_of_problem_better_than_the_task_mean(name: str, subtests: pytest.Subtests) -> None:
    for animal in (zoo.several_targets, zoo.binary, zoo.multiclass):
        with subtests.test(animal.__name__):
            dataset = animal()
            held = np.arange(len(dataset)) % 4 == 3
            assert any(relative_error(name, dataset, held, start, 40) < 0.9 for start in space_of(name).starts[:2])
