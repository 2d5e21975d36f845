"""The study of an architecture: several objectives, limits, and trials that were stopped or never begun."""

import math
from pathlib import Path
from typing import Any

import pytest

from mthn_automl.models.base import Size
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.samplers import names
from mthn_automl.tuning.samplers.parts.sampler import module_of
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import Study
from tests.tuning import toys

THREE = ("error", "parameters", "latency")
LIMITS = Limits(parameters=100, latency=10.0)


def opened(folder: Path, **given: Any) -> Study:
    folder.mkdir(exist_ok=True)
    space = build_space(toys.toy_space(folder), has_metadata=True)
    return Studies(folder / "study.journal", {"toy": space}, seed=0, **given)["toy"]


def complete(study: Study, error: float, parameters: int, latency: float = 1.0) -> str:
    result = toys.result(error, size=Size(parameters, 1, 0), predict_us_per_row=latency)
    return study.complete(study.ask().number, result, 1.0)


def test_with_several_objectives_there_is_a_value_for_each_a_front_and_a_best_by_error(tmp_path: Path) -> None:
    study = opened(tmp_path, objectives=THREE)
    for given in ((0.5, 70, 2.5), (0.4, 900, 1.0), (0.6, 2, 1.0), (0.6, 3, 1.0), (0.6, 2, 1.0)):
        assert complete(study, *given) == ""
    assert complete(study, 0.5, 70, math.inf)
    for each in (study, opened(tmp_path, objectives=THREE)):
        assert each.records[0].values == (0.5, 70.0, 2.5)
        assert each.best is not None
        assert each.best.number == 1
        assert sorted(each.front.values) == [0, 1, 2]
        assert (each.count(Ending.COMPLETE), each.count(Ending.FAILED)) == (5, 1)


@pytest.mark.parametrize("objectives", [("error",), THREE], ids=["one objective", "three objectives"])
def test_a_stopped_trial_keeps_its_reason_and_what_it_showed(tmp_path: Path, objectives: tuple[str, ...]) -> None:
    study = opened(tmp_path, objectives=objectives)
    study.stop(study.ask().number, 30, 0.75, "worse than trial 3", 9.0)
    again = opened(tmp_path, objectives=objectives)
    (stopped,) = again.ended(Ending.STOPPED)
    assert (stopped.reason, stopped.seconds, stopped.values) == ("worse than trial 3", 9.0, ())
    assert stopped.shown == ((30, 0.75) if len(objectives) == 1 else None)
    assert (again.budget_used, again.best, again.answers) == (1, None, [])
    assert again.ask().repeats is None


def test_a_result_that_breaks_a_limit_is_complete_and_no_answer(tmp_path: Path) -> None:
    unlimited = opened(tmp_path / "unlimited")
    complete(unlimited, 0.1, 10**9, 1e9)
    assert (unlimited.records[0].excess, len(unlimited.answers)) == ({}, 1)
    study = opened(tmp_path, limits=LIMITS)
    assert [complete(study, *given) for given in ((0.1, 200, 5.0), (0.2, 50, 30.0), (0.9, 100, 10.0))] == [
        "parameters must be at most 100, however there are 200",
        "predicting a row must take at most 10 us, however it takes 30",
        "",
    ]
    for each in (study, opened(tmp_path, limits=LIMITS)):
        assert each.count(Ending.COMPLETE) == 3
        assert [record.number for record in each.answers] == [2]
        assert each.best is not None
        assert (each.best.number, each.errors.lowest()) == (2, (0.9,))
        assert each.records[0].excess == {"parameters": 1.0, "latency": -0.5}  # the sampler learns from it


def test_a_refused_configuration_counts_nowhere_and_the_next_is_another(tmp_path: Path) -> None:
    study, refused = opened(tmp_path), []
    for _ in range(8):
        record = study.ask()
        study.refuse(record.number, "too large", {"parameters": 2.0})
        refused.append(tuple(record.settings.items()))
    assert len(set(refused)) == 8
    assert (study.budget_used, study.reasons(Ending.REFUSED)) == (0, ["too large"] * 8)
    again = opened(tmp_path)
    assert {(record.state.name, record.excess["parameters"]) for record in again.records} == {("PRUNED", 2.0)}


@pytest.mark.parametrize("sampler", names())
def test_sampling_goes_on_beside_every_kind_of_end(tmp_path: Path, sampler: str) -> None:
    for count in range(1, 3 if module_of(sampler).SEVERAL_OBJECTIVES else 2):
        study = opened(tmp_path / f"{count}", sampler=sampler, objectives=THREE[:count], limits=LIMITS)
        for turn in range(3):
            complete(study, 0.5 + turn, 200 if turn else 20)
            study.stop(study.ask().number, 10, 0.75 if turn else math.nan, "worse", 1.0)
            study.refuse(study.ask().number, "too large", {"parameters": 2.0})
            study.fail(study.ask().number, "it diverged", 1.0)
            study.lose(study.ask().number, "killed", 1.0)
            study.abandon(study.ask().number, "stopped", 1.0)
        assert 0 <= study.ask().settings["offset"] <= 1
