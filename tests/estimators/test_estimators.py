"""One architecture as an estimator: tasks, metadata and labels in, predictions out, through scikit-learn's tools."""

import doctest
import importlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any
from unittest.mock import patch

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mthn_automl import MultiTaskClassifier, MultiTaskRegressor
from mthn_automl.data.problems import planted, with_gaps
from mthn_automl.errors import DataError, UnknownWarning, UsageError
from mthn_automl.estimators import one_architecture
from mthn_automl.estimators.fitting import fit_one
from mthn_automl.tuning import plan

DATA, META = planted(8, 24)
X, TASK, Y = DATA[["x1", "x2"]], DATA["task"], DATA["target"]
WITH_TASK = DATA[["task", "x1", "x2"]]
KERNEL = MultiTaskRegressor("kernel_ridge", folds=2, random_state=0)


@pytest.fixture(autouse=True)
def few_steps() -> Iterator[None]:
    with patch.object(plan, "STEPS_WANTED", 100):
        yield


@pytest.fixture(scope="module")
def kernel() -> MultiTaskRegressor:
    return clone(KERNEL).fit(X, Y, task=TASK, metadata=META)


def test_tasks_by_array_and_by_column_give_the_same_model(kernel: MultiTaskRegressor) -> None:
    expected = kernel.predict(X, task=TASK)
    assert kernel.score(X, Y, task=TASK) > 0.95
    by_column = clone(KERNEL).fit(WITH_TASK, Y, metadata=META)
    np.testing.assert_allclose(by_column.predict(WITH_TASK), expected)
    other = WITH_TASK.rename(columns={"task": "county"})
    for named in (
        clone(KERNEL).fit(other, Y, task="county", metadata=META.set_index("task")),
        clone(KERNEL).set_params(task="county").fit(other, Y, metadata=META.rename(columns={"task": "county"})),
    ):
        np.testing.assert_allclose(named.predict(other), expected)
    arrays = clone(KERNEL).fit(X.to_numpy(), Y.to_numpy(), task=TASK.to_numpy(), metadata=META)
    np.testing.assert_allclose(arrays.predict(X.to_numpy(), task=TASK.tolist()), expected)


def test_several_columns_name_a_task_and_metadata_have_them_as_levels_of_the_index() -> None:
    number = TASK.astype(int)
    halves = X.assign(half=np.where(number < 4, "first", "second"), place=(number % 4).astype(str))
    names = pd.MultiIndex.from_frame(halves[["half", "place"]].drop_duplicates(), names=[None, None])
    described = META[["m1", "m2"]].set_axis(names)
    model = clone(KERNEL).set_params(task=["half", "place"]).fit(halves, Y, metadata=described)
    assert model.model_.tasks.names[0] == "first / 0"
    assert model.score(halves, Y) > 0.95
    with pytest.raises(UsageError, match=r"'half', 'place'.* leave it out"):
        model.predict(halves, task=TASK)


def test_a_task_that_fit_has_not_seen_is_predicted_from_its_metadata_and_said() -> None:
    known = TASK != "0"
    model = clone(KERNEL).fit(WITH_TASK[known], Y[known], metadata=META[META["task"] != "0"])
    with pytest.warns(UnknownWarning, match="24 rows of 1 task that fit has not seen, '0'"):
        described = model.predict(WITH_TASK[~known], metadata=META)
    with pytest.warns(UnknownWarning, match="else as an average task"):
        average = model.predict(WITH_TASK[~known])
    assert not np.allclose(described, average)


def test_tasks_are_asked_for_where_fit_had_them_and_refused_where_it_had_none(kernel: MultiTaskRegressor) -> None:
    with pytest.raises(DataError, match=r"must be given, as it was in fit.*set_predict_request"):
        kernel.predict(X)
    alone = clone(KERNEL).fit(X, Y)
    assert alone.model_.tasks.names == ("all",)
    with pytest.raises(UsageError, match="All rows were one task in fit"):
        alone.predict(X, task=TASK)
    with pytest.raises(UsageError, match=r"no 'contry'; did you mean 'country'"):
        clone(KERNEL).fit(X.assign(country=TASK), Y, task="contry")
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        clone(KERNEL).fit(X, Y, task=TASK[:-1])


def test_out_of_fold_predictions_are_in_the_order_of_the_rows(kernel: MultiTaskRegressor) -> None:
    error = np.sqrt(np.mean((kernel.out_of_fold_[:, 0] - Y) ** 2))
    assert error == pytest.approx(kernel.cv_error_)


