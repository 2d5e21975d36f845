"""What every neural architecture must do, by being in the catalogue."""

import hashlib
import json
import math
import random
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import FixedTrial

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset, FloatArray, TaskTable
from mthn_automl.data.encoding import Flags
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.model_folder import read_model, write_model
from mthn_automl.models.base import Architecture, Cost, ProblemShape, Traits
from mthn_automl.models.parts.layers import layer_widths, mlp_parameters
from mthn_automl.training.batches import lay_out, whole
from mthn_automl.training.encode import TrainingData, encode_all, encode_folds
from mthn_automl.training.fit import FitResult, Schedule, fit
from mthn_automl.training.members import Member, Pack, prototype
from mthn_automl.training.networks import Networks
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.stopping import BestSoFar
from mthn_automl.training.trainer import Rows, losses
from mthn_automl.tuning.final import Refitted
from mthn_automl.tuning.objective import Configuration, train
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.space import Distribution, SearchSpace, build_space, make_settings
from tests.contracts import zoo

NAMES = catalogue.names("neural")
Animal = Callable[[], Dataset]
Settings = Mapping[str, Any]
every_model = pytest.mark.parametrize("name", NAMES)
every_animal = pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)


@cache
def space_of(name: str, has_metadata: bool = True) -> SearchSpace:
    return build_space(catalogue.read(name), has_metadata)


@cache
def class_of(name: str) -> Any:
    return catalogue.read(name).load_class()


def defaults(name: str) -> dict[str, Any]:
    return {**vars(class_of(name).Settings()), **vars(TrainingSettings())}


def asked(name: str, values: Settings, has_metadata: bool = True) -> dict[str, Any]:
    """What a trial would be given: without those that conditions exclude. Values out of range are an error."""
    return space_of(name, has_metadata).suggest(FixedTrial(dict(values)))  # type: ignore[arg-type]


def ends(distribution: Distribution) -> Sequence[Any]:
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices
    return distribution.low, distribution.high


def drawn(distribution: Distribution, source: random.Random) -> Any:
    if isinstance(distribution, CategoricalDistribution):
        return source.choice(distribution.choices)
    low, high = distribution.low, distribution.high
    value = math.exp(source.uniform(math.log(low), math.log(high))) if distribution.log else source.uniform(low, high)
    return round(value) if isinstance(distribution, IntDistribution) else min(max(value, low), high)


def options(name: str) -> dict[str, dict[str, Any]]:
    """The default settings, and those that differ from them in a choice or an end of one range."""
    usual, space = defaults(name), space_of(name)
    changes = {
        f"{each.name} = {value}": {each.name: value}
        for each in space.parameters
        if each.name not in space.training_names
        for value in ends(each.distribution)
        if value != usual[each.name]
    }
    return {case: asked(name, {**usual, **change}) for case, change in {"default": {}, **changes}.items()}


def extremes(name: str) -> dict[str, dict[str, Any]]:
    """All parameters, those of training too, at their first, at their last, and drawn at random."""
    parameters = space_of(name).parameters
    values = {
        "lowest": {each.name: ends(each.distribution)[0] for each in parameters},
        "highest": {each.name: ends(each.distribution)[-1] for each in parameters},
    }
    source = random.Random(0)
    values["drawn"] = {each.name: drawn(each.distribution, source) for each in parameters}
    return values


def cases(*kinds: Callable[[str], dict[str, dict[str, Any]]]) -> pytest.MarkDecorator:
    found = [
        pytest.param(name, chosen, id=f"{name}: {case}")
        for name in NAMES
        for kind in kinds
        for case, chosen in kind(name).items()
    ]
    return pytest.mark.parametrize(("name", "chosen"), found)


def builder(name: str, shape: ProblemShape, chosen: Settings) -> Callable[[], Architecture]:
    own, _ = space_of(name).split(chosen)
    settings = make_settings(class_of(name).Settings, own)
    return lambda: class_of(name)(shape, settings)  # type: ignore[no-any-return]


def traits_of(name: str, shape: ProblemShape, chosen: Settings) -> Traits:
    own, _ = space_of(name).split(chosen)
    return class_of(name).traits(shape, make_settings(class_of(name).Settings, own))  # type: ignore[no-any-return]


