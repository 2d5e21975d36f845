"""What a neural architecture says of a task's own network is what it computes, and predictions take that way."""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.models.base import Architecture, ProblemShape
from mthn_automl.training import task_networks
from mthn_automl.training.losses import network_outputs
from mthn_automl.training.members import Pack, prototype
from mthn_automl.training.networks import Networks
from mthn_automl.training.task_networks import TaskNetworks, apply_network
from tests.contracts import zoo

NAMES = catalogue.names("neural")
Animal = Callable[[], Dataset]
Settings = Mapping[str, Any]
every_animal = pytest.mark.parametrize("animal", zoo.ZOO, ids=lambda animal: animal.__name__)


def ends(parameter: Settings) -> list[Any]:
    return parameter["choices"] if parameter["type"] == "categorical" else [parameter["low"], parameter["high"]]


def has_networks(name: str, chosen: Settings) -> bool:
    """Whether a task's network is an MLP under these settings."""
    model = prototype(lambda shape: built(name, shape, chosen), ProblemShape(3, 2, tasks=2, metadata=2))
    return model.task_networks(torch.tensor([0])) is not None


def built(name: str, shape: ProblemShape, chosen: Settings) -> Architecture:
    architecture = catalogue.read(name).load_class()
    return architecture(shape, architecture.Settings(**chosen))


CASES = [
    pytest.param(name, chosen, id=f"{name}: {' '.join(f'{key}={value}' for key, value in chosen.items()) or 'default'}")
    for name in NAMES
    for chosen in (
        {},
        *({key: value} for key, each in catalogue.read(name).parameters.items() for value in ends(each)),
    )
    if has_networks(name, chosen)
]
every_setting = pytest.mark.parametrize(("name", "chosen"), CASES)
WITHOUT_NETWORKS = {
    *("cross_stitch", "hyper_adapter", "learned_context", "mmoe", "ple", "sluice", "tabm_tasks", "task_experts"),
    "task_transformer",
}
every_model = pytest.mark.parametrize("name", [name for name in catalogue.names("neural") if has_networks(name, {})])


def shaken(value: torch.Tensor, random: torch.Generator) -> torch.Tensor:
    return (value.detach() + 0.1 * torch.randn(value.shape, generator=random)).requires_grad_()


def untrained(name: str, dataset: Dataset, chosen: Settings | None = None, *, members: int = 3) -> Networks:
    """Networks whose every number is drawn at random, so that no two tasks or members are alike."""
    encoder = Encoder.fit(dataset, Flags.of(dataset))
    outputs = network_outputs(dataset.schema)
    shape = ProblemShape(encoder.feature_width, outputs, len(dataset.tasks), encoder.metadata_width)
    metadata = torch.from_numpy(encoder.encode_metadata(dataset.tasks)).expand(members, -1, -1)
    pack = Pack.build(lambda: built(name, shape, chosen or {}), list(range(members)), metadata, present_only=True)
    random = torch.Generator().manual_seed(members)
    parameters = {key: shaken(value, random) for key, value in pack.parameters.items()}
    return Networks(Pack(pack.prototype, parameters, pack.buffers, present_only=True), encoder, dataset.schema.problem)


def networks_of(model: Networks) -> TaskNetworks:
    assert model.task_networks is not None
    return model.task_networks


def assert_takes_the_short_way_to_the_same(model: Networks, rows: Dataset) -> None:
    networks_of(model)
    expected = model._predict_by_pack(rows)
    np.testing.assert_allclose(model.predict(rows), expected, rtol=1e-5, atol=1e-5 * max(1.0, np.abs(expected).max()))


def test_most_architectures_have_a_network_a_task() -> None:
    """Else what follows would say nothing."""
    without = {name for name in NAMES if not has_networks(name, {})}
    assert without == WITHOUT_NETWORKS


@pytest.mark.parametrize("metadata", [0, 2])
@every_setting
def test_the_network_of_a_task_computes_what_the_model_does(name: str, chosen: Settings, metadata: int) -> None:
    model = prototype(lambda shape: built(name, shape, chosen), ProblemShape(3, 2, tasks=6, metadata=metadata))
    model.metadata = torch.randn(6, metadata)
    task, features = torch.tensor([4, 0, 5, 0]), torch.randn(4, 7, 3)
    with torch.no_grad():
        for value in model.parameters():
            value += 0.3 * torch.randn(value.shape)
        networks, expected = model.task_networks(task), model(features, task)
        found = apply_network(features, networks)
    assert all(len(part) in (1, 4) for layer in networks for part in layer)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@every_setting
def test_the_network_of_a_task_has_the_stated_size(name: str, chosen: Settings) -> None:
    model = prototype(lambda shape: built(name, shape, chosen), ProblemShape(3, 2, tasks=6, metadata=2))
    networks = model.task_networks(torch.tensor([1]))
    assert sum(part[0].numel() for layer in networks for part in layer) == model.task_network_parameters()


