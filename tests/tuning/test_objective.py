"""From a configuration to a result: pure, scored as it should be, and clear about what cannot be scored."""

import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mthn_automl.data.scoring import error_over_rows, error_over_tasks, metric_named
from mthn_automl.errors import DivergedError, UndefinedError, UsageError
from mthn_automl.models.base import Size
from mthn_automl.models.ridge import Ridge
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.evaluation import Evaluation
from mthn_automl.tuning.fold_fits import fit_classical
from mthn_automl.tuning.objective import (
    Configuration,
    Objective,
    SearchData,
    fold_members,
)
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.rungs import Rung
from tests.contracts import zoo
from tests.tuning import toys

RIDGE = toys.configuration("ridge", {"alpha": 1.0, "task": "slopes"})
BOOSTED = toys.configuration("gradient_boosting", {"learning_rate": 0.3})
POOLED = toys.configuration("pooled", {"width": 16, "depth": 1}, {"learning_rate": 0.01})
HYPER = toys.configuration("hypernetwork", {"width": 16, "depth": 1, "embedding_size": 2}, {"learning_rate": 0.01})
FOREST = toys.configuration("random_forest", {"n_estimators": 60})
CLASSICAL, NEURAL = (RIDGE, BOOSTED), (POOLED, HYPER)
every_kind = pytest.mark.parametrize("configuration", CLASSICAL + NEURAL, ids=lambda each: each.file.name)
networks = pytest.mark.parametrize("configuration", NEURAL, ids=lambda each: each.file.name)
in_steps = pytest.mark.parametrize("configuration", [BOOSTED, FOREST, *NEURAL], ids=lambda each: each.file.name)
TIMES = {"seconds": 0.0, "predict_us_per_row": 0.0}


@pytest.fixture(scope="module")
def data() -> SearchData:
    return toys.search_data()


@pytest.fixture(scope="module")
def objective(data: SearchData) -> Objective:
    """Of two folds and two seeds."""
    return Objective(data, toys.plan(seeds=2))


@every_kind
def test_the_result_follows_from_configuration_and_seed_alone(data: SearchData, configuration: Configuration) -> None:
    """Not from what was evaluated before, nor from the process's own random numbers."""
    first, used = (Objective(data, toys.plan(seeds=2)) for _ in range(2))
    expected, again = first(configuration), first(configuration)
    used(POOLED), used(RIDGE)
    np.random.seed(7)
    torch.manual_seed(7)
    for other in (again, used(configuration)):
        assert replace(other.result, **TIMES) == replace(expected.result, **TIMES)
        np.testing.assert_array_equal(other.predictions, expected.predictions)


@every_kind
def test_the_error_is_that_of_the_out_of_fold_predictions(
    data: SearchData, objective: Objective, configuration: Configuration
) -> None:
    evaluation = objective(configuration)
    target, task = data.dataset.target, data.dataset.task
    prediction, metric = evaluation.out_of_fold(), metric_named("rmse")
    assert evaluation.result.error == evaluation.result.error_rows == error_over_rows(metric, target, prediction)
    assert evaluation.result.error_tasks == error_over_tasks(metric, target, prediction, task)[0]
    of_folds = [error_over_rows(metric, target[data.fold == k], prediction[data.fold == k]) for k in (0, 1)]
    assert evaluation.result.fold_errors == tuple(of_folds)
    assert evaluation.last.cells.shape == (2, 4)  # folds and tasks: what later trials are compared with
    assert np.isfinite(evaluation.last.cells).all()


@every_kind
def test_no_row_is_predicted_by_a_model_that_saw_its_target(data: SearchData, configuration: Configuration) -> None:
    """With the targets of fold 0 changed, only its rows' predictions stay: they come from the other folds.

    One epoch or round, since these rows may say when to stop.
    """
    target = np.where((data.fold == 0)[:, None], -data.dataset.target, data.dataset.target)
    changed = replace(data, dataset=replace(data.dataset, target=target))
    plan, past = toys.plan(epochs=1), time.time() if configuration.file.rungs else None
    before, after = (Objective(each, plan)(configuration, past) for each in (data, changed))
    same = np.isclose(before.predictions, after.predictions).all(axis=(0, 2))
    assert same[data.fold == 0].all()
    assert not same[data.fold == 1].all()


def test_averaging_over_tasks_is_what_is_minimised_then(data: SearchData) -> None:
    result = Objective(replace(data, average="tasks"), toys.plan())(RIDGE).result
    assert result.error == result.error_tasks != result.error_rows


