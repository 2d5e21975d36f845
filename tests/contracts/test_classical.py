"""What every classical model must do, by being in the catalogue."""

import json
import math
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save, save_file

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset, FloatArray, TaskTable
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.deployment.arrays import from_parts, to_parts
from mthn_automl.models.base import Classical, ProblemShape
from tests.contracts import zoo

NAMES = catalogue.names("classical")
Animal = Callable[[], Dataset]
every_model = pytest.mark.parametrize("name", NAMES)
every_animal = pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)


def settings_of(name: str, chosen: Mapping[str, Any]) -> Any:
    return catalogue.read(name).load_class().Settings(**chosen)


def fitted(name: str, dataset: Dataset, chosen: Mapping[str, Any] | None = None, *, seed: int = 0) -> Classical:
    model: Classical = catalogue.read(name).load_class()(settings_of(name, chosen or {}))
    model.fit(dataset, flags=Flags.of(dataset), seed=seed)
    return model


def uses(name: str, dataset: Dataset, chosen: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether the task, and whether the metadata are used."""
    encoder = Encoder.fit(dataset, Flags.of(dataset))
    shape = ProblemShape(
        encoder.feature_width, dataset.schema.outputs, len(dataset.tasks), metadata=encoder.metadata_width
    )
    traits = catalogue.read(name).load_class().traits(shape, settings_of(name, chosen))
    return traits.uses_task, traits.uses_metadata


def drawn(parameter: Mapping[str, Any], source: random.Random) -> Any:
    if parameter["type"] == "categorical":
        return source.choice(parameter["choices"])
    low, high = parameter["low"], parameter["high"]
    logarithmic = parameter["scale"] == "log"
    value = math.exp(source.uniform(math.log(low), math.log(high))) if logarithmic else source.uniform(low, high)
    return round(value) if parameter["type"] == "int" else min(max(value, low), high)


def asked(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Without those that an `only_if` excludes."""
    parameters = catalogue.read(name).parameters
    return {
        key: value
        for key, value in values.items()
        if all(values[other] in allowed for other, allowed in parameters[key].get("only_if", {}).items())
    }


def options(name: str) -> dict[str, dict[str, Any]]:
    """Settings that differ from the default ones in a choice, or in the end of a linear range."""
    return {
        f"{key} = {value}": {key: value}
        for key, parameter in catalogue.read(name).parameters.items()
        for value in parameter.get("choices", [])
        + [parameter[end] for end in ("low", "high") if parameter.get("scale") == "linear"]
    }


def extremes(name: str) -> dict[str, dict[str, Any]]:
    """All parameters at their lowest, at their highest, and drawn at random."""
    parameters = catalogue.read(name).parameters
    cases = {
        "lowest": {key: each["choices"][0] if "choices" in each else each["low"] for key, each in parameters.items()},
        "highest": {
            key: each["choices"][-1] if "choices" in each else each["high"] for key, each in parameters.items()
        },
    }
    for draw in range(2):
        source = random.Random(draw)
        cases[f"draw {draw}"] = {key: drawn(each, source) for key, each in parameters.items()}
    return {case: asked(name, values) for case, values in cases.items()}


def cases(*kinds: Callable[[str], dict[str, dict[str, Any]]]) -> pytest.MarkDecorator:
    found = [
        pytest.param(name, chosen, id=f"{name}: {case}")
        for name in NAMES
        for kind in kinds
        for case, chosen in kind(name).items()
    ]
    return pytest.mark.parametrize(("name", "chosen"), found)


def assert_sound(predicted: FloatArray, dataset: Dataset) -> None:
    assert predicted.shape == (len(dataset), dataset.schema.outputs)
    assert predicted.dtype == np.float64
    assert np.isfinite(predicted).all()
    if dataset.schema.classes:
        assert ((predicted > 0) & (predicted < 1)).all()
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, rtol=1e-12)


@every_model
def test_the_file_and_the_settings_name_the_same_parameters(name: str) -> None:
    space = catalogue.read(name)
    declared = fields(space.load_class().Settings)
    assert {each.name for each in declared} == set(space.parameters)
    assert all(each.default is not MISSING for each in declared)
    assert not space.training


@every_model
def test_defaults_and_first_trials_lie_within_the_ranges(name: str) -> None:
    space = catalogue.read(name)
    assert 2 <= len(space.first_trials) <= 4
    trials = [vars(settings_of(name, {})), *space.first_trials]
    inside = [
        value in parameter["choices"] if "choices" in parameter else parameter["low"] <= value <= parameter["high"]
        for key, parameter in space.parameters.items()
        for value in [trial[key] for trial in trials if key in trial]
    ]
    assert all(inside)


