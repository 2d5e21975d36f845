"""Small tasks keep predictions of their own, validation rows say when to stop, and leaves that are linear stay sane."""

from typing import Any

import numpy as np
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.problems import cubic
from mthn_automl.data.read import read_dataset
from mthn_automl.models.gradient_boosting import GradientBoosting, GradientBoostingSettings
from mthn_automl.models.parts.growth import Growth
from tests.contracts import zoo


def eight_rows_a_task() -> tuple[Dataset, Dataset]:
    """Training and other rows of twenty tasks."""
    whole = read_dataset(cubic(tasks=20, rows=40, seed=0)[0])
    row = np.arange(len(whole)) % 40
    return whole.take(np.flatnonzero(row < 8)), whole.take(np.flatnonzero(row >= 8))


def fitted(training: Dataset, rounds: int | None = None, **chosen: Any) -> GradientBoosting:
    model = GradientBoosting(GradientBoostingSettings(**chosen))
    model.fit(training, flags=Flags.of(training), seed=0, rounds=rounds)
    return model


@pytest.mark.parametrize("chosen", [{}, {"task": "category"}, {"task": "target_mean"}, {"linear": True}], ids=str)
def test_tasks_of_eight_rows_do_not_collapse_to_the_mean_of_all(chosen: dict[str, Any]) -> None:
    training, test = eight_rows_a_task()
    error = np.mean((fitted(training, **chosen).predict(test) - test.target) ** 2)
    means = np.array([training.target[training.task == task].mean() for task in range(20)])
    assert error < np.mean((means[test.task] - test.target[:, 0]) ** 2)
    assert error < 0.5 * np.mean((training.target.mean() - test.target) ** 2)


def test_linear_leaves_leave_the_range_of_the_targets_by_a_tenth_at_most() -> None:
    training = zoo.planted()
    far = zoo.planted()
    far.features.numeric[:] *= 100
    lowest, highest = training.target.min(), training.target.max()
    found = fitted(training, linear=True).predict(far)
    margin = 0.1001 * (highest - lowest)
    assert found.min() >= lowest - margin
    assert found.max() <= highest + margin


def test_a_caller_may_say_how_many_rounds_there_are() -> None:
    training, _ = eight_rows_a_task()
    assert fitted(training, rounds=7).rounds == (7, 7)
    assert fitted(training, learning_rate=0.1).rounds == (100, 100)


def test_validation_rows_of_an_unknown_class_or_none_at_all_are_no_obstacle() -> None:
    whole = zoo.multiclass()
    lacking, middle = whole.target[:, 0] != 1, np.flatnonzero(whole.target[:, 0] == 1)
    training = whole.take(np.flatnonzero(lacking))
    for validation in (whole, whole.take(middle), whole.take(middle[:0])):
        model = GradientBoosting(GradientBoostingSettings(learning_rate=0.3))
        for _ in model.fit_in_steps(training, Growth(validation=validation), flags=Flags.of(training), seed=0):
            pass
        assert np.isfinite(model.predict(whole)).all()
