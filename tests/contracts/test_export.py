"""What every architecture must do when it is exported: ONNX Runtime predicts what `predict` does, or it is refused."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
import torch

from mthn_automl import catalogue
from mthn_automl.data import preprocess
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.encoding import Flags
from mthn_automl.deployment.export.check import TOLERANCE, checked
from mthn_automl.deployment.export.drawn import drawn_rows
from mthn_automl.deployment.export.whole import can_be_exported, onnx_model
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UnsupportedError
from mthn_automl.models.base import Classical
from mthn_automl.models.parts.added import AddedTasks
from mthn_automl.models.parts.hidden import Activation
from mthn_automl.training.mean import Mean, mean_of
from tests.contracts import zoo
from tests.contracts.neural import NAMES as NETWORKS
from tests.contracts.settings import choices, class_of, suits
from tests.contracts.test_held_out_tasks import as_never_seen
from tests.contracts.test_held_out_tasks import fitted as fitted_to_fold
from tests.contracts.test_task_networks import MLPS, untrained
from tests.contracts.test_wide_categories import wide
from tests.deployment import few

Animal = Callable[[], Dataset]
CLASSICAL = [name for name in catalogue.usable() if name not in NETWORKS and can_be_exported(class_of(name))]
KINDS = (zoo.several_targets, zoo.binary, zoo.multiclass, zoo.ordinal, zoo.counts, zoo.missing_values, zoo.no_metadata)
SMALL = MLPS[0]
"""A network that takes little time to trace."""

ODD = (zoo.single_class, zoo.class_without_rows, zoo.no_features, zoo.only_categorical)


def assert_same(predictor: Predictor, *tables: Dataset, task: int | None = None) -> None:
    """On these rows, and on drawn ones: in and out of ranges, of tasks known and not, missing and unknown."""
    found = checked(
        onnx_model(predictor, task), predictor, [*tables, drawn_rows(predictor, task)], any_task=task is None
    )
    assert found.difference <= TOLERANCE
    assert found.rows == sum(map(len, tables)) + 200


def of_model(dataset: Dataset, model: Any) -> Predictor:
    return Predictor("any", dataset.schema, dataset.tasks, dataset.spare, model, ("any-0",))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_predicts_the_same_for_any_task_and_baked_for_one(name: str) -> None:
    predictor = few.predictor(name, zoo.missing_values)
    assert_same(predictor, zoo.missing_values())
    if name in (*MLPS, NETWORKS[-1]):  # all others are traced for one task as for any
        assert_same(predictor, task=2)


@pytest.mark.parametrize("activation", get_args(Activation))
def test_a_network_of_any_hidden_units_is_baked_for_one_task(activation: Activation) -> None:
    dataset = zoo.planted()
    model = untrained("hypernetwork", dataset, {"activation": activation, "normalisation": "layer"})
    assert_same(of_model(dataset, model), task=2)


@pytest.mark.parametrize("animal", [zoo.binary, zoo.multiclass, zoo.ordinal, zoo.counts, zoo.no_metadata])
def test_networks_predict_every_kind_of_problem_the_same(animal: Animal) -> None:
    assert_same(few.predictor(SMALL, animal), animal())


@pytest.mark.parametrize("name", CLASSICAL)
def test_a_classical_model_predicts_every_kind_of_problem_the_same(name: str, subtests: pytest.Subtests) -> None:
    for animal in (*KINDS, *ODD):
        if suits(name, animal):
            with subtests.test(animal.__name__):
                predictor = few.predictor(name, animal)
                assert_same(predictor, animal())
                if predictor.schema.features:
                    assert_same(predictor, task=0)


@pytest.mark.parametrize("name", CLASSICAL)
def test_every_choice_of_a_classical_model_predicts_the_same(name: str, subtests: pytest.Subtests) -> None:
    kind = class_of(name)
    for case, chosen in choices(name).items():
        with subtests.test(case):
            dataset = zoo.missing_values()
            own = {key: value for key, value in chosen.items() if key in vars(kind.Settings())}
            model = kind(kind.Settings(**own))
            model.fit(dataset, flags=Flags.of(dataset), seed=0)
            assert_same(of_model(dataset, model), dataset)


@pytest.mark.parametrize("name", [*CLASSICAL, SMALL])
def test_wide_columns_are_looked_up(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "ONE_HOT_VALUES", 0)
    assert_same(of_model(wide(), few.single(name, wide)), wide())


@pytest.mark.parametrize("name", [*CLASSICAL, SMALL])
def test_a_task_that_some_folds_held_out_is_predicted_by_the_others(name: str) -> None:
    dataset = zoo.planted()
    folds = [fitted_to_fold(name, dataset, number) for number in range(3)]
    trained = [np.flatnonzero(np.arange(len(dataset.tasks)) % 3 != 2 - number) for number in range(3)]
    models = [
        replace(model, trained=each) if name in NETWORKS else model for model, each in zip(folds, trained, strict=True)
    ]
    assert_same(of_model(dataset, mean_of(models, tasks=len(dataset.tasks))), dataset, as_never_seen(dataset))


@pytest.mark.parametrize("name", few.ENSEMBLES)
def test_an_ensemble_is_one_graph(name: str) -> None:
    assert_same(few.predictor(name, zoo.planted), zoo.planted())


def with_random_tasks(predictor: Predictor, rows: Dataset, model: Any) -> Predictor:
    """Two tasks were added to the model, of which all that is their own is drawn."""
    random, tasks = np.random.default_rng(0), rows.tasks
    metadata = None if tasks.metadata is None else tasks.metadata.take(np.array([2, 0]))
    if isinstance(model, Classical):
        columns, outputs = model.own_columns(rows).shape[1], model.raw_scores(rows).shape[1]
        model = copy(model)
        model.added = AddedTasks(len(tasks), random.normal(size=(2, columns, outputs)))
    else:
        names = model.pack.prototype.task_indexed & model.pack.parameters.keys()
        shapes = {name: (len(model.pack), 2, *model.pack.parameters[name].shape[2:]) for name in sorted(names)}
        own = {name: torch.from_numpy(random.normal(size=shape)).float() for name, shape in shapes.items()}
        model = replace(model, added=own)
    return replace(predictor, tasks=tasks.joined(TaskTable(("added 1", "added 2"), metadata)), model=model)


OF_ADDED = [(name, zoo.missing_values) for name in (*CLASSICAL, SMALL, NETWORKS[-1])]
OF_ADDED += [(name, zoo.multiclass) for name in (*CLASSICAL, SMALL) if suits(name, zoo.multiclass)]


@pytest.mark.parametrize(("name", "animal"), OF_ADDED)
def test_tasks_that_were_added_to_a_model_are_predicted_as_it_does(name: str, animal: Animal) -> None:
    rows = animal()
    found = with_random_tasks(few.predictor(name, animal), rows, few.single(name, animal))
    added = replace(rows, tasks=found.tasks, task=len(rows.tasks) + rows.task % 2)
    assert not np.allclose(found.model.predict(added), few.single(name, animal).predict(added))
    assert_same(found, rows, added)
    assert_same(found, task=len(rows.tasks) + 1)


def test_a_mean_of_folds_knows_tasks_that_were_added() -> None:
    rows, ridge = zoo.planted(), few.single("ridge", zoo.planted)
    added = with_random_tasks(few.predictor("ridge", zoo.planted), rows, ridge)
    assert_same(replace(added, model=mean_of([added.model, ridge], tasks=len(added.tasks))), rows)


@pytest.mark.parametrize("name", ["ridge", "ensemble of both"])
@pytest.mark.parametrize("animal", [zoo.binary, zoo.ordinal])
def test_probabilities_have_the_temperature_of_the_model(name: str, animal: Animal) -> None:
    warm = few.predictor(name, animal)
    models = warm.model.models if isinstance(warm.model, Mean) else (warm.model,)
    mild = replace(
        warm, model=mean_of(models, temperature=2.5, tasks=len(warm.tasks)), members=tuple(map(str, range(len(models))))
    )
    assert not np.allclose(mild.model.predict(animal()), warm.model.predict(animal()))
    assert_same(mild, animal())


@pytest.mark.parametrize("name", [name for name in catalogue.usable() if not can_be_exported(class_of(name))])
def test_what_cannot_be_exported_is_named(name: str) -> None:
    with pytest.raises(UnsupportedError, match=f"models of {class_of(name).__name__} cannot be written as ONNX"):
        onnx_model(few.predictor(name, zoo.planted))


def test_an_exposure_that_is_none_has_no_prediction_and_whole_numbers_name_tasks_as_data_frames_write_them() -> None:
    import onnxruntime

    from mthn_automl.deployment.export.whole import onnx_model

    model = few.predictor("ridge", zoo.counts)
    names = tuple(str(number) for number in range(len(model.tasks)))
    known = replace(model, tasks=replace(model.tasks, names=names))
    session = onnxruntime.InferenceSession(onnx_model(known).SerializeToString(), providers=["CPUExecutionProvider"])
    kinds = {each.name: each.type for each in session.get_inputs()}
    asked = {name: np.full((4, 1), 0.5) for name, kind in kinds.items() if "string" not in kind}
    exposure = known.schema.offset
    assert exposure is not None
    asked[exposure] = np.array([[1.0], [1.0], [0.0], [-1.0]])
    task = next(name for name, kind in kinds.items() if "string" in kind)
    asked[task] = np.array([["3"], ["3.0"], ["3"], ["3"]], dtype=object)
    found = session.run(["prediction"], asked)[0][:, 0]
    assert found[0] == found[1]
    assert np.isnan(found).tolist() == [False, False, True, True]