@every_model
def test_first_trials_are_complete_but_for_what_only_if_excludes(name: str) -> None:
    space = catalogue.read(name)
    full = [{**vars(settings_of(name, {})), **trial} for trial in space.first_trials]
    assert [set(trial) for trial in space.first_trials] == [set(asked(name, values)) for values in full]


@every_animal
@cases(options, extremes)
def test_predictions_are_finite_and_of_the_right_shape(name: str, chosen: dict[str, Any], animal: Animal) -> None:
    dataset = animal()
    model = fitted(name, dataset, chosen)
    assert_sound(model.predict(dataset), dataset)
    new = zoo.of_new_tasks(dataset)
    assert_sound(model.predict(new), new)


@every_model
@every_animal
def test_no_rows_give_no_predictions(name: str, animal: Animal) -> None:
    dataset = animal()
    none = dataset.take(np.zeros(0, dtype=np.int64))
    assert_sound(fitted(name, dataset).predict(none), none)


@every_model
@every_animal
def test_metadata_that_are_missing_at_prediction_are_no_failure(name: str, animal: Animal) -> None:
    dataset = animal()
    bare = dataset.without_metadata()
    assert_sound(fitted(name, dataset).predict(bare), bare)


@every_model
def test_a_class_without_rows_is_improbable_and_the_only_class_nearly_certain(name: str) -> None:
    lacking, single = zoo.class_without_rows(), zoo.single_class()
    assert fitted(name, lacking).predict(lacking)[:, 1].max() < 1e-5
    assert fitted(name, single).predict(single)[:, 2].min() > 1 - 1e-5


@every_model
def test_a_constant_target_is_predicted(name: str) -> None:
    dataset = zoo.constant_target()
    np.testing.assert_allclose(fitted(name, dataset).predict(dataset), 7.5, rtol=1e-6)


@cases(options)
def test_a_row_predicts_the_same_alone_as_in_a_batch(name: str, chosen: dict[str, Any]) -> None:
    dataset = zoo.missing_values()
    model = fitted(name, dataset, chosen)
    alone = np.concatenate([model.predict(dataset.take(np.array([row]))) for row in range(len(dataset))])
    np.testing.assert_allclose(alone, model.predict(dataset), rtol=1e-9, atol=1e-9)


@cases(options)
def test_tasks_differ_exactly_when_they_or_their_metadata_are_used(name: str, chosen: dict[str, Any]) -> None:
    dataset = zoo.planted()
    predicted = fitted(name, dataset, chosen).predict(zoo.of_every_task(dataset))
    assert (np.ptp(predicted) > 1e-6) == any(uses(name, dataset, chosen))


@cases(options)
def test_tasks_of_equal_metadata_differ_exactly_when_the_task_is_used(name: str, chosen: dict[str, Any]) -> None:
    dataset = zoo.planted()
    alike = dataset.with_metadata_of(np.zeros(len(dataset.tasks), dtype=np.int64))
    predicted = fitted(name, alike, chosen).predict(zoo.of_every_task(alike))
    assert (np.ptp(predicted) > 1e-6) == uses(name, dataset, chosen)[0]


@cases(options)
def test_permuted_metadata_change_predictions_exactly_when_used(name: str, chosen: dict[str, Any]) -> None:
    dataset = zoo.planted()
    permuted = dataset.with_metadata_of(np.roll(np.arange(len(dataset.tasks)), 1))
    change = fitted(name, permuted, chosen).predict(permuted) - fitted(name, dataset, chosen).predict(dataset)
    assert (np.abs(change).max() > 1e-6) == uses(name, dataset, chosen)[1]


@every_model
@every_animal
def test_renaming_tasks_changes_nothing(name: str, animal: Animal) -> None:
    dataset = animal()
    other = zoo.renamed(dataset)
    np.testing.assert_array_equal(fitted(name, other).predict(other), fitted(name, dataset).predict(dataset))


@cases(options)
def test_the_order_of_the_tasks_does_not_matter(name: str, chosen: dict[str, Any]) -> None:
    dataset = zoo.planted()
    other = zoo.renumbered(dataset)
    expected = fitted(name, dataset, chosen).predict(dataset)
    np.testing.assert_allclose(fitted(name, other, chosen).predict(other), expected, atol=1e-5)