def test_pipelines_and_cross_validation_need_no_routing_where_a_column_names_the_task() -> None:
    scores = cross_val_score(KERNEL, WITH_TASK, Y, cv=3)
    assert scores.shape == (3,)
    assert len(cross_val_predict(KERNEL, WITH_TASK, Y, cv=3, params={"metadata": META})) == len(Y)
    pipeline = make_pipeline(clone(KERNEL))
    assert pipeline.fit(WITH_TASK, Y, multitaskregressor__metadata=META).score(WITH_TASK, Y) > 0.95


def test_tasks_are_routed_through_pipelines_and_searches() -> None:
    with config_context(enable_metadata_routing=True):
        model = clone(KERNEL).set_fit_request(task=True, metadata=True).set_predict_request(task=True)
        model = model.set_score_request(task=True, metadata=True)
        pipeline = make_pipeline(StandardScaler(), model)
        grid = GridSearchCV(pipeline, {"multitaskregressor__architecture": ["kernel_ridge", "ridge"]}, cv=2)
        grid.fit(X, Y, task=TASK, metadata=META)
        assert grid.score(X, Y, task=TASK) > 0.95
        scores = cross_val_score(pipeline, X, Y, cv=2, params={"task": TASK, "metadata": META})
    assert scores.mean() == pytest.approx(grid.cv_results_["mean_test_score"][0])


def test_a_grid_goes_over_settings() -> None:
    grid = GridSearchCV(
        MultiTaskRegressor(folds=1, random_state=0), {"settings": [{"width": 16}, {"depth": 1}]}, cv=2, refit=False
    ).fit(WITH_TASK, Y)
    assert set(map(str, grid.cv_results_["param_settings"])) == {"{'width': 16}", "{'depth': 1}"}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"widht": 16}, "has no setting 'widht'; did you mean 'width'"),
        ({"width": 17}, r"'width' must be one of 16, 32, 64, however it is 17"),
        ({"depth": 4}, r"'depth' must be 1 to 3, however it is 4"),
        ({"chunk_size": 32}, r"'chunk_size' of hypernetwork has an effect only with compression in \['chunked'\]"),
        ({"task_input": "metadata"}, "'task_input' of hypernetwork has an effect only with metadata"),
    ],
)
def test_settings_that_cannot_be_or_do_nothing_are_refused(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        MultiTaskRegressor(settings=settings).fit(WITH_TASK, Y)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"settings": ["alpha"]}, r"settings must be a mapping .* however it is \['alpha'\]"),
        ({"time_limit": "soon"}, "A time must be written like 90s, 10m or 1h30m and be above 0, however it is 'soon'"),
        ({"time_limit": -1}, "A time must be written like .*, however it is '-1'"),
        ({"time_limit": True}, "A time must be written like .*, however it is 'True'"),
    ],
)
def test_what_is_no_setting_or_time_is_refused_in_a_sentence(changed: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        clone(KERNEL).set_params(**changed).fit(WITH_TASK, Y)


@pytest.mark.parametrize("limit", ["30s", 30, 30.0, np.float32(30), "0.5m"])
def test_a_time_limit_is_read_as_that_of_a_search(limit: Any) -> None:
    asked: list[float | None] = []

    def noted(*given: Any) -> Any:
        asked.append(given[-1].time_limit)
        return fit_one(*given)

    with patch.object(one_architecture, "fit_one", noted):
        clone(KERNEL).set_params(time_limit=limit).fit(WITH_TASK, Y)
    assert asked == [30.0]


@pytest.mark.parametrize(
    "changed", [{"folds": 0}, {"seeds": 1.5}, {"architecture": "hypernet"}, {"problem": "binary"}, {"metric": "f1"}]
)
def test_parameters_that_cannot_be_are_refused_in_fit(changed: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        clone(KERNEL).set_params(**changed).fit(WITH_TASK, Y)


def test_the_same_random_state_gives_the_same_network_and_a_refit_a_smaller_one() -> None:
    network = MultiTaskRegressor(folds=2, random_state=0)
    of_folds, again = (clone(network).fit(WITH_TASK, Y, metadata=META) for _ in range(2))
    np.testing.assert_array_equal(of_folds.predict(WITH_TASK), again.predict(WITH_TASK))
    other = clone(network).set_params(random_state=np.random.RandomState(5)).fit(WITH_TASK, Y, metadata=META)
    assert not np.allclose(of_folds.predict(WITH_TASK), other.predict(WITH_TASK))
    alone = clone(network).set_params(refit=True).fit(WITH_TASK, Y, metadata=META)
    assert 2 * alone.n_parameters_ == of_folds.n_parameters_
    assert alone.cv_error_ == of_folds.cv_error_


def test_several_targets_may_have_gaps() -> None:
    data, gaps = with_gaps()
    y = data.filter(like="target")
    model = clone(KERNEL).fit(data[["task", "x1", "x2"]], y)
    found = model.predict(data[["task", "x1", "x2"]])
    assert found.shape == gaps.shape
    assert model.model_.schema.targets == tuple(y.columns)
    assert np.isnan(y.to_numpy()).any()
    assert np.isfinite(found).all()


def test_rows_of_no_weight_do_not_count() -> None:
    weight = np.where(np.arange(len(Y)) % 3 == 0, 0.0, 1.0)
    wrong = np.where(weight == 0, 1e6, Y)
    weighted = clone(KERNEL).fit(WITH_TASK, wrong, sample_weight=weight)
    assert weighted.score(WITH_TASK, wrong, sample_weight=weight) > 0.9
    assert np.isnan(weighted.out_of_fold_[weight == 0]).all()
    with pytest.raises(DataError, match="must not be below zero"):
        clone(KERNEL).fit(WITH_TASK, Y, sample_weight=-weight)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["low", "mid", "high"], ("high", "low", "mid")),
        ([7, 20, 100], ("7", "20", "100")),
        (["NA", " a", "a"], ("0", "1", "2")),
        ([True, False, True], ("False", "True")),
    ],
)
def test_labels_come_back_as_they_were(labels: list[Any], names: tuple[str, ...]) -> None:
    y = np.array(labels)[np.digitize(Y, [-0.5, 0.5])]
    model = MultiTaskClassifier("kernel_ridge", folds=2, random_state=0).fit(WITH_TASK, y)
    assert model.model_.schema.classes == names
    np.testing.assert_array_equal(model.classes_, np.unique(y))
    chosen, probability = model.predict(WITH_TASK), model.predict_proba(WITH_TASK)
    assert chosen.dtype == y.dtype
    np.testing.assert_array_equal(chosen, model.classes_[probability.argmax(axis=1)])
    assert model.score(WITH_TASK, y) == np.mean(chosen == y) > 0.7
    assert model.out_of_fold_.shape == probability.shape


