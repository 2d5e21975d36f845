"""A column of more categories than get a column each: what is frequent in it is learnt, what is unknown is borne."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mthn_automl import catalogue
from mthn_automl.data import preprocess
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.model_folder import read_model
from tests.contracts import zoo
from tests.contracts.neural import NAMES as NETWORKS
from tests.contracts.settings import points, space_of
from tests.contracts.test_architectures import assert_near, assert_sound, fit, save, stored_values
from tests.contracts.test_task_networks import MLPS, long_way, untrained, with_unseen

NAMES = catalogue.usable()
every_model = pytest.mark.parametrize("name", NAMES)
CATEGORIES, NEVER = 40, 7
"""Of the wide column; one of them occurs in no row."""

EFFECT = np.array([-2.0, 2.0, *[0.0] * (CATEGORIES - 2)])


@pytest.fixture(autouse=True)
def nothing_but_few_categories_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "ONE_HOT_VALUES", 0)


@cache
def wide(*, classes: bool = False) -> Dataset:
    """420 rows of 5 tasks: a number, 3 categories, and 40 of which the two frequent ones are most of the target."""
    random = np.random.default_rng(0)
    task = np.repeat(np.arange(5), 84)
    rare = random.permutation(np.arange(len(task)) % 7 == 6)
    zipped = np.where(rare, 8 + random.integers(0, CATEGORIES - 8, len(task)), random.integers(0, 2, len(task)))
    narrow, number = random.integers(0, 3, len(task)), random.normal(size=(len(task), 1))
    target = EFFECT[zipped] + 0.3 * narrow + 0.3 * number[:, 0] + 0.2 * task
    return zoo.build(
        features=zoo.table(number, np.stack([zipped, narrow], axis=1)),
        task=task,
        target=((target > np.median(target)) if classes else target)[:, None].astype(float),
        metadata=zoo.table(random.normal(size=(5, 1))),
        problem=Problem.BINARY if classes else Problem.REGRESSION,
        classes=("no", "yes") if classes else (),
        feature_levels=(CATEGORIES, 3),
    )


def with_codes(dataset: Dataset, code: int) -> Dataset:
    """The same rows, all of one category of the wide column."""
    codes = dataset.features.codes.copy()
    codes[:, 0] = code
    return replace(dataset, features=zoo.table(dataset.features.numeric, codes))


@cache
def learnt(name: str) -> tuple[Any, float]:
    """The first of its first trials that gets below a quarter of what the column's effects vary, or else the last."""
    held = np.arange(len(wide())) % 3 == 2
    training, test = wide().take(np.flatnonzero(~held)), wide().take(np.flatnonzero(held))
    for start in space_of(name).starts[:3]:
        model = fit(name, training, dict(start), epochs=25)
        error = np.mean((model.predict(test) - test.target) ** 2) / EFFECT[test.features.codes[:, 0]].var()
        if error < 0.25:
            break
    return model, float(error)


@every_model
def test_a_frequent_category_is_learnt(name: str) -> None:
    """Whoever does not look at the column is left with all that its effects vary."""
    model, error = learnt(name)
    assert model.encoder.features.wide == (True, False)
    assert error < 0.5


@every_model
def test_a_category_that_no_training_row_had_is_as_good_as_missing(name: str) -> None:
    missing, never = (learnt(name)[0].predict(with_codes(wide(), code)) for code in (-1, NEVER))
    assert_sound(missing, wide(), certain=name in NETWORKS)
    assert_near(never, missing, 1e-6)


@every_model
def test_predictions_are_sound_for_all_settings_and_rows_and_the_stored_model_gives_the_same(
    name: str, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    for classes in (False, True):
        dataset = wide(classes=classes).take(np.arange(0, 420, 5))
        for case, chosen in points(name).items():
            with subtests.test(case, classes=classes):
                model, rows = fit(name, dataset, chosen, epochs=1), with_codes(zoo.of_new_tasks(dataset), -1)
                for each in (dataset, rows):
                    assert_sound(model.predict(each), each, certain=name in NETWORKS)
        save(tmp_path / str(classes), name, model, dataset, space_of(name).split(chosen)[0])
        loaded = read_model(tmp_path / str(classes)).model
        np.testing.assert_array_equal(loaded.predict(rows), model.predict(rows))
        assert loaded.size() == model.size()
        assert loaded.size().task_network <= loaded.size().total <= stored_values(loaded)


@pytest.mark.parametrize("name", MLPS)
def test_task_networks_predict_what_the_model_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each member with what it has learnt of the categories, one row at a time, and for tasks never seen."""
    dataset, rows = wide(), with_unseen(wide())
    model = untrained(name, dataset)
    expected = long_way(model, rows, monkeypatch)
    np.testing.assert_allclose(model.predict(rows), expected, rtol=1e-5, atol=1e-5)
    for row in (0, 1, len(rows) - 1):
        network = model.task_network(int(rows.task[row]), rows.tasks)
        found = model.predict_row(rows.features.take(np.array([row])), network)
        np.testing.assert_allclose(found, expected[row], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in NETWORKS])
def test_data_of_nothing_but_a_wide_column_are_borne(name: str) -> None:
    some = wide().take(np.arange(0, 420, 5))
    features = zoo.table(np.zeros((len(some), 0)), some.features.codes[:, :1])
    dataset = zoo.build(features=features, task=some.task, target=some.target, feature_levels=(CATEGORIES,))
    for chosen in points(name).values():
        assert np.isfinite(fit(name, dataset, chosen).predict(dataset)).all()