def test_rows_that_always_train_are_not_scored(data: SearchData) -> None:
    fold = np.where(np.arange(len(data.fold)) < 10, -1, data.fold)
    evaluation = Objective(replace(data, fold=fold), toys.plan())(RIDGE)
    assert np.isnan(evaluation.predictions[:, :10]).all()
    assert np.isfinite(evaluation.predictions[:, 10:]).all()
    assert math.isfinite(evaluation.result.error)


@pytest.mark.parametrize("configuration", [RIDGE, POOLED], ids=["ridge", "pooled"])
def test_a_single_hold_out_is_one_fold(configuration: Configuration) -> None:
    result = Objective(toys.search_data(folds=1), toys.plan(folds=1))(configuration).result
    assert len(result.fold_errors) == len(result.member_errors) == 1


@networks
def test_networks_report_errors_and_epochs_by_fold_and_seed(
    data: SearchData, objective: Objective, configuration: Configuration
) -> None:
    evaluation = objective(configuration)
    result = evaluation.result
    assert np.shape(result.member_errors) == np.shape(result.best_epochs) == (2, 2)
    assert 1 <= np.min(result.best_epochs) <= np.max(result.best_epochs) <= 8
    assert result.epochs == evaluation.curve[-1][0] == evaluation.last.epoch  # when the last member stopped
    assert (result.architecture, result.settings) == (configuration.file.name, configuration.all_settings())
    assert result.error != objective(replace(configuration, seed=1)).result.error
    assert result.size == Objective(data, toys.plan())(configuration).result.size.times(2)


@every_kind
def test_its_models_are_those_of_the_folds_or_one_that_was_fitted_to_all_rows(
    data: SearchData, objective: Objective, configuration: Configuration
) -> None:
    evaluation, rows = objective(configuration), data.dataset
    if configuration.neural or not configuration.file.load_class().fitted_whole:  # type: ignore[attr-defined]
        assert len(evaluation.models) == 2
        for fold, model in enumerate(evaluation.models):
            seen = np.flatnonzero(data.fold == fold)
            expected = evaluation.out_of_fold()[seen]
            np.testing.assert_allclose(model.predict(rows.take(seen)), expected, rtol=1e-5, atol=1e-6)
    else:
        [model] = evaluation.models
        alone = fit_classical(configuration, rows, objective.flags)
        np.testing.assert_array_equal(model.predict(rows), alone.predict(rows))
    assert evaluation.result.models == len(evaluation.models)
    assert evaluation.result.size == sum((model.size() for model in evaluation.models), Size(0, 0, 0))