def test_a_class_of_a_single_row_is_never_predicted_and_said() -> None:
    y = np.where(Y > 0, "yes", "no").astype(object)
    y[5] = "maybe"
    model = MultiTaskClassifier("kernel_ridge", folds=2).fit(WITH_TASK, y)
    assert model.classes_.tolist() == ["maybe", "no", "yes"]
    assert not model.predict_proba(WITH_TASK)[:, 0].any()
    assert any("maybe" in note for note in model.notes_)


def test_ordered_classes_and_counts_are_problems_of_their_own() -> None:
    grade = np.digitize(Y, [-1.0, 0.0, 1.0]) * 10
    ordinal = MultiTaskClassifier("hypernetwork", problem="ordinal", folds=1).fit(WITH_TASK, grade)
    assert set(ordinal.predict(WITH_TASK)) <= {0, 10, 20, 30}
    count = clone(KERNEL).set_params(problem="count").fit(WITH_TASK, np.random.default_rng(0).poisson(np.exp(Y)))
    assert (count.predict(WITH_TASK) > 0).all()


def test_text_and_gaps_in_frames_and_arrays_are_read_as_in_files() -> None:
    word = np.where(Y > 0, "above", "below").astype(object)
    frame = X.assign(word=word)
    frame.loc[::7] = None
    for rows in (frame, frame.to_numpy(dtype=object)):
        model = clone(KERNEL).fit(rows, Y, task=TASK)
        assert [column.numeric for column in model.model_.schema.features] == [True, True, False]
        assert np.isfinite(model.predict(rows, task=TASK)).all()


def test_is_what_scikit_learn_takes_it_for(kernel: MultiTaskRegressor) -> None:
    assert is_regressor(KERNEL)
    assert is_classifier(MultiTaskClassifier())
    assert clone(kernel).get_params() == KERNEL.get_params()
    assert kernel.feature_names_in_.tolist() == ["x1", "x2"]
    stored = BytesIO()
    joblib.dump(kernel, stored)
    stored.seek(0)
    np.testing.assert_array_equal(joblib.load(stored).predict(X, task=TASK), kernel.predict(X, task=TASK))


@pytest.mark.parametrize("name", ["regressor", "classifier", "search"])
def test_the_examples_of_its_text_run(name: str) -> None:
    found = doctest.testmod(importlib.import_module(f"mthn_automl.estimators.{name}"))
    assert found.attempted > 0
    assert found.failed == 0