def of_cost(cost: Cost) -> pytest.MarkDecorator:
    """The settings of every architecture under which it states this cost."""
    shape = ProblemShape(features=3, outputs=1, tasks=5, metadata=2)
    found = [
        pytest.param(name, chosen, id=f"{name}: {case}")
        for name in NAMES
        for case, chosen in options(name).items()
        if traits_of(name, shape, chosen).cost == cost
    ]
    return pytest.mark.parametrize(("name", "chosen"), found)


def encoded(dataset: Dataset) -> TrainingData:
    return encode_all(dataset, Flags.of(dataset))


def fitted(
    name: str,
    dataset: Dataset,
    chosen: Settings | None = None,
    *,
    seed: int = 0,
    epochs: int = 3,
    batch: int = 64,
) -> Networks:
    """As a refit does."""
    own, training = space_of(name).split(chosen or {})
    configuration = Configuration(catalogue.read(name), own, training, seed)
    data = encoded(dataset)
    plan = Plan(1, 1, Schedule(batch, epochs, patience=epochs, check_every=epochs), None)
    result = train(configuration, data, [Member(0, seed)], plan, None)
    return Networks(result.pack, data.encoders[0], data.problem)


def uses(name: str, dataset: Dataset, chosen: Settings) -> Traits:
    return traits_of(name, encoded(dataset).shape, chosen)


def assert_sound(predicted: FloatArray, dataset: Dataset) -> None:
    assert predicted.shape == (len(dataset), dataset.schema.outputs)
    assert predicted.dtype == np.float64
    assert np.isfinite(predicted).all()
    if dataset.schema.classes:
        assert ((predicted >= 0) & (predicted <= 1)).all()
        np.testing.assert_allclose(predicted.sum(axis=1), 1.0, rtol=1e-12)


@every_model
def test_the_file_and_the_settings_name_the_same_parameters(name: str) -> None:
    declared = fields(class_of(name).Settings)
    assert {each.name for each in declared} == set(catalogue.read(name).parameters)
    assert all(each.default is not MISSING for each in declared)


@every_model
def test_the_file_and_the_optimiser_name_the_same_training_settings(name: str) -> None:
    assert set(catalogue.read(name).training) == {each.name for each in fields(TrainingSettings)}


@every_model
def test_training_is_searched_alike_in_all_files_but_for_those_that_say_why(name: str) -> None:
    shared = tomllib.loads((catalogue.folder() / "shared" / "training.toml").read_text())
    assert all("why" in table or table == shared[key] for key, table in catalogue.read(name).training.items())


@every_model
@pytest.mark.parametrize("has_metadata", [True, False])
def test_defaults_lie_within_the_ranges_and_first_trials_are_complete(name: str, has_metadata: bool) -> None:
    usual, starts = defaults(name), space_of(name, has_metadata).starts
    assert asked(name, usual, has_metadata).items() <= usual.items()
    assert starts
    assert [asked(name, {**usual, **start}, has_metadata) for start in starts] == list(starts)


@every_animal
@cases(extremes)
def test_predictions_are_finite_and_of_the_right_shape(name: str, chosen: Settings, animal: Animal) -> None:
    dataset = animal()
    model = fitted(name, dataset, chosen, epochs=1)
    new = zoo.of_new_tasks(dataset)
    assert_sound(model.predict(dataset), dataset)
    assert_sound(model.predict(new), new)


@cases(options)
def test_an_untrained_network_is_finite_for_one_task_and_for_many(name: str, chosen: Settings) -> None:
    shape = ProblemShape(features=3, outputs=2, tasks=40, metadata=2)
    many = prototype(lambda given: builder(name, given, chosen)(), shape)
    one = prototype(lambda given: builder(name, given, chosen)(), replace(shape, tasks=1))
    of_many, of_one = many(torch.randn(40, 5, 3), torch.arange(40)), one(torch.randn(2, 5, 3), torch.tensor([0, 0]))
    assert (of_many.shape, of_one.shape) == ((40, 5, 2), (2, 5, 2))
    assert of_many.isfinite().all()
    assert of_one.isfinite().all()


@every_model
@every_animal
def test_no_rows_give_no_predictions(name: str, animal: Animal) -> None:
    dataset = animal()
    none = dataset.take(np.zeros(0, dtype=np.int64))
    assert_sound(fitted(name, dataset, epochs=0).predict(none), none)


