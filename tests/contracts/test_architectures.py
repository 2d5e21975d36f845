"""What every architecture must do, by being in the catalogue.

One fit of a model on a data set answers all questions about it (`fitted`); settings and data sets are loops inside a
property, each of which is reported by itself.
"""

import hashlib
import json
import math
import subprocess
import sys
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.model_folder import read_model, write_model
from mthn_automl.models.base import Classical, Growth, Size
from mthn_automl.models.parts.probabilities import Classes
from mthn_automl.training.fit import drained
from mthn_automl.training.members import Pack
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.tuning.arrays import to_parts
from mthn_automl.tuning.trial_model import TrialModel
from tests.contracts import zoo
from tests.contracts.neural import NAMES as NETWORKS
from tests.contracts.neural import encoded, fit_networks
from tests.contracts.settings import (
    Animal,
    Settings,
    asked,
    class_of,
    corners,
    defaults,
    points,
    points_of_animals,
    space_of,
    suited,
    suits,
    telling,
    traits_of,
)

NAMES = catalogue.usable()
every_model = pytest.mark.parametrize("name", NAMES)
every_network = pytest.mark.parametrize("name", NETWORKS)
every_classical_model = pytest.mark.parametrize("name", catalogue.usable("classical"))


def fit(name: str, dataset: Dataset, chosen: Settings | None = None, *, seed: int = 0, **how_long: int) -> Any:
    """how_long: epochs and batch of a network."""
    if name in NETWORKS:
        return fit_networks(name, dataset, chosen, seed=seed, **how_long)
    model: Classical = class_of(name)(class_of(name).Settings(**(chosen or {})))
    model.fit(dataset, flags=Flags.of(dataset), seed=seed)
    return model


def fitted(name: str, animal: Animal, chosen: Settings | None = None, *, epochs: int = 3) -> Any:
    """Once for all tests that ask: nobody may change it. Networks of tasks that it has kept are not handed on."""
    model = _fitted(name, animal, tuple((chosen or {}).items()), epochs)
    return replace(model) if name in NETWORKS else model


@cache
def _fitted(name: str, animal: Animal, chosen: tuple[tuple[str, Any], ...], epochs: int) -> Any:
    return fit(name, animal(), dict(chosen), epochs=epochs)


def assert_near(found: FloatArray, expected: FloatArray, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


@every_model
def test_the_file_names_the_settings_and_no_other(name: str) -> None:
    declared, file = fields(class_of(name).Settings), catalogue.read(name)
    assert {each.name for each in declared} == set(file.parameters)
    assert all(each.default is not MISSING for each in declared)
    of_networks = {each.name for each in fields(TrainingSettings)} - set(catalogue.shared_target())
    assert set(file.training) == (of_networks if name in NETWORKS else set())


@every_model
def test_defaults_lie_within_the_ranges_and_first_trials_are_complete(name: str) -> None:
    """With metadata and without; but for what conditions exclude."""
    for has_metadata in (True, False):
        usual, starts = defaults(name), space_of(name, has_metadata).starts
        assert asked(name, usual, has_metadata).items() <= usual.items()
        assert starts
        assert [asked(name, {**usual, **start}, has_metadata) for start in starts] == list(starts)


def assert_sound(predicted: FloatArray, dataset: Dataset, *, certain: bool) -> None:
    """certain: whether a class may have a probability of 0 or 1."""
    assert predicted.shape == (len(dataset), dataset.schema.outputs)
    assert predicted.dtype == np.float64
    assert np.isfinite(predicted).all()
    if dataset.schema.problem is Problem.COUNT:
        assert (predicted > 0).all()
    if dataset.schema.classes:
        assert ((predicted >= 0) & (predicted <= 1)).all()
        assert certain or ((predicted > 0) & (predicted < 1)).all()
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, rtol=1e-12)


@every_model
def test_predictions_are_sound_for_any_rows_of_any_data(name: str, subtests: pytest.Subtests) -> None:
    """Those of training, of tasks never seen, none at all, and those whose metadata are missing."""
    for case, animal, chosen in points_of_animals(name):
        with subtests.test(case):
            dataset, model = animal(), fitted(name, animal, chosen, epochs=1)
            new, none = zoo.of_new_tasks(dataset), dataset.take(np.zeros(0, dtype=np.int64))
            for rows in (dataset, new, none, dataset.without_metadata(), new.without_metadata()):
                assert_sound(model.predict(rows), rows, certain=name in NETWORKS)


@every_model
def test_a_row_predicts_the_same_alone_as_in_a_batch(name: str, subtests: pytest.Subtests) -> None:
    dataset = zoo.missing_values()
    for case, chosen in points(name).items():
        with subtests.test(case):
            model, rows = fitted(name, zoo.missing_values, chosen), range(0, len(dataset), 5)
            alone = np.concatenate([model.predict(dataset.take(np.array([row]))) for row in rows])
            assert_near(alone, model.predict(dataset)[::5], 1e-5 if name in NETWORKS else 1e-9)