@cases(extremes)
def test_the_same_seed_gives_the_same_model(name: str, chosen: dict[str, Any]) -> None:
    dataset = zoo.planted()
    first, second = (fitted(name, dataset, chosen, seed=3).predict(dataset) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@every_model
def test_fitting_leaves_the_global_random_numbers_alone(name: str) -> None:
    dataset = zoo.multiclass()
    before = np.random.get_state(legacy=False), torch.get_rng_state()
    fitted(name, dataset).predict(dataset)
    after = np.random.get_state(legacy=False), torch.get_rng_state()
    np.testing.assert_equal(after[0], before[0])
    assert torch.equal(after[1], before[1])


@every_model
@every_animal
def test_a_stored_model_predicts_the_same(name: str, animal: Animal) -> None:
    dataset = animal()
    model = fitted(name, dataset)
    other: Classical = type(model)(settings_of(name, {}))
    plain, numbers = to_parts(model.state())
    other.restore(from_parts(json.loads(json.dumps(plain)), load(save(numbers))))
    rows = zoo.of_new_tasks(dataset)
    np.testing.assert_array_equal(other.predict(dataset), model.predict(dataset))
    np.testing.assert_array_equal(other.predict(rows), model.predict(rows))
    assert other.size() == model.size()
    assert other.notes() == model.notes()


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
    models = {name: fitted(name, dataset) for name in NAMES}
    for name, model in models.items():
        plain, numbers = to_parts(model.state())
        (tmp_path / f"{name}.json").write_text(json.dumps(plain))
        save_file(numbers, tmp_path / f"{name}.safetensors")
    command = [sys.executable, "-c", IN_A_NEW_PROCESS, str(tmp_path)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    found = {name: np.load(tmp_path / f"{name}.npy") for name in NAMES}
    np.testing.assert_equal(found, {name: model.predict(dataset) for name, model in models.items()})


def arrays(value: Any) -> int:
    """Numbers in all arrays of a state."""
    if isinstance(value, np.ndarray):
        return value.size
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return sum(arrays(each) for each in inner)


def tree_numbers(state: Mapping[str, Any]) -> int:
    leaves = [each["nodes"]["is_leaf"] for each in state["sums"]]
    nodes = sum(int(2 * (leaf == 0).sum() + (leaf == 1).sum()) for leaf in leaves)
    return nodes + sum(each["baseline"].size for each in state["sums"]) + arrays(state["columns"]["means"])


def forest_numbers(state: Mapping[str, Any]) -> int:
    splits = sum(int((each["nodes"]["is_leaf"] == 0).sum()) for each in state["forests"])
    values = sum(each["values"].size for each in state["forests"])
    return 2 * splits + values + arrays(state["columns"]["means"])


def linear_numbers(state: Mapping[str, Any]) -> int:
    return arrays([state["coefficients"], state["intercept"]])


def kernel_numbers(state: Mapping[str, Any]) -> int:
    return linear_numbers(state) + arrays([state["stored"][key] for key in ("features", "place", "metadata")])


COUNTS: dict[str, Callable[[Mapping[str, Any]], int]] = {
    "ridge": linear_numbers,
    "mixed_effects": linear_numbers,
    "kernel_ridge": kernel_numbers,
    "gaussian_process": lambda state: kernel_numbers(state) + arrays(state["hyperparameters"]),
    "gradient_boosting": tree_numbers,
    "random_forest": forest_numbers,
}


@every_animal
@every_model
def test_the_stated_size_is_what_is_stored(name: str, animal: Animal) -> None:
    model = fitted(name, animal())
    assert model.size().total == COUNTS[name](model.state())
    assert 0 <= model.size().task_network <= model.size().total


def all_but_the_last(tasks: TaskTable) -> TaskTable:
    kept = np.arange(len(tasks) - 1)
    return TaskTable(tasks.names[:-1], None if tasks.metadata is None else tasks.metadata.take(kept))


@every_model
def test_one_more_task_costs_what_is_stated(name: str) -> None:
    """A task without rows: trees and kernels, which grow with rows, stay as they are."""
    dataset = zoo.planted()
    fewer = dataset.take(np.flatnonzero(dataset.task < 11))
    emptied, without = fitted(name, fewer), fitted(name, replace(fewer, tasks=all_but_the_last(fewer.tasks)))
    assert emptied.size().total - without.size().total == emptied.size().marginal


@every_model
def test_it_learns_a_planted_signal_better_than_the_task_mean(name: str) -> None:
    dataset = zoo.planted()
    held = np.arange(len(dataset)) % 14 >= 10
    training, test = dataset.take(np.flatnonzero(~held)), dataset.take(np.flatnonzero(held))
    means = np.array([training.target[training.task == task].mean() for task in range(len(dataset.tasks))])
    errors = [
        np.mean((fitted(name, training, trial).predict(test) - test.target) ** 2)
        for trial in catalogue.read(name).first_trials
    ]
    assert min(errors) < 0.5 * np.mean((means[test.task] - test.target[:, 0]) ** 2)