@every_model
@every_animal
def test_metadata_that_are_missing_at_prediction_are_no_failure(name: str, animal: Animal) -> None:
    dataset = animal()
    bare = zoo.of_new_tasks(dataset).without_metadata()
    assert_sound(fitted(name, dataset, epochs=0).predict(bare), bare)


def gradients(name: str, data: TrainingData, chosen: Settings, steps: int) -> dict[str, torch.Tensor]:
    """The largest gradient that each number gets in some steps of training over all rows: tensors (1, ...)."""
    pack = Pack.build(builder(name, data.shape, chosen), [0], torch.from_numpy(data.metadata), present_only=False)
    optimiser = torch.optim.AdamW(list(pack.parameters.values()), lr=3e-3)
    largest = {key: torch.zeros_like(value) for key, value in pack.parameters.items()}
    batch = whole([lay_out(data.training[0], data.task, 14)], data.shape.tasks)
    features, target = (torch.from_numpy(each.of_fold(0)[batch.rows]) for each in (data.features, data.target))
    task, mask = torch.from_numpy(batch.present[:, batch.place[0]]), torch.from_numpy(batch.mask).float()
    pack.outputs.training_mode(True)
    stream = np.random.default_rng(0)
    for _ in range(steps):
        optimiser.zero_grad()
        pack.draw([stream])
        one = {key: value.squeeze(0) for key, value in pack.parameters.items()}
        buffers = {key: value.squeeze(0) for key, value in pack.buffers.items()}
        loss, penalty, _ = losses(pack.outputs, data.problem, one, buffers, Rows(features, target, mask, mask, task))
        (loss + penalty).sum().backward()
        optimiser.step()
        largest = {key: torch.maximum(each, pack.parameters[key].grad.abs()) for key, each in largest.items()}
    return largest


@pytest.mark.parametrize("animal", [zoo.planted, zoo.no_metadata], ids=lambda each: each.__name__)
@cases(options)
def test_every_parameter_gets_a_gradient_within_five_steps(name: str, chosen: Settings, animal: Animal) -> None:
    data = encoded(animal())
    found = gradients(name, data, chosen, 5)
    own = prototype(lambda given: builder(name, given, chosen)(), data.shape).task_indexed
    assert all(each.any() for each in found.values())
    assert all(found[key][0].flatten(1).any(1).all() for key in own & found.keys())


@pytest.mark.parametrize("extractor_layers", [1, 2])
def test_embeddings_that_start_at_zero_learn_through_an_extractor_without_metadata(extractor_layers: int) -> None:
    chosen = {"embedding_start": "zero", "extractor_layers": extractor_layers}
    assert gradients("hypernetwork", encoded(zoo.no_metadata()), chosen, 5)["description.embedding"].any()


@cases(options)
def test_a_row_predicts_the_same_alone_as_in_a_batch(name: str, chosen: Settings) -> None:
    dataset = zoo.missing_values()
    model = fitted(name, dataset, chosen)
    alone = np.concatenate([model.predict(dataset.take(np.array([row]))) for row in range(0, len(dataset), 5)])
    np.testing.assert_allclose(alone, model.predict(dataset)[::5], rtol=1e-5, atol=1e-5)


@cases(options)
def test_tasks_differ_exactly_when_they_or_their_metadata_are_used(name: str, chosen: Settings) -> None:
    dataset = zoo.planted()
    used = uses(name, dataset, chosen)
    predicted = fitted(name, dataset, chosen).predict(zoo.of_every_task(dataset))
    assert (np.ptp(predicted) > 1e-6) == (used.uses_task or used.uses_metadata)


@cases(options)
def test_tasks_of_equal_metadata_differ_exactly_when_the_task_is_used(name: str, chosen: Settings) -> None:
    dataset = zoo.planted()
    alike = dataset.with_metadata_of(np.zeros(len(dataset.tasks), dtype=np.int64))
    predicted = fitted(name, alike, chosen).predict(zoo.of_every_task(alike))
    assert (np.ptp(predicted) > 1e-6) == uses(name, dataset, chosen).uses_task


