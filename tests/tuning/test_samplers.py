"""What every sampler must do, by being in SAMPLERS."""

import subprocess
import sys
from typing import Any

import optuna
import pytest

from mthn_automl.tuning.samplers import SAMPLERS, derive_seed, make_sampler

every_sampler = pytest.mark.parametrize("name", SAMPLERS)


def suggestions(name: str, seed: int, told: int = 8) -> list[dict[str, Any]]:
    """What a search suggests whose trials each get a sampler of their own; after `told` the model is at work."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study()
    return [_next(study, make_sampler(name, derive_seed(seed, number))) for number in range(told)]


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


@every_sampler
def test_different_seeds_suggest_differently(name: str) -> None:
    first, second = suggestions(name, 1), suggestions(name, 2)
    assert all(one != other for one, other in zip(first, second, strict=True))


@every_sampler
def test_suggestions_within_a_search_differ(name: str) -> None:
    xs = [each["x"] for each in suggestions(name, 1, told=12)]
    assert len(set(xs)) == len(xs)


@every_sampler
def test_failed_and_running_trials_do_not_stop_it(name: str) -> None:
    study = optuna.create_study(sampler=make_sampler(name, 0))
    running, failed = study.ask(), study.ask()
    running.suggest_float("x", 0, 1)
    failed.suggest_float("x", 0, 1)
    study.tell(failed, state=optuna.trial.TrialState.FAIL)
    assert 0 <= study.ask().suggest_float("x", 0, 1) <= 1


def test_a_derived_seed_is_the_same_in_another_process() -> None:
    code = "from mthn_automl.tuning.samplers import derive_seed; print(derive_seed(0, 'ridge', 7))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(found.stdout) == derive_seed(0, "ridge", 7)


@pytest.mark.parametrize("other", [(1, "ridge", 7), (0, "pooled", 7), (0, "ridge", 8), (0, "ridge"), ("0", "rid/ge")])
def test_every_part_changes_a_derived_seed(other: tuple[object, ...]) -> None:
    assert derive_seed(*other) != derive_seed(0, "ridge", 7)


def test_a_derived_seed_is_not_negative_and_fits_into_31_bits() -> None:
    assert all(0 <= derive_seed(number) < 2**31 for number in range(500))
