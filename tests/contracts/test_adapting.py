"""What every architecture must do with labelled rows of tasks that it has never seen: learn these, and change no other.

Networks fit the rows of their task tables, classical models effects of their own columns or an offset.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.deployment.adapt.adapt import with_tasks
from mthn_automl.deployment.adapt.measure import spread_of
from mthn_automl.models.base import Architecture, Classical
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.state import model_state, restored_models
from mthn_automl.tuning.trial_model import TrialModel
from tests.contracts import zoo
from tests.contracts.neural import NAMES as NETWORKS
from tests.contracts.neural import fit_networks
from tests.contracts.settings import class_of, suits
from tests.deployment.few import single

Model = Networks | Classical
Animal = Callable[[], Dataset]
every_model = pytest.mark.parametrize("name", catalogue.usable())
TASKS, NEW, ROWS = 16, 8, 14
ANIMALS: tuple[Animal, ...] = (
    *(zoo.gaps_and_weights, zoo.binary, zoo.multiclass, zoo.ordinal, zoo.counts, zoo.single_class),
    *(zoo.one_task, zoo.no_columns, zoo.only_categorical),
)


@cache
def problem() -> Dataset:
    """Tasks that differ in offset and slope, of which the metadata tell a part of the offset."""
    random = np.random.default_rng(0)
    task, own = np.repeat(np.arange(TASKS + NEW), ROWS), random.normal(size=(TASKS + NEW, 3))
    features = random.normal(size=(len(task), 2))
    target = own[task, 0] + 1.5 * own[task, 1] + (own[task, 2] + 1.0) * features[:, 0]
    target += 0.1 * random.normal(size=len(task))
    return zoo.build(
        features=zoo.table(features), task=task, target=target[:, None], metadata=zoo.table(own[:, :1].copy())
    )


def training() -> Dataset:
    rows = problem().take(np.flatnonzero(problem().task < TASKS))
    return replace(rows, tasks=rows.tasks.take(np.arange(TASKS)))


def of_new_tasks(places: slice) -> Dataset:
    """Rows of every new task, by their place in it."""
    rows = np.arange(len(problem())).reshape(TASKS + NEW, ROWS)[TASKS:, places]
    return problem().take(rows.ravel())


@cache
def fitted(name: str) -> Model:
    if name in NETWORKS:
        return fit_networks(name, training(), epochs=10, batch=32)
    model: Classical = class_of(name)(class_of(name).Settings())
    model.fit(training(), flags=Flags.of(training()), seed=0)
    return model


@cache
def with_rows(name: str, count: int) -> Any:
    """The model of the problem with all new tasks, by so many rows of each."""
    return adapted(name, fitted(name), training(), of_new_tasks(slice(count)))


def adapted(name: str, model: Model, known: Dataset, rows: Dataset) -> Any:
    """None where nothing is a task's own."""
    spread = spread_of(TrialModel(catalogue.read(name), 0, {}, (model,), len(known.tasks)), known)
    return with_tasks(model, rows, len(known.tasks), spread)


def error(model: Model, rows: Dataset) -> float:
    return float(np.sqrt(np.mean((model.predict(rows) - rows.target) ** 2)))


@every_model
def test_rows_of_new_tasks_lower_their_error_and_change_no_other_task(name: str) -> None:
    model, test, old = fitted(name), of_new_tasks(slice(10, None)), replace(training(), tasks=problem().tasks)
    before = model.predict(old)
    few, many = with_rows(name, 1), with_rows(name, 10)
    assert error(few, test) < error(model, test)  # one row each, of tasks that differ much from their metadata
    assert error(many, test) < 0.8 * error(model, test)
    assert error(many, test) < error(few, test)
    for found in (few, many):
        np.testing.assert_array_equal(found.predict(old), before)
    np.testing.assert_array_equal(model.predict(old), before)


@every_model
def test_a_task_brings_the_numbers_that_are_a_tasks_own_and_no_more(name: str) -> None:
    model = fitted(name)
    found = with_rows(name, 1)
    marginal = model.size().marginal
    if isinstance(model, Networks):
        tables = model.pack.prototype.task_indexed & model.pack.parameters.keys()
        marginal = sum(model.pack.parameters[each][:, 0].numel() for each in tables)
        if type(model.pack.prototype).size is Architecture.size:
            assert marginal == model.size().marginal
    elif model.own_variance(training().tasks, np.ones(1)) is None:
        marginal = 1  # an offset
    elif model.stores_rows:
        marginal = model.own_columns(training().take(np.arange(1))).shape[1]
    assert found.added_parameters == NEW * marginal
    assert model.added_parameters == 0


@every_model
def test_tasks_are_added_one_after_the_other_as_all_at_once(name: str) -> None:
    """But for what the rows of all say of prior and noise."""
    model, rows = fitted(name), of_new_tasks(slice(4))
    test = of_new_tasks(slice(10, None))
    first = rows.take(np.flatnonzero(rows.task < TASKS + NEW // 2))
    then = rows.take(np.flatnonzero(rows.task >= TASKS + NEW // 2))
    half = adapted(name, model, training(), replace(first, tasks=first.tasks.take(np.arange(TASKS + NEW // 2))))
    spread = spread_of(TrialModel(catalogue.read(name), 0, {}, (model,), TASKS), training())
    whole = with_tasks(half, then, TASKS + NEW // 2, spread)
    assert whole is not None
    of_first = test.take(np.flatnonzero(test.task < TASKS + NEW // 2))
    np.testing.assert_array_equal(whole.predict(of_first), half.predict(of_first))
    assert error(whole, test) < 0.8 * error(model, test)


def as_new(rows: Dataset) -> Dataset:
    """Some of the rows, as if they were of two tasks never seen, behind all of those of training."""
    return zoo.of_new_tasks(rows.take(np.arange(0, len(rows), max(1, len(rows) // 9))))


def stored(name: str, model: Model, known: Dataset) -> Any:
    """As it is read again."""
    settings = vars(class_of(name).Settings())
    return restored_models(class_of(name), settings, [model_state(model)], known.schema, len(known.tasks))[0]


def predicted(model: Model, rows: Dataset) -> FloatArray:
    found = model.predict(rows)
    assert np.isfinite(found).all()
    return found


def dealt(name: str) -> list[Animal]:
    """A third of the animals for each network, such that each is met by a third of them; all for other models."""
    place = NETWORKS.index(name) if name in NETWORKS else None
    return [each for number, each in enumerate(ANIMALS) if place is None or number % 3 == place % 3]


@pytest.mark.parametrize("animals", [dealt, pytest.param(lambda _: ANIMALS, marks=pytest.mark.soak, id="all")])
@every_model
def test_every_kind_of_problem_is_adapted_and_the_same_when_it_is_loaded_again(
    name: str, animals: Callable[[str], Sequence[Animal]]
) -> None:
    for animal in animals(name):
        if not suits(name, animal):
            continue
        known, model = animal(), single(name, animal)
        new = as_new(known)
        found = adapted(name, model, known, new)
        again = stored(name, found, known)
        before = stored(name, model, known) if isinstance(model, Networks) else model  # that has kept no network yet
        np.testing.assert_array_equal(predicted(again, known), before.predict(known))
        np.testing.assert_array_equal(again.predict(new), predicted(found, new))
        assert again.added_parameters == found.added_parameters