@cases(options)
def test_permuted_metadata_change_predictions_exactly_when_used(name: str, chosen: Settings) -> None:
    dataset = zoo.planted()
    permuted = dataset.with_metadata_of(np.roll(np.arange(len(dataset.tasks)), 1))
    change = fitted(name, permuted, chosen).predict(permuted) - fitted(name, dataset, chosen).predict(dataset)
    assert (np.abs(change).max() > 1e-6) == uses(name, dataset, chosen).uses_metadata


@every_model
@every_animal
def test_renaming_tasks_changes_nothing(name: str, animal: Animal) -> None:
    dataset = animal()
    other = zoo.renamed(dataset)
    expected = fitted(name, dataset, epochs=1).predict(dataset)
    np.testing.assert_array_equal(fitted(name, other, epochs=1).predict(other), expected)


def reordered(pack: Pack, order: torch.Tensor) -> Pack:
    """Task t is given what task order[t] has of its own, parameters and metadata."""
    own = pack.prototype.task_indexed | {"metadata"}
    parameters, buffers = (
        {key: value[:, order] if key in own else value for key, value in state.items()}
        for state in (pack.parameters, pack.buffers)
    )
    return Pack(pack.prototype, parameters, buffers, present_only=pack.present_only)


@cases(options)
def test_tasks_reordered_with_their_parameters_permute_the_predictions(name: str, chosen: Settings) -> None:
    dataset = zoo.planted()
    model = fitted(name, dataset, chosen)
    other = replace(model, pack=reordered(model.pack, torch.arange(len(dataset.tasks)).flip(0)))
    expected = model.predict(dataset)
    np.testing.assert_allclose(other.predict(zoo.renumbered(dataset)), expected, rtol=1e-5, atol=1e-5)


def weights(name: str) -> str:
    """A fingerprint of every number of a network that was trained from a fixed seed."""
    pack = fitted(name, zoo.missing_values(), seed=11).pack
    numbers = b"".join(value.numpy().tobytes() for value in (*pack.parameters.values(), *pack.buffers.values()))
    return hashlib.sha256(numbers).hexdigest()


@cases(extremes)
def test_the_same_seed_gives_the_same_weights_and_another_seed_gives_others(name: str, chosen: Settings) -> None:
    dataset = zoo.planted()
    first, again, other = (fitted(name, dataset, chosen, seed=seed, epochs=1).predict(dataset) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-6


@every_model
def test_random_numbers_drawn_before_do_not_change_the_weights(name: str) -> None:
    first = weights(name)
    with torch.random.fork_rng(devices=[]):
        torch.rand(7)
        assert weights(name) == first


@every_model
def test_fitting_leaves_the_global_random_numbers_alone(name: str) -> None:
    dataset = zoo.multiclass()
    before = np.random.get_state(legacy=False), torch.get_rng_state()
    fitted(name, dataset).predict(zoo.of_new_tasks(dataset))
    after = np.random.get_state(legacy=False), torch.get_rng_state()
    np.testing.assert_equal(after[0], before[0])
    assert torch.equal(after[1], before[1])


def save(folder: Path, name: str, model: Networks, dataset: Dataset) -> None:
    refitted = Refitted(name, model, 0.0, stopped_by_time=False, notes=())
    write_model(folder, refitted, catalogue.read(name), {}, dataset, {})


@every_model
@every_animal
def test_a_stored_model_predicts_the_same(name: str, animal: Animal, tmp_path: Path) -> None:
    dataset = animal()
    model = fitted(name, dataset, epochs=1)
    save(tmp_path, name, model, dataset)
    loaded, rows = read_model(tmp_path).model, zoo.of_new_tasks(dataset)
    np.testing.assert_array_equal(loaded.predict(dataset), model.predict(dataset))
    np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))
    assert loaded.size() == model.size()


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
def new_process(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Networks], Path]:
    """Models of all architectures, and the folder in which a new process left what it made of them."""
    folder, dataset = tmp_path_factory.mktemp("models"), zoo.missing_values()
    models = {name: fitted(name, dataset) for name in NAMES}
    for name, model in models.items():
        save(folder / name, name, model, dataset)
    command = [sys.executable, "-W", "error", "-c", IN_A_NEW_PROCESS, str(folder)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[2])
    return models, folder


