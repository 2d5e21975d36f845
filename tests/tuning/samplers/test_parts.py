"""The samplers that are ours: what Optuna's own do otherwise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from mthn_automl.tuning.samplers.parts.sampler import Draw, make_sampler
from mthn_automl.tuning.space import Parameter, SearchSpace
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import Study
from tests.tuning import toys


def run(
    folder: Path,
    sampler: str,
    parameters: dict[str, Any],
    error: Callable[..., float],
    *,
    trials: int,
    starts: tuple[dict[str, Any], ...] = (),
) -> Study:
    """A study whose trials have the error of their settings."""
    declared = tuple(Parameter(name, distribution, {}, False) for name, distribution in parameters.items())
    space = SearchSpace("toy", declared, frozenset(), starts, True)
    study = Studies(folder / "journal", {"toy": space}, seed=3, sampler=sampler)["toy"]
    for _ in range(trials):
        record = study.ask()
        study.complete(record.number, toys.result(error(**record.settings)), 1.0)
    return study


def test_cma_es_begins_at_the_best_start_and_ends_at_the_lowest_point(tmp_path: Path) -> None:
    starts = tuple({"x": value} for value in (0.1, 0.3, 0.9, 0.5, 0.7))
    study = run(tmp_path, "cmaes", {"x": FloatDistribution(0, 1)}, lambda x: abs(x - 0.9), trials=30, starts=starts)
    assert all(abs(record.settings["x"] - 0.9) < 0.6 for record in study.records[5:11])
    assert study.best is not None
    assert study.best.values[0] < 0.01


def test_quasi_random_points_share_out_choices_and_whole_numbers_evenly(tmp_path: Path) -> None:
    parameters = {"kind": CategoricalDistribution(["a", "b"]), "n": IntDistribution(1, 4)}
    study = run(tmp_path, "qmc", parameters, lambda kind, n: 1.0, trials=16)
    found = [tuple(record.settings.values()) for record in study.records]
    assert sorted(found.count((kind, n)) for kind in "ab" for n in (1, 2, 3, 4)) == [2] * 8


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_starting_points_are_parents(name: str, tmp_path: Path) -> None:
    starts = tuple({"x": number / 8, "y": 0.25} for number in range(8))
    parameters = {"x": FloatDistribution(0, 1), "y": FloatDistribution(0, 1)}
    study = run(tmp_path, name, parameters, lambda x, y: x + y, trials=24, starts=starts)
    assert sum(record.settings["y"] == 0.25 for record in study.records[8:]) >= 2


@pytest.mark.parametrize("name", ["cmaes", "qmc", "random", "tpe"])
def test_suggestions_within_a_search_differ(name: str, tmp_path: Path) -> None:
    """The others may suggest the best settings again; a search passes over what was tried."""
    study = run(tmp_path, name, {"x": FloatDistribution(1e-3, 1, log=True)}, lambda x: x, trials=12)
    assert len({record.settings["x"] for record in study.records}) == 12


@pytest.mark.parametrize("name", ["cmaes", "nsga2", "nsga3", "qmc"])
def test_nothing_of_a_sampler_is_stored_with_its_trials(name: str) -> None:
    """Optuna's own pickle their state into the journal, so that opening a run would execute what its file says."""
    study = optuna.create_study()
    for number in range(20):
        study.sampler = make_sampler(name, Draw(0, number, sampled=number, parameters=("x",)))
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0.0, 1.0))
    assert not any(trial.system_attrs for trial in study.trials)