def test_without_time_for_one_more_fit_the_models_of_the_folds_are_kept(
    objective: Objective, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, learn = list[int](), Ridge.learn
    monkeypatch.setattr(time, "time", lambda: 10.0 if len(fits) == 2 else 0.0)
    monkeypatch.setattr(Ridge, "learn", lambda *given, **named: (fits.append(1), learn(*given, **named)))
    evaluation = objective(RIDGE, deadline=5.0)
    assert (len(evaluation.models), evaluation.result.models) == (2, 2)


@networks
def test_limits_decide_of_how_many_folds_the_model_is_and_of_one_at_least(
    data: SearchData, configuration: Configuration
) -> None:
    plan = toys.plan(epochs=1)
    free = Objective(data, plan)(configuration).result
    one = free.size.total // 2
    for most, models in ((2 * one, 2), (2 * one - 1, 1), (one - 1, 1)):
        evaluation = Objective(replace(data, limits=Limits(parameters=most)), plan)(configuration)
        found = evaluation.result
        assert (found.models, found.size.total, len(evaluation.models)) == (models, models * one, 2), most
        assert (found.error, evaluation.last.parameters) == (free.error, models * one), most


def rungs_of(objective: Objective, configuration: Configuration) -> tuple[list[Rung], Evaluation]:
    """All that an evaluation shows on its way, and how it ends."""
    steps, seen = objective.steps(configuration), list[Rung]()
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


@in_steps
def test_rungs_change_nothing_about_the_result(data: SearchData, configuration: Configuration) -> None:
    """A model made in rounds has the rungs of its own file."""
    plan = toys.plan_with_rungs(1, 3, epochs=6)
    seen, paused = rungs_of(Objective(data, plan), configuration)
    without = Objective(data, toys.plan_with_rungs(epochs=6))(configuration)
    reached, rungs = [rung.epoch for rung in seen], configuration.file.rungs or (1, 3)
    assert reached
    assert reached == list(rungs[: len(reached)])
    assert replace(paused.result, **TIMES) == replace(without.result, **TIMES)
    np.testing.assert_array_equal(paused.predictions, without.predictions)


def test_a_rung_shows_the_losses_of_the_out_of_fold_predictions_so_far(data: SearchData) -> None:
    """A training of so many epochs ends where a longer one has its rung."""
    seeds = replace(toys.plan_with_rungs(3, epochs=6), seeds=2)
    rung = rungs_of(Objective(data, seeds), HYPER)[0][0]
    ended = Objective(data, replace(toys.plan_with_rungs(epochs=3), seeds=2))(HYPER)
    np.testing.assert_allclose(rung.cells, ended.last.cells, rtol=1e-6)
    assert rung.error == pytest.approx(ended.result.error**2)
    assert (rung.epoch, rung.parameters) == (3, ended.result.size.total)


def test_a_classical_model_has_one_member_no_epochs_and_shows_nothing_on_its_way(data: SearchData) -> None:
    seen, ended = rungs_of(Objective(data, replace(toys.plan_with_rungs(1, 3, epochs=6), seeds=2)), RIDGE)
    assert (seen, np.shape(ended.result.member_errors), ended.result.best_epochs) == ([], (2, 1), ())
    assert (ended.last.epoch, ended.last.parameters, ended.result.epochs) == (0, ended.result.size.total, 0)
    assert math.sqrt(ended.last.error) == pytest.approx(ended.result.error)


@every_kind
def test_every_kind_of_problem_gets_a_finite_error(configuration: Configuration) -> None:
    for animal in (zoo.binary, zoo.multiclass, zoo.several_targets, zoo.no_metadata, zoo.missing_values):
        dataset = animal()
        metric = "log_loss" if dataset.schema.classes else "rmse"
        evaluation = Objective(toys.search_data(dataset, metric=metric), toys.plan(epochs=2))(configuration)
        assert math.isfinite(evaluation.result.error), animal
        assert evaluation.predictions.shape[1:] == (len(dataset), dataset.schema.outputs), animal


@pytest.mark.parametrize("configuration", [RIDGE, POOLED], ids=["ridge", "pooled"])
def test_a_metric_without_a_value_is_an_error_that_names_it(configuration: Configuration) -> None:
    one_class = zoo.binary().take(np.flatnonzero(zoo.binary().target[:, 0] == 1))
    with pytest.raises(UndefinedError, match="metric roc_auc over rows is undefined"):
        Objective(toys.search_data(one_class, metric="roc_auc"), toys.plan())(configuration)


def test_a_metric_undefined_in_one_fold_alone_is_no_error() -> None:
    dataset = zoo.binary()
    fold = np.where(dataset.target[:, 0] == 1, 0, np.arange(len(dataset)) % 2)
    result = Objective(SearchData(dataset, fold, "roc_auc", "rows"), toys.plan())(RIDGE).result
    assert math.isfinite(result.error)
    assert [math.isnan(each) for each in result.fold_errors] == [False, True]


def test_a_loss_or_a_prediction_that_is_not_finite_is_a_divergence(objective: Objective, tmp_path: Path) -> None:
    with pytest.raises(DivergedError, match="The loss is not finite after 1 epochs; a smaller learning rate may help"):
        objective(replace(POOLED, training={"learning_rate": 1e30}))
    chosen = toys.configuration(toys.toy_space(tmp_path, "infinite"), {"behaviour": "infinite"})
    with pytest.raises(DivergedError, match="A prediction is not finite"):
        objective(chosen)


@pytest.mark.parametrize("configuration", [BOOSTED, FOREST], ids=lambda each: each.file.name)
def test_a_model_made_in_rounds_reports_them_and_what_it_has_at_its_deadline(
    objective: Objective, configuration: Configuration
) -> None:
    whole, cut = objective(configuration).result, objective(configuration, time.time()).result
    for result in (whole, cut):
        assert np.shape(result.best_epochs) == (2, 1)
        assert 1 <= np.min(result.best_epochs) <= np.max(result.best_epochs) <= result.epochs
    assert not whole.stopped_by_time
    assert cut.stopped_by_time
    assert cut.epochs < whole.epochs


def test_folds_that_stop_early_stand_at_later_rungs_with_what_they_kept(data: SearchData) -> None:
    """The folds of one trial stop after different numbers of rounds, and each rung scores all rows."""
    seen, ended = rungs_of(Objective(data, toys.plan_with_rungs(1, epochs=6)), BOOSTED)
    assert all(np.isfinite(rung.cells).all() for rung in seen)
    errors = [rung.error for rung in seen] + [ended.last.error]
    assert errors == sorted(errors, reverse=True)  # each fold keeps its best


def test_networks_past_their_deadline_return_what_they_have_and_say_so(data: SearchData, objective: Objective) -> None:
    started = time.time()
    endless = Objective(data, toys.endless_plan())(POOLED, started + 0.3).result
    assert time.time() - started < 10
    for result in (endless, objective(POOLED, started - 1).result):
        assert result.stopped_by_time
        assert math.isfinite(result.error)
    assert not objective(POOLED, time.time() + 600).result.stopped_by_time


def test_a_classical_model_that_runs_out_of_time_has_no_score(objective: Objective) -> None:
    with pytest.raises(
        TimeoutError, match="All 2 folds must be fitted in the time given, however that is too short after 0"
    ):
        objective(RIDGE, time.time() - 1)


def test_a_setting_the_class_does_not_have_is_refused(objective: Objective) -> None:
    with pytest.raises(UsageError, match="has no setting 'width'"):
        objective(toys.configuration("ridge", {"width": 3}))


def test_members_are_folds_within_seeds_with_seeds_of_their_own() -> None:
    members = fold_members(toys.plan(seeds=2), seed=0, folds=3)
    assert [each.fold for each in members] == [0, 1, 2, 0, 1, 2]
    assert len({each.seed for each in members}) == 6


FULL = toys.result(
    0.5,
    error_tasks=math.nan,
    fold_errors=(0.5, math.nan),
    member_errors=((0.5, math.nan), (math.nan, 0.25)),
    best_epochs=((3, 4), (5, 6)),
    size=Size(3, 2, 1),
    stopped_by_time=True,
    notes=("a note",),
)


def test_a_result_is_the_same_after_json_where_an_undefined_error_is_null() -> None:
    for given in (FULL, toys.result(0.25)):
        again = TrialResult.from_json(json.loads(json.dumps(given.to_json(), allow_nan=False)))
        assert repr(again) == repr(given)  # NaN is not equal to itself
    stored = FULL.to_json()
    assert (stored["error_tasks"], stored["member_errors"]) == (None, [[0.5, None], [None, 0.25]])


@every_kind
def test_forward_folds_learn_nothing_from_later_ones_and_leave_one_model(configuration: Configuration) -> None:
    """The first fold sees no target of the second; what is left was trained on all that can be."""
    rows = zoo.planted()
    fold = np.arange(len(rows)) % 14 // 5 - 1  # of each task: 5 rows that always train, 5 and 4 rows
    later = replace(rows, target=np.where((fold == 1)[:, None], rows.target[::-1], rows.target))
    found = [
        Objective(SearchData(each, fold, "rmse", "rows", forward=True), toys.plan())(configuration)
        for each in (rows, later)
    ]
    first, second = (each.out_of_fold()[fold == 0] for each in found)
    np.testing.assert_allclose(first, second, rtol=1e-5)
    assert np.isfinite(found[0].out_of_fold()[fold == 1]).all()
    assert [each.result.models for each in found] == [1, 1]
    assert len(found[0].models) == 1


@pytest.mark.parametrize("chosen", [{"target_scale": "log"}, {"squash": True}, {"target_scale": "log", "squash": True}])
@every_kind
def test_a_model_of_all_rows_is_trained_on_data_that_are_encoded_as_those_of_the_folds(
    configuration: Configuration, chosen: dict[str, Any]
) -> None:
    rows = zoo.planted()
    fold = np.arange(len(rows)) % 14 // 5 - 1
    asked = replace(configuration, training={**configuration.training, **chosen})
    given = replace(rows, target=np.exp(rows.target))
    encoders = [
        Objective(SearchData(given, fold, "mae", "rows", forward=forward), toys.plan())(asked).models[0].encoder
        for forward in (False, True)
    ]
    learnt = [(each.logarithm is not None, each.features.scaling.squashed) for each in encoders]
    logged, squashed = "target_scale" in chosen, chosen.get("squash", False) and asked.neural
    assert learnt == 2 * [(logged, squashed)]