@every_model
def test_a_stored_model_predicts_the_same_in_a_new_process(
    name: str, new_process: tuple[dict[str, Networks], Path]
) -> None:
    models, folder = new_process
    np.testing.assert_array_equal(np.load(folder / f"{name}.npy"), models[name].predict(zoo.missing_values()))


@every_model
def test_the_same_seed_gives_the_same_weights_in_a_new_process(
    name: str, new_process: tuple[dict[str, Networks], Path]
) -> None:
    assert json.loads((new_process[1] / "weights.json").read_text())[name] == weights(name)


def allocated(architecture: Architecture) -> int:
    return sum(each.numel() for each in architecture.parameters())


@pytest.mark.parametrize("metadata", [0, 4])
@cases(options, extremes)
def test_the_stated_size_is_what_is_allocated(name: str, chosen: Settings, metadata: int) -> None:
    shape = ProblemShape(features=3, outputs=2, tasks=6, metadata=metadata)
    present, more = (
        prototype(lambda given: builder(name, given, chosen)(), each) for each in (shape, replace(shape, tasks=7))
    )
    assert present.size().total == allocated(present)
    assert present.size().marginal == allocated(more) - allocated(present)
    assert present.size().task_network > 0


@cases(extremes)
def test_a_trained_model_states_the_numbers_it_stores(name: str, chosen: Settings) -> None:
    model = fitted(name, zoo.planted(), chosen, epochs=1)
    assert model.size().total == sum(value.numel() for value in model.pack.parameters.values())


MLP_A_TASK = {"hypernetwork", "pooled", "single_task", "hard_sharing", "dmtrl", "mrn", "maximum_roaming"}
"""What is left of these for one task is an MLP of their `width` and `depth`."""


@pytest.mark.parametrize("name", sorted(MLP_A_TASK & set(NAMES)))
@pytest.mark.parametrize("case", ["lowest", "highest", "drawn"])
def test_the_network_of_one_task_is_an_mlp(name: str, case: str) -> None:
    shape, chosen = ProblemShape(features=3, outputs=2, tasks=6, metadata=4), extremes(name)[case]
    expected = mlp_parameters(layer_widths(3, chosen["width"], chosen["depth"], 2))
    assert builder(name, shape, chosen)().size().task_network == expected


HALVES = np.arange(len(zoo.planted())) % 2
"""Two folds of equal numbers of rows of each task, so that a pack cuts the same batches as one member alone."""

THREE = (Member(0, 5), Member(1, 6), Member(0, 7))


def fit_members(
    name: str, members: Sequence[Member], chosen: Settings, *, epochs: int = 2, present_only: bool | None = None
) -> FitResult:
    dataset = zoo.planted()
    data = encode_folds(dataset, HALVES, Flags.of(dataset))
    if present_only is None:
        present_only = traits_of(name, data.shape, chosen).cost == "tasks_present"
    schedule = Schedule(batch=64, max_epochs=epochs, patience=100, check_every=1)
    build = builder(name, data.shape, chosen)
    return fit(data, build, members, TrainingSettings(), schedule, present_only=present_only)


def state_of(result: FitResult, member: int) -> dict[str, FloatArray]:
    pack = result.pack
    return {key: value[member].numpy() for key, value in {**pack.parameters, **pack.buffers}.items()}


def assert_close(found: Mapping[str, FloatArray], expected: Mapping[str, FloatArray]) -> None:
    """One number in a thousand may be apart by a step: AdamW makes one of a gradient that is no more than rounding."""
    assert set(found) == set(expected)
    apart = [~np.isclose(found[key], expected[key], rtol=1e-5, atol=1e-5).ravel() for key in expected]
    assert np.concatenate(apart).mean() <= 1e-3
    step = TrainingSettings().learning_rate
    assert all(np.allclose(found[key], expected[key], rtol=1e-5, atol=step) for key in expected)


@cases(options)
def test_a_stacked_member_equals_a_solo_run(name: str, chosen: Settings) -> None:
    stacked, solo = fit_members(name, THREE, chosen), fit_members(name, THREE[1:2], chosen)
    assert_close(state_of(stacked, 1), state_of(solo, 0))
    assert stacked.epochs[1] == solo.epochs[0]
    assert stacked.loss[1] == pytest.approx(solo.loss[0], rel=1e-5)


