"""Students: soft targets, recipes within limits, and networks that predict as their teacher does."""

from dataclasses import replace
from itertools import islice
from unittest.mock import patch

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.problems import planted
from mthn_automl.data.read import read_dataset
from mthn_automl.training.encode import problem_shape
from mthn_automl.tuning import distillation, plan
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.distillation import Lesson, Recipe, Recipes, soft, student
from mthn_automl.tuning.guard import Guard
from mthn_automl.tuning.space import build_space

FILE = catalogue.read("hypernetwork")
USUAL = build_space(FILE, has_metadata=True)
SETTINGS, TRAINING = USUAL.split(USUAL.starts[0])


def test_soft_classes_are_weighted_copies_whose_loss_is_the_cross_entropy() -> None:
    data, meta = planted(3, 10)
    data["target"] = np.digitize(data["target"], [-0.5, 0.5]).astype(str)
    rows = read_dataset(data, meta, target=("target",), problem="multiclass")
    random = np.random.default_rng(0)
    probability = random.dirichlet([1.0] * 3, len(rows)).clip(0.01)
    probability /= probability.sum(axis=1, keepdims=True)
    weight = random.uniform(1, 2, len(rows))
    copies = soft(rows, probability, weight)
    log_output = np.log(random.dirichlet([1.0] * 3, len(rows)))
    expected = -(weight[:, None] * probability * log_output).sum()
    assert copies.weight is not None
    place = np.searchsorted(rows.row, copies.row)
    found = -(copies.weight * log_output[place, copies.target[:, 0].astype(int)]).sum()
    assert found == pytest.approx(expected)
    certain = soft(rows, np.eye(3)[rows.target[:, 0].astype(int)], weight)
    assert len(certain) == len(rows)
    np.testing.assert_array_equal(certain.target, rows.target)


@pytest.mark.parametrize("told", [0.0, 0.5, 1.0])
def test_a_missing_target_is_the_teachers_and_others_are_mixed(told: float) -> None:
    data, meta = planted(3, 10)
    rows = read_dataset(data, meta)
    target = rows.target.copy()
    target[3] = np.nan
    mixed = distillation.mixed(replace(rows, target=target), np.full_like(target, 9.0), told)
    assert mixed[3] == 9.0
    assert mixed[4] == pytest.approx(told * 9.0 + (1 - told) * target[4])


def test_a_student_that_is_told_all_predicts_as_its_teacher_beyond_the_rows() -> None:
    data, meta = planted(4, 30)
    rows = read_dataset(data, meta)

    def teacher(asked: Dataset) -> FloatArray:
        first, second = asked.features.numeric.T
        return (asked.task * first + np.sin(second))[:, None]

    lesson = Lesson.of(rows, teacher(rows), teacher, Flags.of(rows), seed=0)
    with patch.object(plan, "STEPS_WANTED", 1500):
        network = student(FILE, Recipe(SETTINGS, TRAINING, told=1.0, drawn=3.0), lesson, seed=0)
    asked = distillation.between(rows, 400, seed=99)
    error = network.predict(asked) - teacher(asked)
    assert error.std() < 0.15 * teacher(asked).std()


def test_recipes_begin_with_the_given_settings_and_keep_the_limit() -> None:
    rows = read_dataset(*planted(4, 20))
    guard = Guard(problem_shape(rows), 1, limits=Limits(parameters=3_000))
    recipes = Recipes(FILE, USUAL, [USUAL.starts[0]], guard, seed=0)
    found = []
    for trial, recipe in islice(recipes, 6):
        assert guard.refusal(FILE, recipe.settings) is None
        recipes.told(trial, 1.0)
        found.append(recipe)
    assert found[0] == Recipe(SETTINGS, TRAINING, distillation.TOLD[0], distillation.DRAWN[0])
    assert len({str(each) for each in found}) == 6
    none = Guard(problem_shape(rows), 1, limits=Limits(parameters=1))
    assert not list(Recipes(FILE, USUAL, [USUAL.starts[0]], none, seed=0))
