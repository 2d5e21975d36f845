"""The journal of a run: several objectives, limits, and trials that were stopped or never begun."""

import math
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from mthn_automl.models.base import Size
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import feasible
from tests.tuning import toys


def opened(folder: Path, **given: Any) -> Studies:
    space = build_space(toys.toy_space(folder), has_metadata=True)
    return Studies(folder / "study.journal", {"toy": space}, seed=0, **given)


@pytest.fixture
def studies(tmp_path: Path) -> Studies:
    return opened(tmp_path)


def states(studies: Studies) -> dict[str, int]:
    return {name: count for name, count in studies.states().items() if count}


def sized(error: float, parameters: int, latency: float = 1.0) -> Any:
    return toys.result(error, size=Size(parameters, 1, 0), predict_us_per_row=latency)


THREE = ("error", "parameters", "latency")


def test_with_several_objectives_a_trial_has_a_value_for_each(tmp_path: Path) -> None:
    studies = opened(tmp_path, objectives=THREE)
    assert studies.complete("toy", studies.ask("toy").number, sized(0.5, 70, 2.5), 1.0) == ""
    assert studies.trials("toy")[0].values == [0.5, 70.0, 2.5]


def test_with_several_objectives_the_best_is_still_the_one_with_the_lowest_error(tmp_path: Path) -> None:
    studies = opened(tmp_path, objectives=THREE)
    for each in (sized(0.5, 1), sized(0.4, 900), sized(0.6, 2)):
        studies.complete("toy", studies.ask("toy").number, each, 1.0)
    best = studies.best("toy")
    assert best is not None
    assert best[0] == 1


def test_an_objective_that_is_not_finite_is_a_failure(tmp_path: Path) -> None:
    studies = opened(tmp_path, objectives=THREE)
    assert studies.complete("toy", studies.ask("toy").number, sized(0.5, 70, math.inf), 1.0)
    assert states(studies) == {"FAIL": 1}


def test_a_trial_that_was_stopped_keeps_its_reason_and_what_it_showed(studies: Studies) -> None:
    studies.prune("toy", studies.ask("toy").number, 30, 0.75, "worse than trial 3", 9.0)
    trial = studies.trials("toy")[0]
    assert trial.intermediate_values == {30: 0.75}
    assert (trial.user_attrs["reason"], studies.elapsed()) == ("worse than trial 3", 9.0)
    assert states(studies) == {"PRUNED": 1}
    assert (studies.told("toy"), studies.pruned("toy"), studies.results("toy"), studies.best("toy")) == (1, 1, [], None)
    assert (studies.failures("toy"), studies.refused("toy"), studies.retries_queued("toy")) == ([], [], 0)


def test_with_several_objectives_a_stopped_trial_has_no_values(tmp_path: Path) -> None:
    studies = opened(tmp_path, objectives=THREE)
    studies.prune("toy", studies.ask("toy").number, 30, 0.75, "worse than trial 3", 9.0)
    trial = studies.trials("toy")[0]
    assert (trial.state, trial.values, trial.intermediate_values) == (TrialState.PRUNED, None, {})
    assert studies.pruned("toy") == 1


LIMITS = Limits(parameters=100, latency=10.0)


def test_a_result_that_breaks_a_limit_is_complete_and_no_answer(tmp_path: Path) -> None:
    studies = opened(tmp_path, limits=LIMITS)
    reasons = [
        studies.complete("toy", studies.ask("toy").number, each, 1.0)
        for each in (sized(0.1, 200), sized(0.2, 50, 30.0), sized(0.9, 100, 10.0))
    ]
    assert reasons == [
        "parameters must be at most 100, however there are 200",
        "predicting a row must take at most 10 us, however it takes 30",
        "",
    ]
    assert states(studies) == {"COMPLETE": 3}
    assert [each.number for each in studies.answers("toy")] == [2]
    best = studies.best("toy")
    assert best is not None
    assert best[0] == 2


def test_by_how_much_limits_are_broken_is_kept_for_the_sampler(tmp_path: Path) -> None:
    studies = opened(tmp_path, limits=LIMITS)
    studies.complete("toy", studies.ask("toy").number, sized(0.1, 200, 5.0), 1.0)
    again = opened(tmp_path, limits=LIMITS)
    assert again.trials("toy")[0].constraints == {"parameters": 1.0, "latency": -0.5}
    assert not feasible(again.trials("toy")[0])
    assert again.best("toy") is None


def test_without_limits_every_complete_trial_is_an_answer(studies: Studies) -> None:
    studies.complete("toy", studies.ask("toy").number, sized(0.1, 10**9, 1e9), 1.0)
    assert studies.trials("toy")[0].constraints == {}
    assert len(studies.answers("toy")) == 1


def test_a_refused_configuration_counts_nowhere_and_the_next_is_another(studies: Studies) -> None:
    refused = []
    for _ in range(8):
        trial = studies.ask("toy")
        studies.refuse("toy", trial.number, "too large", {"parameters": 2.0})
        refused.append(tuple(trial.settings.items()))
    assert len(set(refused)) == 8
    assert (states(studies), studies.told("toy"), studies.pruned("toy"), studies.failures("toy")) == ({}, 0, 0, [])
    assert studies.refused("toy") == ["too large"] * 8
    assert studies.trials("toy")[0].constraints == {"parameters": 2.0}


@pytest.mark.parametrize("sampler", ["tpe", "gp", "nsga2", "nsga3", "qmc", "random"])
@pytest.mark.parametrize("objectives", [("error",), ("error", "parameters")], ids=["one objective", "two objectives"])
def test_sampling_goes_on_beside_every_kind_of_end(tmp_path: Path, sampler: str, objectives: tuple[str, ...]) -> None:
    studies = opened(tmp_path, sampler=sampler, objectives=objectives, limits=LIMITS)
    for turn in range(3):
        studies.complete("toy", studies.ask("toy").number, sized(0.5 + turn, 200 if turn else 20), 1.0)
        studies.prune("toy", studies.ask("toy").number, 10, 0.75 if turn else math.nan, "worse", 1.0)
        studies.refuse("toy", studies.ask("toy").number, "too large", {"parameters": 2.0})
        studies.fail("toy", studies.ask("toy").number, "it diverged", 1.0)
        studies.lose("toy", studies.ask("toy").number, "killed", 1.0)
        studies.abandon("toy", studies.ask("toy").number, "stopped")
    assert 0 <= studies.ask("toy").settings["offset"] <= 1