@pytest.mark.parametrize("member", [0, 2])
@every_model
def test_every_member_of_a_pack_equals_a_solo_run(name: str, member: int) -> None:
    stacked, solo = fit_members(name, THREE, {}), fit_members(name, THREE[member : member + 1], {})
    assert_close(state_of(stacked, member), state_of(solo, 0))


@pytest.mark.parametrize("member", [0, 2])
@every_model
def test_a_member_goes_on_as_before_when_a_neighbour_leaves(
    name: str, member: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    solo = fit_members(name, THREE[member : member + 1], {}, epochs=4)
    monkeypatch.setattr(BestSoFar, "waiting", lambda self, members, epoch, patience: members != 1)
    left = fit_members(name, THREE, {}, epochs=4)
    assert left.epochs[1] == 1
    assert_close(state_of(left, member), state_of(solo, 0))


@every_model
def test_a_member_is_trained_as_alone_beside_members_with_more_blocks(name: str) -> None:
    """What dropout takes from a row does not depend on how far the pack's batches are padded."""
    dataset, chosen = zoo.one_row_tasks(), asked(name, {**defaults(name), "dropout": 0.4})
    data = encode_folds(dataset, (np.arange(len(dataset)) > 14).astype(np.int64), Flags.of(dataset))
    build, schedule = builder(name, data.shape, chosen), Schedule(batch=8, max_epochs=2, patience=9, check_every=1)
    present_only = traits_of(name, data.shape, chosen).cost == "tasks_present"
    together, alone = (
        fit(data, build, members, TrainingSettings(), schedule, present_only=present_only)
        for members in ([Member(1, 5), Member(0, 6)], [Member(1, 5)])
    )
    assert_close(state_of(together, 0), state_of(alone, 0))


@of_cost("tasks_present")
def test_handing_over_only_the_tasks_present_equals_handing_over_all(name: str, chosen: Settings) -> None:
    present, everything = (fit_members(name, THREE[:2], chosen, present_only=each) for each in (True, False))
    assert_close(state_of(present, 1), state_of(everything, 1))


@cases(options)
def test_an_unseen_task_is_an_average_task_with_its_own_metadata(name: str, chosen: Settings) -> None:
    """Its predictions are those of task 0 given the mean of all tasks' parameters and the metadata of task 2."""
    dataset = zoo.planted()
    model = fitted(name, dataset, chosen)
    tasks = dataset.tasks.joined(TaskTable(("new",), dataset.tasks.metadata.take(np.array([2]))))
    rows = np.zeros(len(dataset), dtype=np.int64)
    parameters, buffers = (
        {key: value.clone() for key, value in state.items()} for state in (model.pack.parameters, model.pack.buffers)
    )
    for key in model.pack.prototype.task_indexed:
        state = parameters if key in parameters else buffers
        state[key][:, 0] = state[key].mean(dim=1)
    buffers["metadata"][:, 0] = buffers["metadata"][:, 2]
    average = Pack(model.pack.prototype, parameters, buffers, present_only=False)
    expected = replace(model, pack=average).predict(replace(dataset, task=rows))
    found = model.predict(replace(dataset, task=rows + len(dataset.tasks), tasks=tasks))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


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
    predicted = fitted(name, training, chosen, epochs=epochs, batch=256).predict(test)
    model, mean = (np.mean((each - truth) ** 2 / known.var(axis=0)) for each in (predicted, means[test.task]))
    return float(model / mean)


@every_model
def test_it_learns_a_planted_signal_better_than_the_task_mean(name: str) -> None:
    dataset = zoo.planted()
    held = np.arange(len(dataset)) % 14 >= 10
    assert min(relative_error(name, dataset, held, start, 80) for start in space_of(name).starts) < 0.5


@pytest.mark.parametrize(
    "animal", [zoo.several_targets, zoo.binary, zoo.multiclass], ids=lambda animal: animal.__name__
)
@every_model
def test_it_learns_every_kind_of_problem_better_than_the_task_mean(name: str, animal: Animal) -> None:
    dataset = animal()
    held = np.arange(len(dataset)) % 4 == 3
    assert min(relative_error(name, dataset, held, start, 40) for start in space_of(name).starts[:2]) < 0.9
