"""What every classical model must do as it is fitted with rows that may say when to stop, and in steps."""

import time
from functools import cache
from typing import Any

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import Classical
from mthn_automl.models.parts.growth import Growth
from mthn_automl.tuning.arrays import to_parts
from tests.contracts import zoo
from tests.contracts.settings import class_of, suited

NAMES = catalogue.usable("classical")
every_classical_model = pytest.mark.parametrize("name", NAMES)
every_model_in_rounds = pytest.mark.parametrize("name", [name for name in NAMES if catalogue.read(name).rungs])


def halves(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Rows in turn."""
    return dataset.take(np.arange(0, len(dataset), 2)), dataset.take(np.arange(1, len(dataset), 2))


def begun(name: str, dataset: Dataset, growth: Growth) -> tuple[Classical, Any]:
    model: Classical = class_of(name)(class_of(name).Settings())
    return model, model.fit_in_steps(dataset, growth, flags=Flags.of(dataset), seed=0)


def fitted(name: str, dataset: Dataset, growth: Growth) -> tuple[Classical, bool]:
    """The model, and whether the deadline ended its fit."""
    model, steps = begun(name, dataset, growth)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return model, end.value


@cache
def validated(name: str) -> tuple[Classical, list[tuple[int, FloatArray]]]:
    """A fit to half of the planted rows, checked by the others, and what it predicted at each rung and at the end."""
    training, validation = halves(zoo.planted())
    model, steps = begun(name, training, Growth(validation=validation, rungs=catalogue.read(name).rungs))
    return model, [*((rung, model.predict(validation)) for rung in steps), (0, model.predict(validation))]


@every_classical_model
def test_rows_that_check_a_fit_may_be_of_any_data(name: str, subtests: pytest.Subtests) -> None:
    for animal in suited(name):
        with subtests.test(animal.__name__):
            training, validation = halves(animal())
            for checked in (validation, validation.take(np.zeros(0, dtype=np.int64))):
                model, late = fitted(name, training, Growth(rounds=3, validation=checked))
                assert np.isfinite(model.predict(validation)).all()
                assert not late


@every_classical_model
def test_training_rows_are_stored_only_by_a_model_that_says_so(name: str) -> None:
    training, _ = halves(zoo.planted())
    model, _ = fitted(name, training, Growth(rounds=3))
    given = model.encoder.encode_features(training.features)
    arrays = to_parts(model.state())[1].values()
    stored = np.concatenate([array.astype(np.float32).ravel() for array in arrays])
    share = np.isin(given, stored).all(axis=1).mean()
    assert share == model.stored_rows() / len(training)
    assert (model.stored_rows() > 0) == model.stores_rows


@every_classical_model
def test_a_fit_says_nothing_on_its_own(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    training, validation = halves(zoo.only_categorical())
    model, _ = fitted(name, training, Growth(validation=validation))
    model.predict(zoo.of_new_tasks(validation))
    assert capfd.readouterr() == ("", "")


@every_classical_model
def test_what_validation_rows_stop_is_the_mean_of_its_folds_and_all_else_is_fitted_once_more(name: str) -> None:
    training, validation = halves(zoo.planted())
    model, _ = fitted(name, training, Growth(validation=validation))
    assert class_of(name).fitted_whole == (model.rounds == (0, 0))


@every_model_in_rounds
def test_rungs_come_in_their_order_and_change_nothing(name: str) -> None:
    training, validation = halves(zoo.planted())
    seen, rungs = [rung for rung, _ in validated(name)[1][:-1]], catalogue.read(name).rungs
    assert seen
    assert seen == list(rungs[: len(seen)])
    without = fitted(name, training, Growth(validation=validation))[0].predict(validation)
    np.testing.assert_array_equal(validated(name)[1][-1][1], without)


@every_model_in_rounds
def test_what_is_kept_never_becomes_worse_for_the_rows_that_check(name: str) -> None:
    """But for chance, which forests leave to more trees."""
    target = halves(zoo.planted())[1].target
    errors = [float(np.mean((predicted - target) ** 2)) for _, predicted in validated(name)[1]]
    assert errors[-1] <= 1.1 * min(errors)


@every_model_in_rounds
def test_rounds_are_those_that_a_caller_asks_for(name: str) -> None:
    model, _ = fitted(name, zoo.planted(), Growth(rounds=7))
    assert model.rounds == (7, 7)
    kept, trained = validated(name)[0].rounds
    assert 1 <= kept <= trained


@every_model_in_rounds
def test_a_deadline_that_has_passed_leaves_what_little_there_is_and_is_said(name: str) -> None:
    training, validation = halves(zoo.planted())
    model, late = fitted(name, training, Growth(validation=validation, deadline=time.time()))
    assert late
    assert model.rounds[1] < validated(name)[0].rounds[1]
    assert np.isfinite(model.predict(validation)).all()


@every_model_in_rounds
def test_a_fit_that_is_left_at_a_rung_is_a_model(name: str) -> None:
    training, validation = halves(zoo.planted())
    model, steps = begun(name, training, Growth(validation=validation, rungs=catalogue.read(name).rungs))
    next(steps)
    steps.close()
    again: Classical = class_of(name)(class_of(name).Settings())
    again.restore(model.state())
    np.testing.assert_array_equal(again.predict(validation), model.predict(validation))