@every_setting
def test_predictions_are_those_of_the_model_itself(name: str, chosen: Settings) -> None:
    dataset = zoo.missing_values()
    assert_takes_the_short_way_to_the_same(untrained(name, dataset, chosen), dataset)


@pytest.mark.parametrize("members", [1, 3])
@every_model
@every_animal
def test_predictions_are_those_of_the_model_itself_for_any_data(name: str, animal: Animal, members: int) -> None:
    dataset = animal()
    assert_takes_the_short_way_to_the_same(untrained(name, dataset, members=members), dataset)


def with_unseen(dataset: Dataset) -> Dataset:
    """The rows of known and of unseen tasks mixed; two of the three unseen ones differ in their metadata."""
    new = zoo.of_new_tasks(dataset)
    if new.tasks.metadata is not None:
        new.tasks.metadata.numeric[-1] += 1.0
    known = np.arange(len(dataset)) % 3 == 0
    return replace(new, task=np.where(known, dataset.task, new.task))


@every_model
@every_animal
def test_unseen_tasks_are_average_ones_as_the_model_itself_makes_them(name: str, animal: Animal) -> None:
    dataset = animal()
    assert_takes_the_short_way_to_the_same(untrained(name, dataset), with_unseen(dataset))


@every_setting
def test_unseen_tasks_are_average_ones_whatever_the_settings(name: str, chosen: Settings) -> None:
    dataset = zoo.planted()
    assert_takes_the_short_way_to_the_same(untrained(name, dataset, chosen), with_unseen(dataset))


@every_model
def test_networks_too_many_to_keep_are_made_for_the_rows_at_hand(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = zoo.several_targets()
    model = untrained(name, dataset)
    expected = model.predict(dataset)
    monkeypatch.setattr(task_networks, "MOST_KEPT", 0)
    monkeypatch.setattr(task_networks, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(task_networks, "LONGEST_BLOCK", 3)
    again = replace(model)
    np.testing.assert_allclose(again.predict(dataset), expected, rtol=1e-5, atol=1e-5)
    assert networks_of(again)._kept is None


@every_model
def test_predictions_do_not_change_once_the_networks_are_kept(name: str) -> None:
    dataset = zoo.multiclass()
    model = untrained(name, dataset)
    few = dataset.take(np.arange(3))
    before = model.predict(few)
    for _ in range(len(dataset.tasks)):
        model.predict(dataset)
    assert networks_of(model)._kept is not None
    np.testing.assert_allclose(model.predict(few), before, rtol=1e-5, atol=1e-5)


@every_model
def test_networks_do_not_travel_between_processes(name: str) -> None:
    dataset = zoo.planted()
    model = untrained(name, dataset)
    bare = len(pickle.dumps(replace(model)))
    expected = model.predict(dataset)
    stored = pickle.dumps(model)
    assert len(stored) == bare
    np.testing.assert_array_equal(pickle.loads(stored).predict(dataset), expected)  # noqa: S301


@every_animal
@every_model
def test_one_row_is_predicted_as_in_a_table(name: str, animal: Animal) -> None:
    dataset = with_unseen(animal())
    model = untrained(name, animal())
    networks_of(model)
    expected = model.predict(dataset)
    for row in (0, 1, 2, len(dataset) - 1):
        network = model.task_network(int(dataset.task[row]), dataset.tasks)
        assert network is not None
        found = model.predict_row(dataset.features.take(np.array([row])), network)
        np.testing.assert_allclose(found, expected[row], rtol=1e-6, atol=1e-6 * max(1.0, np.abs(expected).max()))


class NoNetwork(Architecture):
    """Multiplies two features, which no MLP does."""

    Settings = object

    @classmethod
    def traits(cls, shape: ProblemShape, settings: Any) -> Any:
        raise NotImplementedError

    def __init__(self, shape: ProblemShape) -> None:
        super().__init__(shape)
        self.own = torch.nn.Parameter(torch.arange(shape.tasks, dtype=torch.float32))
        self.task_indexed = frozenset({"own"})

    def forward(self, features: torch.Tensor, task: torch.Tensor) -> torch.Tensor:
        return features[..., :1] * features[..., 1:2] * self.own[task].reshape(-1, 1, 1)

    def task_network_parameters(self) -> int:
        return 1


def test_an_architecture_that_is_no_mlp_predicts_by_itself() -> None:
    dataset = zoo.planted()
    encoder, shape = Encoder.fit(dataset, Flags.of(dataset)), ProblemShape(2, 1, len(dataset.tasks), 3)
    metadata = torch.from_numpy(encoder.encode_metadata(dataset.tasks)).unsqueeze(0)
    pack = Pack.build(lambda: NoNetwork(shape), [0], metadata, present_only=True)
    model = Networks(pack, encoder, dataset.schema.problem)
    assert TaskNetworks.of(pack) is None
    assert model.task_network(0, dataset.tasks) is None
    given = encoder.encode_features(dataset.features)
    expected = encoder.decode_target((given[:, 0] * given[:, 1] * dataset.task)[:, None])
    np.testing.assert_allclose(model.predict(dataset), expected, rtol=1e-5, atol=1e-5)
