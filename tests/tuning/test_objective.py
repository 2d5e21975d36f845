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

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.scoring import error_over_rows, error_over_tasks, metric_named
from mthn_automl.errors import DivergedError, UndefinedError, UsageError
from mthn_automl.models.base import Size
from mthn_automl.tuning.objective import Configuration, Evaluation, Objective, SearchData, fold_members
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.rungs import Rung
from tests.contracts import zoo
from tests.tuning import toys

RIDGE = toys.configuration("ridge", {"alpha": 1.0, "task": "slopes"})
BOOSTED = toys.configuration("gradient_boosting", {"max_iter": 10})
POOLED = toys.configuration("pooled", {"width": 16, "depth": 1}, {"learning_rate": 0.01})
HYPER = toys.configuration("hypernetwork", {"width": 16, "depth": 1, "embedding_size": 2}, {"learning_rate": 0.01})
CLASSICAL, NEURAL = (RIDGE, BOOSTED), (POOLED, HYPER)
every_kind = pytest.mark.parametrize(
    "configuration", CLASSICAL + NEURAL, ids=lambda configuration: configuration.file.name
)
TIMES = {"seconds": 0.0, "predict_us_per_row": 0.0}


@pytest.fixture(scope="module")
def data() -> SearchData:
    return toys.search_data()


def two_seeds(data: SearchData) -> Objective:
    return Objective(data, toys.plan(seeds=2))


@every_kind
def test_the_same_configuration_and_seed_give_the_same(data: SearchData, configuration: Configuration) -> None:
    first, second = two_seeds(data)(configuration), two_seeds(data)(configuration)
    assert replace(first.result, **TIMES) == replace(second.result, **TIMES)
    np.testing.assert_array_equal(first.predictions, second.predictions)


@every_kind
def test_what_was_evaluated_before_changes_nothing(data: SearchData, configuration: Configuration) -> None:
    used = two_seeds(data)
    used(POOLED), used(RIDGE)
    np.random.seed(7)
    torch.manual_seed(7)
    assert replace(used(configuration).result, **TIMES) == replace(two_seeds(data)(configuration).result, **TIMES)


@pytest.mark.parametrize("configuration", NEURAL, ids=lambda configuration: configuration.file.name)
def test_another_seed_gives_other_networks(data: SearchData, configuration: Configuration) -> None:
    objective = two_seeds(data)
    assert objective(configuration).result.error != objective(replace(configuration, seed=1)).result.error


@every_kind
def test_the_error_is_that_of_the_out_of_fold_predictions(data: SearchData, configuration: Configuration) -> None:
    evaluation = two_seeds(data)(configuration)
    target, task = data.dataset.target, data.dataset.task
    prediction, metric = evaluation.out_of_fold(), metric_named("rmse")
    assert evaluation.result.error == evaluation.result.error_rows == error_over_rows(metric, target, prediction)
    assert evaluation.result.error_tasks == error_over_tasks(metric, target, prediction, task)[0]
    of_folds = [error_over_rows(metric, target[data.fold == k], prediction[data.fold == k]) for k in (0, 1)]
    assert evaluation.result.fold_errors == tuple(of_folds)


@every_kind
def test_no_row_is_predicted_by_a_model_that_saw_its_target(data: SearchData, configuration: Configuration) -> None:
    """With the targets of fold 0 changed, only its rows' predictions stay: they come from the other folds."""
    target = np.where((data.fold == 0)[:, None], -data.dataset.target, data.dataset.target)
    changed = replace(data, dataset=replace(data.dataset, target=target))
    plan = toys.plan(epochs=1)
    before, after = Objective(data, plan)(configuration), Objective(changed, plan)(configuration)
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


@pytest.mark.parametrize("configuration", NEURAL, ids=lambda configuration: configuration.file.name)
def test_networks_report_errors_and_epochs_by_fold_and_seed(data: SearchData, configuration: Configuration) -> None:
    result = Objective(data, toys.plan(seeds=3))(configuration).result
    assert np.shape(result.member_errors) == np.shape(result.best_epochs) == (2, 3)
    assert 1 <= np.min(result.best_epochs) <= np.max(result.best_epochs) <= 8
    assert result.size == Objective(data, toys.plan())(configuration).result.size.times(3)


def test_a_classical_model_has_one_member_and_no_epochs(data: SearchData) -> None:
    result = two_seeds(data)(RIDGE).result
    assert np.shape(result.member_errors) == (2, 1)
    assert result.best_epochs == ()


def test_the_result_names_settings_and_architecture(data: SearchData) -> None:
    result = two_seeds(data)(POOLED).result
    assert (result.architecture, result.settings) == ("pooled", {"width": 16, "depth": 1, "learning_rate": 0.01})


def rungs_of(objective: Objective, configuration: Configuration) -> tuple[list[Rung], Evaluation]:
    """All that an evaluation shows on its way, and how it ends."""
    steps, seen = objective.steps(configuration), list[Rung]()
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


@pytest.mark.parametrize("configuration", NEURAL, ids=lambda configuration: configuration.file.name)
def test_rungs_change_nothing_about_the_result(data: SearchData, configuration: Configuration) -> None:
    plan = toys.plan_with_rungs(1, 3, epochs=6)
    seen, paused = rungs_of(Objective(data, plan), configuration)
    without = Objective(data, toys.plan_with_rungs(epochs=6))(configuration)
    assert [rung.epoch for rung in seen] == [1, 3]
    assert replace(paused.result, **TIMES) == replace(without.result, **TIMES)
    np.testing.assert_array_equal(paused.predictions, without.predictions)


