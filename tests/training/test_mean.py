"""The mean of several models is a model: it predicts, for tables and for one row, and has a size and a preference."""

from collections.abc import Callable

import numpy as np
import pytest

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import Classical, Size
from mthn_automl.models.ridge import Ridge
from mthn_automl.training.mean import Mean, Model, mean_of
from mthn_automl.training.networks import Networks
from tests.contracts import zoo
from tests.contracts.neural import NAMES
from tests.contracts.test_task_networks import MLPS, untrained

ANIMALS = (zoo.planted, zoo.several_targets, zoo.multiclass)


def ridge(dataset: Dataset) -> Classical:
    model = Ridge(Ridge.Settings())
    model.fit(dataset, flags=Flags.of(dataset), seed=0)
    return model


def networks(dataset: Dataset) -> tuple[Networks, ...]:
    return tuple(untrained(name, dataset) for name in ("hypernetwork", "pooled", "single_task"))


def size_of(*models: Model) -> Size:
    return sum((model.size() for model in models), Size(0, 0, 0))


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.__name__)
def test_it_predicts_the_weighted_mean_and_is_as_large_as_all_together(animal: Callable[[], Dataset]) -> None:
    """Of models of either kind, and of means; of rows of known and of unseen tasks."""
    dataset = animal()
    (one, two, three), classical = networks(dataset), ridge(dataset)
    folds = mean_of([one, two], tasks=len(dataset.tasks))
    whole = mean_of([folds, classical, three], [2.0, 1.0, 5.0], tasks=len(dataset.tasks))
    assert isinstance(whole, Mean)
    assert whole.weights == (0.25, 0.125, 0.625)
    for rows in (dataset, zoo.of_new_tasks(dataset), dataset.take(np.zeros(0, dtype=np.int64))):
        of_folds = 0.5 * one.predict(rows) + 0.5 * two.predict(rows)
        np.testing.assert_array_equal(folds.predict(rows), of_folds)
        expected = 0.25 * of_folds + 0.125 * classical.predict(rows) + 0.625 * three.predict(rows)
        np.testing.assert_allclose(whole.predict(rows), expected, rtol=1e-12)
    assert whole.size() == size_of(one, two, three, classical)


def test_the_mean_of_one_model_is_that_model() -> None:
    model = ridge(zoo.planted())
    assert mean_of([model], [0.3], tasks=6) is model


@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.__name__)
def test_one_row_is_predicted_by_the_networks_of_its_task_as_in_a_table(animal: Callable[[], Dataset]) -> None:
    dataset = animal()
    one, two, three = networks(dataset)
    model = mean_of([mean_of([one, two], tasks=len(dataset.tasks)), three], [0.75, 0.25], tasks=len(dataset.tasks))
    assert isinstance(model, Mean)
    for rows in (dataset, zoo.of_new_tasks(dataset)):
        expected = model.predict(rows)
        for row in (0, 1, len(rows) - 1):
            networks_of_task = model.task_network(int(rows.task[row]), rows.tasks)
            assert networks_of_task is not None
            found = model.predict_row(rows.features.take(np.array([row])), networks_of_task)
            np.testing.assert_allclose(found, expected[row], rtol=1e-5, atol=1e-6)
    working = [each.working_parameters() for each in (one, two, three)]
    assert model.working_parameters() == sum(count for count in working if count is not None)


def test_with_a_model_that_has_no_network_of_a_task_there_is_no_such_way() -> None:
    dataset = zoo.planted()
    without = untrained(next(name for name in NAMES if name not in MLPS), dataset)
    assert without.task_networks is None
    for other in (ridge(dataset), without, mean_of([ridge(dataset), without], tasks=len(dataset.tasks))):
        model = mean_of([untrained("pooled", dataset), other], tasks=len(dataset.tasks))
        assert isinstance(model, Mean)
        assert model.task_network(0, dataset.tasks) is None
        assert (model.working_parameters(), model.has_preference) == (None, False)


def test_it_has_a_preference_where_every_model_has_one() -> None:
    dataset = zoo.planted()
    pareto = [untrained("pareto_hypernetwork", dataset, members=members) for members in (1, 2)]
    model = mean_of(pareto, [0.75, 0.25], tasks=len(dataset.tasks))
    assert isinstance(model, Mean)
    assert model.has_preference
    for preference in (0.0, 1.0):
        one, two = (each.at_preference(preference) for each in pareto)
        asked, expected = model.at_preference(preference), 0.75 * one.predict(dataset) + 0.25 * two.predict(dataset)
        np.testing.assert_array_equal(asked.predict(dataset), expected)
    assert not np.array_equal(model.predict(dataset), model.at_preference(1.0).predict(dataset))
    mixed = mean_of([*pareto, untrained("hypernetwork", dataset)], tasks=len(dataset.tasks))
    assert isinstance(mixed, Mean)
    assert not mixed.has_preference


def test_a_task_is_predicted_by_the_models_that_were_trained_on_it_where_there_are_any() -> None:
    rows = zoo.planted()
    parts = np.array([0, 1, 2]), np.array([2, 3])
    models = [ridge_of(rows, tasks) for tasks in parts]
    first, second = (model.predict(rows) for model in models)
    mean = mean_of(models, [0.25, 0.75], tasks=len(rows.tasks)).predict(rows)
    both = 0.25 * first + 0.75 * second
    for task in range(len(rows.tasks)):
        of_task = rows.task == task
        expected = {0: first, 1: first, 3: second}.get(task, both)
        np.testing.assert_allclose(mean[of_task], expected[of_task], rtol=1e-12)


def test_a_task_never_seen_is_predicted_by_all_models_whatever_each_was_trained_on() -> None:
    """One of all tasks knows no more of it than one of some, alone or in a mean of folds."""
    rows = zoo.planted()
    whole, some, others = ridge(rows), ridge_of(rows, np.array([0, 1])), ridge_of(rows, np.array([1, 2]))
    new = zoo.of_new_tasks(rows)
    unseen = new.take(np.flatnonzero(new.task >= len(rows.tasks)))
    one, two, three = (model.predict(unseen) for model in (whole, some, others))
    count = len(rows.tasks)
    pair = mean_of([whole, some], [0.25, 0.75], tasks=count)
    np.testing.assert_allclose(pair.predict(unseen), 0.25 * one + 0.75 * two, rtol=1e-12)
    nested = mean_of([whole, mean_of([some, others], tasks=count)], [0.25, 0.75], tasks=count)
    np.testing.assert_allclose(nested.predict(unseen), 0.25 * one + 0.375 * two + 0.375 * three, rtol=1e-12)


def test_a_mean_within_a_mean_knows_the_tasks_that_one_of_its_models_was_trained_on() -> None:
    rows = zoo.planted()
    whole, some, others = ridge(rows), ridge_of(rows, np.array([0, 1])), ridge_of(rows, np.array([1, 2]))
    folds = mean_of([some, others], tasks=len(rows.tasks))
    mean = mean_of([whole, folds], [0.25, 0.75], tasks=len(rows.tasks))
    known = rows.task < 3
    expected = np.where(known[:, None], 0.25 * whole.predict(rows) + 0.75 * folds.predict(rows), whole.predict(rows))
    np.testing.assert_allclose(mean.predict(rows), expected, rtol=1e-12)


def ridge_of(rows: Dataset, tasks: IntArray) -> Classical:
    """Fitted to rows of these tasks alone."""
    return ridge(rows.take(np.flatnonzero(np.isin(rows.task, tasks))))
