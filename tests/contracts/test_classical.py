"""What every classical model must do, by being in the catalogue.

One fit of a model on a data set answers all questions about it (`fitted`); settings and data sets are loops inside a
property, each of which is reported by itself.
"""

import json
import subprocess
import sys
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save, save_file

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset, FloatArray, TaskTable
from mthn_automl.data.encoding import Flags
from mthn_automl.deployment.arrays import from_parts, to_parts
from mthn_automl.models.base import Classical
from tests.contracts import zoo
from tests.contracts.settings import (
    SHAPE,
    Animal,
    Settings,
    assert_first_trials_are_complete_and_lie_within_the_ranges,
    class_of,
    corners,
    points,
    points_of_animals,
    telling,
    traits_of,
)

NAMES = catalogue.names("classical")
every_model = pytest.mark.parametrize("name", NAMES)


def settings_of(name: str, chosen: Settings) -> Any:
    return class_of(name).Settings(**chosen)


def fit(name: str, dataset: Dataset, chosen: Settings | None = None, *, seed: int = 0) -> Classical:
    model: Classical = class_of(name)(settings_of(name, chosen or {}))
    model.fit(dataset, flags=Flags.of(dataset), seed=seed)
    return model


def fitted(name: str, animal: Animal, chosen: Settings | None = None) -> Classical:
    """Once for all tests that ask: nobody may change it."""
    return _fitted(name, animal, tuple((chosen or {}).items()))


@cache
def _fitted(name: str, animal: Animal, chosen: tuple[tuple[str, Any], ...]) -> Classical:
    return fit(name, animal(), dict(chosen))


def assert_sound(predicted: FloatArray, dataset: Dataset) -> None:
    assert predicted.shape == (len(dataset), dataset.schema.outputs)
    assert predicted.dtype == np.float64
    assert np.isfinite(predicted).all()
    if dataset.schema.classes:
        assert ((predicted > 0) & (predicted < 1)).all()
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, rtol=1e-12)


@every_model
def test_the_file_and_the_settings_name_the_same_parameters(name: str) -> None:
    space, declared = catalogue.read(name), fields(class_of(name).Settings)
    assert {each.name for each in declared} == set(space.parameters)
    assert all(each.default is not MISSING for each in declared)
    assert not space.training


@every_model
def test_defaults_lie_within_the_ranges_and_first_trials_are_complete(name: str) -> None:
    assert_first_trials_are_complete_and_lie_within_the_ranges(name)


@every_model
def test_predictions_are_sound_for_any_rows_of_any_data(name: str, subtests: pytest.Subtests) -> None:
    """Those of training, of tasks never seen, none at all, and those whose metadata are missing."""
    for case, animal, chosen in points_of_animals(name):
        with subtests.test(case):
            dataset, model = animal(), fitted(name, animal, chosen)
            new, none = zoo.of_new_tasks(dataset), dataset.take(np.zeros(0, dtype=np.int64))
            for rows in (dataset, new, none, dataset.without_metadata()):
                assert_sound(model.predict(rows), rows)


@every_model
def test_a_class_without_rows_is_improbable_and_what_is_constant_is_predicted(name: str) -> None:
    lacking, single, constant = zoo.class_without_rows, zoo.single_class, zoo.constant_target
    assert fitted(name, lacking).predict(lacking())[:, 1].max() < 1e-5
    assert fitted(name, single).predict(single())[:, 2].min() > 1 - 1e-5
    np.testing.assert_allclose(fitted(name, constant).predict(constant()), 7.5, rtol=1e-6)


@every_model
def test_a_row_predicts_the_same_alone_as_in_a_batch(name: str, subtests: pytest.Subtests) -> None:
    dataset = zoo.missing_values()
    for case, chosen in points(name).items():
        with subtests.test(case):
            model = fitted(name, zoo.missing_values, chosen)
            rows = range(0, len(dataset), 5)
            alone = np.concatenate([model.predict(dataset.take(np.array([row]))) for row in rows])
            np.testing.assert_allclose(alone, model.predict(dataset)[::5], rtol=1e-9, atol=1e-9)


@every_model
def test_tasks_and_metadata_change_predictions_exactly_when_they_are_used(name: str, subtests: pytest.Subtests) -> None:
    dataset = zoo.planted()
    alike = dataset.with_metadata_of(np.zeros(len(dataset.tasks), dtype=np.int64))
    permuted = dataset.with_metadata_of(np.roll(np.arange(len(dataset.tasks)), 1))
    for case, chosen in telling(name).items():
        with subtests.test(case):
            used, model = traits_of(name, SHAPE, chosen), fitted(name, zoo.planted, chosen)
            spread = np.ptp(model.predict(zoo.of_every_task(dataset)))
            assert (spread > 1e-6) == (used.uses_task or used.uses_metadata)
            spread = np.ptp(fit(name, alike, chosen).predict(zoo.of_every_task(alike)))
            assert (spread > 1e-6) == used.uses_task
            change = fit(name, permuted, chosen).predict(permuted) - model.predict(dataset)
            assert (np.abs(change).max() > 1e-6) == used.uses_metadata


