"""What a neural architecture says of a task's own network is what it computes, and predictions take that way."""

import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training import task_networks
from mthn_automl.training.losses import network_outputs
from mthn_automl.training.members import Pack, prototype
from mthn_automl.training.networks import Networks
from mthn_automl.training.task_networks import TaskNetworks, apply_network
from tests.contracts import zoo
from tests.contracts.neural import NAMES, built
from tests.contracts.settings import SHAPE, corners, points, traits_of

Animal = Callable[[], Dataset]
Settings = Mapping[str, Any]
MLPS = [name for name in NAMES if traits_of(name, SHAPE, {}).mlp_a_task]
every_model = pytest.mark.parametrize("name", MLPS)


def mlps(name: str) -> dict[str, dict[str, Any]]:
    """The settings under which a task's network is an MLP."""
    tried = {**points(name), **corners(name)}
    return {case: chosen for case, chosen in tried.items() if traits_of(name, SHAPE, chosen).mlp_a_task}


def shaken(value: Tensor, random: torch.Generator) -> Tensor:
    return (value.detach() + 0.1 * torch.randn(value.shape, generator=random)).requires_grad_()


def untrained(name: str, dataset: Dataset, chosen: Settings | None = None, *, members: int = 3) -> Networks:
    """Networks whose every parameter is drawn at random, so that no two tasks or members are alike."""
    encoder = Encoder.fit(dataset, Flags.of(dataset))
    shape = ProblemShape.of(encoder, network_outputs(dataset.schema), len(dataset.tasks))
    metadata = torch.from_numpy(encoder.encode_metadata(dataset.tasks)).expand(members, -1, -1)
    pack = Pack.build(lambda: built(name, shape, chosen or {}), list(range(members)), metadata, present_only=True)
    random = torch.Generator().manual_seed(members)
    parameters = {key: shaken(value, random) for key, value in pack.parameters.items()}
    return Networks(Pack(pack.prototype, parameters, pack.buffers, present_only=True), encoder, dataset.schema.problem)


def long_way(model: Networks, rows: Dataset, monkeypatch: pytest.MonkeyPatch) -> FloatArray:
    """Predictions of the model itself: as if a task's network were no MLP."""
    with monkeypatch.context() as patch:
        patch.setattr(TaskNetworks, "of", lambda pack: None)
        whole = replace(model)
        assert whole.task_networks is None
        return whole.predict(rows)


def assert_near(found: FloatArray, expected: FloatArray, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(
        found, expected, rtol=tolerance, atol=tolerance * max(1.0, np.abs(expected).max(initial=0.0))
    )


def with_unseen(dataset: Dataset) -> Dataset:
    """The rows of known and of unseen tasks mixed; two of the three unseen ones differ in their metadata."""
    new = zoo.of_new_tasks(dataset)
    if new.tasks.metadata is not None:
        new.tasks.metadata.numeric[-1] += 1.0
    known = np.arange(len(dataset)) % 3 == 0
    return replace(new, task=np.where(known, dataset.task, new.task))


def test_some_architectures_have_a_network_a_task_and_some_have_none() -> None:
    """Else what follows would say nothing."""
    assert 0 < len(MLPS) < len(NAMES)


@every_model
def test_the_network_of_a_task_computes_what_the_model_does(name: str, subtests: pytest.Subtests) -> None:
    for metadata in (0, 2):
        shape = ProblemShape(3, 2, tasks=6, metadata=metadata)
        for case, chosen in mlps(name).items():
            with subtests.test(case, metadata=metadata), torch.no_grad():
                torch.manual_seed(0)
                model = prototype(lambda given, chosen=chosen: built(name, given, chosen), shape)
                model.metadata = torch.randn(6, metadata)
                task, features = torch.tensor([4, 0, 5, 0]), torch.randn(4, 7, 3)
                for value in model.parameters():
                    value += 0.3 * torch.randn(value.shape)
                networks = model.task_networks(task)
                assert all(len(part) in (1, 4) for layer in networks for part in layer)
                torch.testing.assert_close(
                    apply_network(features, networks, model.hidden), model(features, task), rtol=1e-4, atol=1e-4
                )


@every_model
def test_predictions_are_those_of_the_model_itself(
    name: str, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the data, the settings and the members, one row at a time, and for tasks never seen."""
    several = [(animal, chosen, 3) for animal in (zoo.missing_values, zoo.planted) for chosen in mlps(name).values()]
    for animal, chosen, members in [*several, *((animal, {}, members) for animal in zoo.ZOO for members in (1, 3))]:
        with subtests.test(animal.__name__, chosen=chosen, members=members):
            dataset, rows = animal(), with_unseen(animal())
            model = untrained(name, dataset, chosen, members=members)
            assert model.task_networks is not None
            expected = long_way(model, rows, monkeypatch)
            assert_near(model.predict(dataset), long_way(model, dataset, monkeypatch))
            assert_near(model.predict(rows), expected)
            for row in (0, 1, 2, len(rows) - 1):
                network = model.task_network(int(rows.task[row]), rows.tasks)
                alone = rows.take(np.array([row]))
                assert_near(alone.exposed(model.predict_row(alone.features, network)[None])[0], expected[row])


@every_model
def test_predictions_are_the_same_whether_networks_are_kept_or_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset = zoo.multiclass()
    model, few = untrained(name, dataset), dataset.take(np.arange(3))
    before = model.predict(few)
    for _ in range(len(dataset.tasks)):
        expected = model.predict(dataset)
    assert_near(model.predict(few), before)
    monkeypatch.setattr(task_networks, "MOST_KEPT", 0)
    monkeypatch.setattr(task_networks, "ROWS_AT_ONCE", 7)
    monkeypatch.setattr(task_networks, "LONGEST_BLOCK", 3)
    assert_near(replace(model).predict(dataset), expected)


@every_model
def test_networks_do_not_travel_between_processes(name: str) -> None:
    dataset = zoo.planted()
    model = untrained(name, dataset)
    expected = model.predict(dataset)
    bare = len(pickle.dumps(replace(model)))
    stored = pickle.dumps(model)
    assert len(stored) == bare
    np.testing.assert_array_equal(pickle.loads(stored).predict(dataset), expected)  # noqa: S301


@pytest.mark.parametrize(
    ("name", "chosen"), [("hypernetwork", {"normalisation": "layer"}), ("learned_context", {"residual": True})]
)
def test_a_unit_whose_output_leads_nowhere_works_where_it_is_passed_on_or_shifts_the_others(
    name: str, chosen: Settings
) -> None:
    model = untrained(name, zoo.planted(), chosen)
    for key, value in model.pack.parameters.items():
        model.pack.parameters[key] = torch.zeros_like(value)
    assert model.working_parameters() == len(model.pack) * model.pack.prototype.task_network_parameters()


class NoNetwork(Architecture):
    """Multiplies two features, which no MLP does."""

    Settings = object

    @classmethod
    def traits(cls, shape: ProblemShape, settings: Any) -> Traits:
        return Traits(uses_task=True, uses_metadata=False)

    def __init__(self, shape: ProblemShape) -> None:
        super().__init__(shape)
        self.add_task_tables(factor=torch.nn.Parameter(torch.arange(shape.tasks, dtype=torch.float32)))

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        return features[..., :1] * features[..., 1:2] * self.rows(task, "factor")[0].reshape(-1, 1, 1)

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
    expected = encoder.prediction(dataset.schema.kind, (given[:, 0] * given[:, 1] * dataset.task)[:, None])
    assert_near(model.predict(dataset), expected)