def test_a_rung_shows_the_losses_of_the_out_of_fold_predictions_so_far(data: SearchData) -> None:
    """A training of so many epochs ends where a longer one has its rung."""
    seeds = replace(toys.plan_with_rungs(3, epochs=6), seeds=2, networks=2)
    rung = rungs_of(Objective(data, seeds), HYPER)[0][0]
    ended = Objective(data, replace(toys.plan_with_rungs(epochs=3), seeds=2, networks=2))(HYPER)
    np.testing.assert_allclose(rung.cells, ended.last.cells, rtol=1e-6)
    assert rung.error == pytest.approx(ended.result.error**2)
    assert (rung.epoch, rung.parameters) == (3, ended.result.size.total)


def test_a_classical_model_shows_nothing_on_its_way_and_ends_with_what_it_is_compared_by(data: SearchData) -> None:
    seen, ended = rungs_of(Objective(data, toys.plan_with_rungs(1, 3, epochs=6)), RIDGE)
    assert seen == []
    assert (ended.last.epoch, ended.last.parameters, ended.result.epochs) == (0, ended.result.size.total, 0)
    assert math.sqrt(ended.last.error) == pytest.approx(ended.result.error)


@every_kind
def test_what_a_trial_ends_with_has_a_cell_a_fold_and_task(data: SearchData, configuration: Configuration) -> None:
    last = two_seeds(data)(configuration).last
    assert last.cells.shape == (2, 4)
    assert np.isfinite(last.cells).all()


def test_the_epochs_of_a_trial_are_those_until_its_last_member_stopped(data: SearchData) -> None:
    evaluation = two_seeds(data)(POOLED)
    assert evaluation.result.epochs == evaluation.curve[-1][0] == evaluation.last.epoch


def test_a_model_has_the_size_of_all_networks_that_a_refit_trains(data: SearchData) -> None:
    one, three = (Objective(data, replace(toys.plan(), networks=each))(POOLED) for each in (1, 3))
    assert three.result.size == one.result.size.times(3)
    assert three.result.error == one.result.error


ANIMALS = (zoo.binary, zoo.multiclass, zoo.several_targets, zoo.no_metadata, zoo.missing_values)


@every_kind
@pytest.mark.parametrize("animal", ANIMALS, ids=lambda animal: animal.__name__)
def test_every_kind_of_problem_gets_a_finite_error(animal: Any, configuration: Configuration) -> None:
    dataset: Dataset = animal()
    metric = "log_loss" if dataset.schema.classes else "rmse"
    evaluation = Objective(toys.search_data(dataset, metric=metric), toys.plan(epochs=2))(configuration)
    assert math.isfinite(evaluation.result.error)
    assert evaluation.predictions.shape[1:] == (len(dataset), dataset.schema.outputs)


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


def test_a_loss_that_is_not_finite_is_a_divergence(data: SearchData) -> None:
    with pytest.raises(DivergedError, match="The loss is not finite after 1 epochs; a smaller learning rate may help"):
        Objective(data, toys.plan())(replace(POOLED, training={"learning_rate": 1e30}))


def test_a_prediction_that_is_not_finite_is_a_divergence(data: SearchData, tmp_path: Path) -> None:
    chosen = toys.configuration(toys.toy_space(tmp_path, "infinite"), {"behaviour": "infinite"})
    with pytest.raises(DivergedError, match="A prediction is not finite"):
        Objective(data, toys.plan())(chosen)


def test_networks_past_their_deadline_return_what_they_have_and_say_so(data: SearchData) -> None:
    started = time.time()
    result = Objective(data, toys.endless_plan())(POOLED, started + 0.3).result
    assert result.stopped_by_time
    assert math.isfinite(result.error)
    assert time.time() - started < 10


def test_networks_whose_deadline_is_over_already_still_answer(data: SearchData) -> None:
    result = two_seeds(data)(POOLED, time.time() - 1).result
    assert result.stopped_by_time
    assert math.isfinite(result.error)


def test_a_deadline_in_time_is_not_marked(data: SearchData) -> None:
    assert not two_seeds(data)(POOLED, time.time() + 600).result.stopped_by_time


def test_a_classical_model_that_runs_out_of_time_has_no_score(data: SearchData) -> None:
    with pytest.raises(TimeoutError, match="Only 0 of 2 folds were fitted in the time given"):
        two_seeds(data)(RIDGE, time.time() - 1)


def test_a_setting_the_class_does_not_have_is_refused(data: SearchData) -> None:
    with pytest.raises(UsageError, match="has no setting 'width'"):
        two_seeds(data)(toys.configuration("ridge", {"width": 3}))


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


@pytest.mark.parametrize("given", [FULL, toys.result(0.25)], ids=["full", "plain"])
def test_a_result_is_the_same_after_json(given: TrialResult) -> None:
    again = TrialResult.from_json(json.loads(json.dumps(given.to_json(), allow_nan=False)))
    assert repr(again) == repr(given)  # NaN is not equal to itself


def test_an_undefined_error_is_null_in_json() -> None:
    stored = FULL.to_json()
    assert (stored["error_tasks"], stored["member_errors"]) == (None, [[0.5, None], [None, 0.25]])