@every_model
def test_renaming_tasks_changes_nothing(name: str, subtests: pytest.Subtests) -> None:
    for animal in zoo.ZOO:
        with subtests.test(animal.__name__):
            other = zoo.renamed(animal())
            np.testing.assert_array_equal(fit(name, other).predict(other), fitted(name, animal).predict(animal()))


@every_model
def test_the_order_of_the_tasks_does_not_matter(name: str, subtests: pytest.Subtests) -> None:
    dataset, other = zoo.planted(), zoo.renumbered(zoo.planted())
    for case, chosen in points(name).items():
        with subtests.test(case):
            expected = fitted(name, zoo.planted, chosen).predict(dataset)
            np.testing.assert_allclose(fit(name, other, chosen).predict(other), expected, atol=1e-5)


@every_model
def test_the_same_seed_gives_the_same_model(name: str, subtests: pytest.Subtests) -> None:
    dataset = zoo.planted()
    for case, chosen in corners(name).items():
        with subtests.test(case):
            first, second = (fit(name, dataset, chosen, seed=3).predict(dataset) for _ in range(2))
            np.testing.assert_array_equal(first, second)


@every_model
def test_fitting_leaves_the_global_random_numbers_alone(name: str) -> None:
    dataset = zoo.multiclass()
    before = np.random.get_state(legacy=False), torch.get_rng_state()
    fit(name, dataset).predict(dataset)
    after = np.random.get_state(legacy=False), torch.get_rng_state()
    np.testing.assert_equal(after[0], before[0])
    assert torch.equal(after[1], before[1])


@every_model
def test_a_stored_model_predicts_the_same_and_states_no_more_than_it_stores(
    name: str, subtests: pytest.Subtests
) -> None:
    for animal in zoo.ZOO:
        with subtests.test(animal.__name__):
            dataset, model = animal(), fitted(name, animal)
            other: Classical = type(model)(settings_of(name, {}))
            plain, stored = to_parts(model.state())
            other.restore(from_parts(json.loads(json.dumps(plain)), load(save(stored))))
            rows = zoo.of_new_tasks(dataset)
            np.testing.assert_array_equal(other.predict(dataset), model.predict(dataset))
            np.testing.assert_array_equal(other.predict(rows), model.predict(rows))
            assert other.size() == model.size()
            assert other.notes() == model.notes()
            assert 0 <= model.size().task_network <= model.size().total <= sum(each.size for each in stored.values())


IN_A_NEW_PROCESS = """
import json, sys, numpy
from pathlib import Path
from safetensors.numpy import load_file
from mthn_automl import catalogue
from mthn_automl.deployment.arrays import from_parts
from tests.contracts import zoo
for name in catalogue.names("classical"):
    architecture = catalogue.read(name).load_class()
    model = architecture(architecture.Settings())
    stored = Path(sys.argv[1]) / name
    model.restore(from_parts(json.loads(stored.with_suffix(".json").read_text()), load_file(f"{stored}.safetensors")))
    numpy.save(f"{stored}.npy", model.predict(zoo.missing_values()))
"""


def test_stored_models_predict_the_same_in_a_new_process(tmp_path: Path) -> None:
    dataset = zoo.missing_values()
    models = {name: fitted(name, zoo.missing_values) for name in NAMES}
    for name, model in models.items():
        plain, stored = to_parts(model.state())
        (tmp_path / f"{name}.json").write_text(json.dumps(plain))
        save_file(stored, tmp_path / f"{name}.safetensors")
    command = [sys.executable, "-c", IN_A_NEW_PROCESS, str(tmp_path)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    found = {name: np.load(tmp_path / f"{name}.npy") for name in NAMES}
    np.testing.assert_equal(found, {name: model.predict(dataset) for name, model in models.items()})


def all_but_the_last(tasks: TaskTable) -> TaskTable:
    kept = np.arange(len(tasks) - 1)
    return TaskTable(tasks.names[:-1], None if tasks.metadata is None else tasks.metadata.take(kept))


@every_model
def test_one_more_task_costs_what_is_stated(name: str) -> None:
    """A task without rows: trees and kernels, which grow with rows, stay as they are."""
    dataset = zoo.planted()
    fewer = dataset.take(np.flatnonzero(dataset.task < 11))
    emptied, without = fit(name, fewer), fit(name, replace(fewer, tasks=all_but_the_last(fewer.tasks)))
    assert emptied.size().total - without.size().total == emptied.size().marginal


@every_model
def test_it_learns_a_planted_signal_better_than_the_task_mean(name: str) -> None:
    dataset = zoo.planted()
    held = np.arange(len(dataset)) % 14 >= 10
    training, test = dataset.take(np.flatnonzero(~held)), dataset.take(np.flatnonzero(held))
    means = np.array([training.target[training.task == task].mean() for task in range(len(dataset.tasks))])
    bound = 0.5 * np.mean((means[test.task] - test.target[:, 0]) ** 2)
    trials = catalogue.read(name).first_trials
    assert any(np.mean((fit(name, training, trial).predict(test) - test.target) ** 2) < bound for trial in trials)
