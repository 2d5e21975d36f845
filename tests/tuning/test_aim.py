"""How far architectures are from improving the ensemble, and that the next trial goes to those that are near."""

from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.models.base import Size
from mthn_automl.tuning.aim import EnsembleAim
from mthn_automl.tuning.allocation import Standing, next_architecture
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.lowest import LowestErrors
from mthn_automl.tuning.objective import SearchData
from tests.contracts import zoo
from tests.tuning import toys


def error_of(data: SearchData, prediction: FloatArray) -> float:
    return float(np.sqrt(((data.dataset.target - prediction) ** 2).mean()))


def aim_of(data: SearchData, predictions: dict[str, FloatArray]) -> EnsembleAim:
    aim = EnsembleAim(data)
    for name, prediction in predictions.items():
        aim.note(toys.result(error_of(data, prediction), name), 0, prediction)
    return aim


def test_what_errs_in_its_own_way_lacks_nothing_and_a_worse_copy_of_the_best_lacks_something() -> None:
    data = toys.search_data(toys.cubic_dataset(rows=60))
    target, shape = data.dataset.target, data.dataset.target.shape
    error, other = (np.random.default_rng(seed).normal(size=shape) for seed in (0, 1))
    gaps = aim_of(data, {"best": target + error, "copy": target + 1.3 * error, "own": target + 1.3 * other}).gaps()
    assert (gaps["best"], gaps["own"]) == (0.0, 0.0)
    assert 0.2 * error_of(data, target + 1.3 * error) <= gaps["copy"] < error_of(data, target + 1.3 * error)


def test_a_better_trial_of_an_architecture_changes_what_the_others_lack() -> None:
    data = toys.search_data()
    error = np.random.default_rng(0).normal(size=data.dataset.target.shape)
    aim = aim_of(data, {"first": data.dataset.target + error, "second": data.dataset.target + 1.2 * error})
    before = aim.gaps()
    better = data.dataset.target + 0.5 * error
    aim.note(toys.result(error_of(data, better), "second"), 1, better)
    after = aim.gaps()
    assert (before["first"], after["second"]) == (0.0, 0.0)
    assert before["second"] > 0.0 < after["first"]


def test_nothing_is_known_before_the_first_trial_and_rows_that_always_train_are_not_asked_for() -> None:
    data = toys.search_data()
    assert EnsembleAim(data).gaps() == {}
    fold = data.fold.copy()
    fold[:10] = -1
    prediction = data.dataset.target.copy()
    prediction[:10] = np.nan
    aim = EnsembleAim(replace(data, fold=fold))
    aim.note(toys.result(0.1, "ridge"), 0, prediction)
    assert aim.gaps() == {"ridge": 0.0}


def test_the_next_trial_goes_to_what_lacks_nothing_though_its_error_is_larger() -> None:
    errors = {"best": (1.0, 1.01, 1.02), "near": (1.05, 1.06, 1.07), "complement": (1.3, 1.31, 1.32)}
    gaps = {"best": 0.0, "near": 0.05, "complement": 0.0}
    begun = {"best": 12, "near": 6, "complement": 6}
    alone = {name: Standing(begun[name], LowestErrors(each)) for name, each in errors.items()}
    together = {name: replace(each, gap=gaps[name]) for name, each in alone.items()}
    chosen = [next_architecture(standings, 3) for standings in (alone, together)]
    assert [name for name, _ in chosen] == ["best", "complement"]
    assert "improve the best" in chosen[0][1]
    assert "improve the ensemble" in chosen[1][1]


def test_targets_with_gaps_show_what_is_lacking_as_well() -> None:
    data = toys.search_data(toys.cubic_dataset(rows=60))
    target, error = data.dataset.target, np.random.default_rng(0).normal(size=data.dataset.target.shape)
    gappy = np.where(np.arange(len(target))[:, None] % 3 == 0, np.nan, target)
    aim = EnsembleAim(replace(data, dataset=replace(data.dataset, target=gappy)))
    for name, times in (("best", 1.0), ("copy", 1.3)):
        aim.note(toys.result(times, name), 0, target + times * error)
    assert aim.gaps()["best"] == 0.0 < aim.gaps()["copy"] < np.inf


def test_what_the_limits_leave_no_room_for_lacks_something() -> None:
    """Two that complement each other, of which the limit has room for one."""
    data = toys.search_data(toys.cubic_dataset(rows=60))
    target = data.dataset.target
    error, other = (np.random.default_rng(seed).normal(size=target.shape) for seed in (0, 1))
    found = {}
    for limit in (None, 150):
        aim = EnsembleAim(replace(data, limits=Limits(parameters=limit)))
        for number, prediction in enumerate((target + error, target + other)):
            name = f"model {number}"
            result = replace(toys.result(error_of(data, prediction), name), size=Size(100, 100, 0))
            aim.note(result, number, prediction)
        found[limit] = sorted(aim.gaps().values())
    assert found[None] == [0.0, 0.0]
    assert found[150][0] == 0.0


def test_ranks_are_asked_of_all_rows_at_once_and_means_of_each_task_where_that_is_wanted() -> None:
    """Of 300 tasks the ranks of each took seven seconds a trial, in which no worker got another."""
    data = replace(toys.search_data(), average="tasks")
    assert EnsembleAim(data).target.average == "tasks"
    classes = replace(zoo.binary(), row=np.arange(len(zoo.binary())))
    fold = np.arange(len(classes)) % 3
    assert EnsembleAim(SearchData(classes, fold, "roc_auc", "tasks")).target.average == "rows"
    assert EnsembleAim(SearchData(classes, fold, "log_loss", "tasks")).target.average == "tasks"