@every_classical_model
def test_a_class_without_rows_is_improbable_and_what_is_constant_is_predicted(name: str) -> None:
    lacking, single, constant = zoo.class_without_rows, zoo.single_class, zoo.constant_target
    if suits(name, lacking):
        assert fitted(name, lacking).predict(lacking())[:, 1].max() < 1e-5
        assert fitted(name, single).predict(single())[:, 2].min() > 1 - 1e-5
    np.testing.assert_allclose(fitted(name, constant).predict(constant()), 7.5, rtol=1e-6)


@every_classical_model
def test_one_more_task_costs_what_is_stated(name: str) -> None:
    """A task without rows, which a fit would leave out: trees and kernels, which grow with rows, stay as they are."""
    dataset = zoo.planted()
    emptied = dataset.take(np.flatnonzero(dataset.task < 11))
    one_fewer = TaskTable(emptied.tasks.names[:-1], emptied.tasks.metadata.take(np.arange(11)))
    size, without = (size_of_all(name, rows) for rows in (emptied, replace(emptied, tasks=one_fewer)))
    assert size.total - without.total == size.marginal


def size_of_all(name: str, rows: Dataset) -> Size:
    """Of a model that has learnt from these rows, tasks without any among them."""
    model: Classical = class_of(name)(class_of(name).Settings())
    model.encoder, model.classes = Encoder.fit(rows, Flags.of(rows)), Classes.of(rows)
    drained(model.learn_in_steps(rows, Growth(), seed=0))
    return model.size()


def of_equal_metadata() -> Dataset:
    dataset = zoo.planted()
    return dataset.with_metadata_of(np.zeros(len(dataset.tasks), dtype=np.int64))


def of_permuted_metadata() -> Dataset:
    dataset = zoo.planted()
    return dataset.with_metadata_of(np.roll(np.arange(len(dataset.tasks)), 1))


@every_model
def test_tasks_and_metadata_change_predictions_exactly_when_they_are_used(name: str, subtests: pytest.Subtests) -> None:
    dataset, alike, permuted = zoo.planted(), of_equal_metadata(), of_permuted_metadata()
    shape = encoded(dataset).shape
    for case, chosen in telling(name).items():
        with subtests.test(case):
            used, model = traits_of(name, shape, chosen), fitted(name, zoo.planted, chosen)
            spread = np.ptp(model.predict(zoo.of_every_task(dataset)))
            assert (spread > 1e-6) == (used.uses_task or used.uses_metadata)
            spread = np.ptp(fitted(name, of_equal_metadata, chosen).predict(zoo.of_every_task(alike)))
            assert (spread > 1e-6) == used.uses_task
            change = fitted(name, of_permuted_metadata, chosen).predict(permuted) - model.predict(dataset)
            assert (np.abs(change).max() > 1e-6) == used.uses_metadata


@every_model
def test_renaming_tasks_changes_nothing(name: str, subtests: pytest.Subtests) -> None:
    few = (zoo.planted, zoo.multiclass, zoo.missing_values, zoo.one_row_tasks)
    for animal in few if name in NETWORKS else suited(name):
        with subtests.test(animal.__name__):
            dataset, other = animal(), zoo.renamed(animal())
            np.testing.assert_array_equal(fit(name, other).predict(other), fitted(name, animal).predict(dataset))


@every_model
def test_the_same_seed_gives_the_same_model_and_another_another_network(name: str, subtests: pytest.Subtests) -> None:
    dataset, how_long = zoo.planted(), {"epochs": 1}
    for case, chosen in corners(name).items():
        with subtests.test(case):
            first, again = (fit(name, dataset, chosen, seed=3, **how_long).predict(dataset) for _ in range(2))
            np.testing.assert_array_equal(first, again)
            if name in NETWORKS:
                other = fit(name, dataset, chosen, seed=4, **how_long).predict(dataset)
                assert np.abs(first - other).max() > 1e-6


def reordered(pack: Pack, order: torch.Tensor) -> Pack:
    """Task t is given what task order[t] has of its own, parameters and metadata."""
    indexed = pack.prototype.task_indexed | {"metadata"}
    parameters, buffers = (
        {key: value[:, order] if key in indexed else value for key, value in state.items()}
        for state in (pack.parameters, pack.buffers)
    )
    return Pack(pack.prototype, parameters, buffers, present_only=pack.present_only)


