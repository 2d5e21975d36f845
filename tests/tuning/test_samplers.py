"""Samplers by name, and the seeds that they are given; tests/contracts/test_samplers.py has the rest."""

import subprocess
import sys
from typing import Any

import optuna
import pytest

from mthn_automl.errors import UsageError
from mthn_automl.tuning.samplers.sampler import SAMPLERS, check_sampler, make_sampler
from mthn_automl.tuning.seeds import derive_seed

every_sampler = pytest.mark.parametrize("name", SAMPLERS)


def suggestions(name: str, seed: int, told: int = 8) -> list[dict[str, Any]]:
    """What a search suggests whose trials each get a sampler of their own; after `told` the model is at work."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    seeds = [derive_seed(seed, number) for number in range(told)]
    return [_next(study, make_sampler(name, study_seed=seed, trial_seed=each)) for each in seeds]


def _next(study: optuna.Study, sampler: optuna.samplers.BaseSampler) -> dict[str, Any]:
    study.sampler = sampler
    trial = study.ask()
    x = trial.suggest_float("x", 1e-3, 1.0, log=True)
    kind = trial.suggest_categorical("kind", ["a", "b"])
    more = trial.suggest_int("n", 1, 9) if kind == "a" else 0
    study.tell(trial, x + more)
    return trial.params


@every_sampler
def test_the_same_seed_suggests_the_same(name: str) -> None:
    assert suggestions(name, 1) == suggestions(name, 1)


MAY_REPEAT = {"gp", "nsga2", "nsga3"}
"""They may suggest the best settings again; a search passes over what was tried (tests/tuning/test_search.py)."""


@every_sampler
def test_different_seeds_suggest_differently(name: str) -> None:
    first, second = suggestions(name, 1), suggestions(name, 2)
    assert all(one != other for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("name", sorted(SAMPLERS.keys() - MAY_REPEAT))
def test_suggestions_within_a_search_differ(name: str) -> None:
    xs = [each["x"] for each in suggestions(name, 1, told=12)]
    assert len(set(xs)) == len(xs)


@every_sampler
def test_failed_and_running_trials_do_not_stop_it(name: str) -> None:
    study = optuna.create_study(sampler=make_sampler(name, study_seed=0, trial_seed=0))
    running, failed = study.ask(), study.ask()
    running.suggest_float("x", 0, 1)
    failed.suggest_float("x", 0, 1)
    study.tell(failed, state=optuna.trial.TrialState.FAIL)
    assert 0 <= study.ask().suggest_float("x", 0, 1) <= 1


def test_an_unknown_sampler_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(UsageError, match=r"must be one of tpe, .* however it is 'nsga'; did you mean 'nsga"):
        check_sampler("nsga", 1)


def test_cma_es_keeps_nothing_in_the_journal_and_begins_at_the_best_start() -> None:
    study = optuna.create_study()
    for value in (0.1, 0.3, 0.9, 0.5, 0.7):
        study.enqueue_trial({"x": value})
    for number in range(30):
        study.sampler = make_sampler("cmaes", study_seed=0, trial_seed=number)
        trial = study.ask()
        study.tell(trial, abs(trial.suggest_float("x", 0.0, 1.0) - 0.9))
    assert all(not each.system_attrs for each in study.trials[5:])
    assert all(abs(each.params["x"] - 0.9) < 0.6 for each in study.trials[5:11])
    assert study.best_value < 0.01


def test_quasi_random_points_share_out_choices_and_whole_numbers_evenly() -> None:
    study = optuna.create_study()
    for number in range(16):
        study.sampler = make_sampler("qmc", study_seed=3, trial_seed=number)
        trial = study.ask()
        trial.suggest_categorical("kind", ["a", "b"])
        trial.suggest_int("n", 1, 4)
    found = [tuple(trial.params.values()) for trial in study.trials]
    assert sorted(found.count((kind, n)) for kind in "ab" for n in (1, 2, 3, 4)) == [2] * 8


@pytest.mark.parametrize("name", ["nsga2", "nsga3"])
def test_starting_points_are_parents(name: str) -> None:
    study = optuna.create_study()
    for number in range(8):
        study.enqueue_trial({"x": number / 8, "y": 0.25})
    for number in range(16):
        study.sampler = make_sampler(name, study_seed=0, trial_seed=number)
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0.0, 1.0) + trial.suggest_float("y", 0.0, 1.0))
    assert sum(trial.params["y"] == 0.25 for trial in study.trials[8:]) >= 2


def test_a_derived_seed_is_the_same_in_another_process() -> None:
    code = "from mthn_automl.tuning.samplers.table import derive_seed; print(derive_seed(0, 'ridge', 7))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) == derive_seed(0, "ridge", 7)


@pytest.mark.parametrize("other", [(1, "ridge", 7), (0, "pooled", 7), (0, "ridge", 8), (0, "ridge"), ("0", "rid/ge")])
def test_every_part_changes_a_derived_seed(other: tuple[object, ...]) -> None:
    assert derive_seed(*other) != derive_seed(0, "ridge", 7)


def test_a_derived_seed_is_not_negative_and_fits_into_31_bits() -> None:
    assert all(0 <= derive_seed(number) < 2**31 for number in range(500))
