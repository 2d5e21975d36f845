"""Small tasks keep predictions of their own, validation rows say when to stop, and leaves that are linear stay sane."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.problems import cubic
from mthn_automl.data.read import read_dataset
from mthn_automl.models.gradient_boosting import GradientBoosting, GradientBoostingSettings
from mthn_automl.models.parts.growth import Growth
from mthn_automl.tuning.fold_fits import FoldFits
from tests.contracts import zoo

FLAGS = Flags.of(read_dataset(cubic(tasks=2, rows=4, seed=0)[0]))


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


def test_each_target_of_a_model_of_all_rows_has_as_many_rounds_as_the_folds_kept_of_it() -> None:
    """Of a target that is noise the first few were best, and all had as many as the other target wanted."""
    whole, noise = read_dataset(cubic(tasks=10, rows=20, seed=0)[0]), np.random.default_rng(0).normal(size=200)
    dataset = replace(
        whole,
        schema=replace(whole.schema, targets=("target", "noise")),
        target=np.column_stack([whole.target[:, 0], noise]),
    )
    fold = np.arange(len(dataset)) % 2
    fits = FoldFits([GradientBoosting(GradientBoostingSettings()) for _ in range(2)], dataset, fold, FLAGS, 0, ())
    assert list(fits.steps(None)) == []
    wanted = fits.usual_rounds()
    assert wanted == tuple(np.median([each.rounds_of_sums for each in fits.models], axis=0).round())
    assert wanted[1] < wanted[0]  # type: ignore[index, operator]
    model = GradientBoosting(GradientBoostingSettings())
    model.fit(dataset, flags=FLAGS, seed=0, rounds=wanted)
    assert model.rounds_of_sums == wanted