@every_model
def test_the_order_of_the_tasks_does_not_matter(name: str, subtests: pytest.Subtests) -> None:
    """To a network that is given the parameters of its tasks in the new order."""
    dataset, other = zoo.planted(), zoo.renumbered(zoo.planted())
    order = torch.arange(len(dataset.tasks)).flip(0)
    for case, chosen in points(name).items():
        with subtests.test(case):
            model = fitted(name, zoo.planted, chosen)
            if name in NETWORKS:
                found = replace(model, pack=reordered(model.pack, order)).predict(other)
                assert_near(found, model.predict(dataset))
            else:
                np.testing.assert_allclose(fit(name, other, chosen).predict(other), model.predict(dataset), atol=1e-5)


@every_network
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
    """A fingerprint of every value of a model that was fitted from a fixed seed."""
    model = fit(name, zoo.missing_values(), seed=11)
    if name not in NETWORKS:
        return hashlib.sha256(model.predict(zoo.missing_values()).tobytes()).hexdigest()
    values = [*model.pack.parameters.values(), *model.pack.buffers.values()]
    return hashlib.sha256(b"".join(value.numpy().tobytes() for value in values)).hexdigest()


@every_model
def test_models_depend_on_no_other_random_numbers_and_leave_these_alone(name: str) -> None:
    first = weights(name)
    with torch.random.fork_rng(devices=[]):
        torch.rand(7)
        before = np.random.get_state(legacy=False), torch.get_rng_state()
        assert weights.__wrapped__(name) == first
        fit(name, zoo.binary()).predict(zoo.of_new_tasks(zoo.binary()))
        after = np.random.get_state(legacy=False), torch.get_rng_state()
    np.testing.assert_equal(after[0], before[0])
    assert torch.equal(after[1], before[1])


def save(folder: Path, name: str, model: Any, dataset: Dataset, chosen: Settings | None = None) -> None:
    own, _ = space_of(name).split(chosen or {})
    trial = TrialModel(catalogue.read(name), 0, own, (model,), len(dataset.tasks))
    write_model(folder, name, [(trial, 1.0)], dataset, {})


def stored_values(model: Any) -> int:
    arrays = to_parts(model.state())[1] if isinstance(model, Classical) else model.pack.parameters
    return sum(math.prod(value.shape) for value in arrays.values())


@every_model
def test_a_stored_model_predicts_and_states_the_same(name: str, tmp_path: Path, subtests: pytest.Subtests) -> None:
    for case, animal, chosen in points_of_animals(name):
        with subtests.test(case):
            dataset, model = animal(), fitted(name, animal, chosen, epochs=1)
            asked = (dataset, zoo.of_new_tasks(dataset))
            predicted = [model.predict(rows) for rows in asked]
            save(tmp_path / case, name, model, dataset, chosen)
            loaded = read_model(tmp_path / case).model
            for rows, before in zip(asked, predicted, strict=True):
                np.testing.assert_array_equal(loaded.predict(rows), before)
            assert loaded.size() == model.size()
            if name in NETWORKS:
                assert model.size().total == stored_values(loaded)
            else:
                assert 0 <= model.size().task_network <= model.size().total <= stored_values(loaded)
                assert loaded.notes() == model.notes()


IN_A_NEW_PROCESS = """
import json, sys, numpy, torch
from pathlib import Path
from mthn_automl import load_model
from tests.contracts import zoo
from tests.contracts.test_architectures import NAMES, weights
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


def columns(dataset: Dataset) -> FloatArray:
    """What is to be predicted, a column an output: classes as zeros and ones."""
    if not dataset.schema.classes:
        return dataset.target
    return np.eye(dataset.schema.outputs)[dataset.target[:, 0].astype(int)]


def relative_error(name: str, dataset: Dataset, held: FloatArray, chosen: Settings, epochs: int) -> float:
    """Squared error on rows held out, each output in units of its variance, relative to that of the task means."""
    training, test = dataset.take(np.flatnonzero(~held)), dataset.take(np.flatnonzero(held))
    truth, known = columns(test), columns(training)
    means = np.stack([known[training.task == task].mean(axis=0) for task in range(len(dataset.tasks))])
    predicted = fit(name, training, chosen, epochs=epochs, batch=256).predict(test)
    model, mean = (np.mean((each - truth) ** 2 / known.var(axis=0)) for each in (predicted, means[test.task]))
    return float(model / mean)


@every_model
def test_one_of_its_first_trials_learns_a_planted_signal_better_than_the_task_mean(name: str) -> None:
    dataset = zoo.planted()
    held = np.arange(len(dataset)) % 14 >= 10
    assert any(relative_error(name, dataset, held, start, 80) < 0.5 for start in space_of(name).starts)


@every_network
def test_it_learns_every_kind_of_problem_better_than_the_task_mean(name: str, subtests: pytest.Subtests) -> None:
    for animal in (zoo.several_targets, zoo.binary, zoo.multiclass, zoo.ordinal, zoo.counts):
        with subtests.test(animal.__name__):
            dataset = animal()
            held = np.arange(len(dataset)) % 4 == 3
            assert any(relative_error(name, dataset, held, start, 40) < 0.9 for start in space_of(name).starts[:2])
