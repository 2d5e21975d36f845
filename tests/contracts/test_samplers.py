"""What every sampler must do, by being in SAMPLERS: in the spaces of real files, beside trials that went wrong."""

import json
import logging
import math
import random
import statistics
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
import torch
from optuna.trial import TrialState

from mthn_automl import catalogue
from mthn_automl.errors import UsageError
from mthn_automl.tuning.samplers.sampler import SAMPLERS, check_sampler, make_sampler
from mthn_automl.tuning.samplers.table import ONE_OBJECTIVE
from mthn_automl.tuning.seeds import derive_seed
from mthn_automl.tuning.space import SearchSpace, build_space
from mthn_automl.tuning.study import open_storage

ROOT = Path(__file__).parents[2]
TRIALS = 11
# (file, with metadata): many parameters on many conditions; choices above all; numbers above all
SPACES = [("hypernetwork", True), ("ridge", True), ("gradient_boosting", False)]
# Trials in which each is to find a valley that random search mostly misses; a Gaussian process takes its time over 40.
LEARNERS = {"tpe": 40, "gp": 12, "cmaes": 40, "nsga2": 40, "nsga3": 40}

every_sampler = pytest.mark.parametrize("name", SAMPLERS)
every_space = pytest.mark.parametrize(("file", "metadata"), SPACES, ids=["{}-{}".format(*each) for each in SPACES])


@pytest.fixture(autouse=True)
def warnings_alone() -> Iterator[None]:
    """A new study is announced; warnings are what must not be."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    yield
    optuna.logging.set_verbosity(before)


@cache
def read(file: str, metadata: bool) -> SearchSpace:
    return build_space(catalogue.read(file), metadata)


def new_study(
    space: SearchSpace, objectives: int = 1, storage: optuna.storages.BaseStorage | None = None
) -> optuna.Study:
    study = optuna.create_study(storage=storage, study_name="study", directions=["minimize"] * objectives)
    for start in space.starts:
        study.enqueue_trial(dict(start))
    return study


def go_on(study: optuna.Study, space: SearchSpace, name: str, seed: int, until: int) -> None:
    """Up to `until` trials: most are told, one in seven each fails, is stopped, is refused or goes on running."""
    for number in range(len(study.get_trials(states=begun_states())), until):
        study.sampler = make_sampler(
            name, study_seed=derive_seed(seed, space.name), trial_seed=derive_seed(seed, space.name, number)
        )
        trial = study.ask()
        settings = space.suggest(trial)
        assert settings == trial.params
        end(study, trial, derive_seed(json.dumps(settings)) / 2**31)


def begun_states() -> list[TrialState]:
    return [state for state in TrialState if state is not TrialState.WAITING]


def end(study: optuna.Study, trial: optuna.Trial, error: float) -> None:
    """The refused ones alone have a constraint: a Gaussian process of constraints takes seconds a trial."""
    match trial.number % 7:
        case 3:
            study.tell(trial.number, state=TrialState.FAIL)
        case 4:
            if len(study.directions) == 1:
                trial.report(error, 2)
            study.tell(trial.number, state=TrialState.PRUNED)
        case 5:
            trial.set_constraint("parameters", 1.0 + error)
            study.tell(trial.number, state=TrialState.PRUNED)
        case 6:
            pass
        case _:
            study.tell(trial.number, [error + number for number, _ in enumerate(study.directions)])


@cache
def settings_of(name: str, file: str, metadata: bool, seed: int = 0, objectives: int = 1) -> list[dict[str, Any]]:
    space = read(file, metadata)
    study = new_study(space, objectives)
    go_on(study, space, name, seed, TRIALS)
    return [trial.params for trial in study.trials]


def inside(space: SearchSpace, settings: dict[str, Any]) -> bool:
    ranges = {each.name: each.distribution for each in space.parameters}
    return all(ranges[name]._contains(ranges[name].to_internal_repr(value)) for name, value in settings.items())


@every_sampler
@every_space
def test_every_setting_lies_in_its_range(name: str, file: str, metadata: bool) -> None:
    found = settings_of(name, file, metadata)
    assert len(found) == TRIALS
    assert [each for each in found if not inside(read(file, metadata), each)] == []


@every_sampler
@every_space
def test_conditional_parameters_are_asked_exactly_when_they_apply(name: str, file: str, metadata: bool) -> None:
    space, found = read(file, metadata), settings_of(name, file, metadata)
    wanted = [[each.name for each in space.parameters if each.asked(settings, metadata)] for settings in found]
    assert [list(settings) for settings in found] == wanted


@every_sampler
@every_space
def test_starting_points_come_first(name: str, file: str, metadata: bool) -> None:
    starts = [dict(start) for start in read(file, metadata).starts]
    found = settings_of(name, file, metadata)[: len(starts)]
    assert [start.items() <= settings.items() for start, settings in zip(starts, found, strict=True)] == [True] * len(
        starts
    )


@every_sampler
def test_the_same_seeds_give_the_same_settings(name: str) -> None:
    assert settings_of.__wrapped__(name, "ridge", True) == settings_of(name, "ridge", True)


@every_sampler
def test_another_seed_gives_other_settings(name: str) -> None:
    sampled = len(read("ridge", True).starts)
    one, other = settings_of(name, "ridge", True)[sampled:], settings_of(name, "ridge", True, seed=1)[sampled:]
    assert all(first != second for first, second in zip(one, other, strict=True))


def resume(name: str, journal: Path) -> list[dict[str, Any]]:
    """What the whole study consists of, once a process that knows but its journal has gone on with it."""
    study = optuna.load_study(study_name="study", storage=open_storage(journal))
    go_on(study, read("ridge", True), name, 0, TRIALS)
    return [trial.params for trial in study.trials]


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """By sampler: the settings of a study whose second half another process has seen to."""
    folder = tmp_path_factory.mktemp("journals")
    for name in SAMPLERS:
        space = read("ridge", True)
        go_on(new_study(space, storage=open_storage(folder / name)), space, name, 0, 9)
    code = (
        "import json, sys; from pathlib import Path; import optuna; from tests.contracts.test_samplers import resume; "
        "optuna.logging.set_verbosity(optuna.logging.ERROR); "
        "print(json.dumps({path.name: resume(path.name, path) for path in map(Path, sys.argv[1:])}))"
    )
    journals = [str(folder / name) for name in SAMPLERS]
    found = subprocess.run(
        [sys.executable, "-c", code, *journals], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return dict(json.loads(found.stdout))


@every_sampler
def test_a_study_that_another_process_resumes_goes_on_as_if_never_stopped(
    name: str, resumed: dict[str, list[dict[str, Any]]]
) -> None:
    assert resumed[name] == settings_of(name, "ridge", True)


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name not in ONE_OBJECTIVE])
def test_several_objectives_work(name: str) -> None:
    check_sampler(name, 2)
    found = settings_of(name, "ridge", True, objectives=2)
    assert [each for each in found if not inside(read("ridge", True), each)] == []
    assert len(found) == TRIALS


@pytest.mark.parametrize("name", sorted(ONE_OBJECTIVE))
def test_a_sampler_of_one_objective_says_which_take_several(name: str) -> None:
    check_sampler(name, 1)
    with pytest.raises(UsageError, match=r"there must be one objective, however there are 2; .* tpe, gp, nsga2, nsga3"):
        check_sampler(name, 2)


class Records(logging.Handler):
    """What a logger says, kept."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@every_sampler
def test_nothing_is_printed_logged_or_warned_of(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    records = Records()
    logging.getLogger("optuna").addHandler(records)
    settings_of.__wrapped__(name, "ridge", True)
    logging.getLogger("optuna").removeHandler(records)
    assert records.messages == []
    assert capfd.readouterr() == ("", "")


@every_sampler
def test_the_random_numbers_of_the_process_are_left_alone(name: str) -> None:
    before = random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()
    settings_of.__wrapped__(name, "ridge", True)
    assert (random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()) == before


@every_sampler
def test_limits_that_finished_trials_keep_or_break_do_not_stop_it(name: str) -> None:
    space = read("ridge", True)
    study = optuna.create_study()
    for number in range(8):
        study.sampler = make_sampler(name, study_seed=1, trial_seed=number)
        trial = study.ask()
        assert inside(space, space.suggest(trial))
        trial.set_constraint("parameters", number - 4.0)
        study.tell(trial.number, float(number))


@every_sampler
def test_a_study_all_of_whose_trials_were_refused_goes_on(name: str) -> None:
    space = read("ridge", True)
    study = optuna.create_study()
    for number in range(12):
        study.sampler = make_sampler(name, study_seed=1, trial_seed=number)
        trial = study.ask()
        assert inside(space, space.suggest(trial))
        trial.set_constraint("parameters", 1.0)
        study.tell(trial.number, state=TrialState.PRUNED)


def valley(trial: optuna.Trial) -> float:
    """0 at best; two numbers, one of them on a log scale, and a choice."""
    x, y = trial.suggest_float("x", -1, 1), trial.suggest_float("y", 1e-3, 1, log=True)
    height = {"flat": 0.0, "hill": 0.1, "mountain": 0.3}[
        trial.suggest_categorical("ground", ["hill", "flat", "mountain"])
    ]
    return (x - 0.3) ** 2 + (math.log10(y) / 3 + 0.4) ** 2 + height


@cache
def lowest(name: str, seed: int, trials: int) -> float:
    study = optuna.create_study()
    for number in range(trials):
        study.sampler = make_sampler(name, study_seed=seed, trial_seed=derive_seed(seed, number))
        trial = study.ask()
        study.tell(trial, valley(trial))
    return study.best_value


@pytest.mark.parametrize(("name", "trials"), LEARNERS.items())
def test_a_sampler_that_learns_beats_chance_on_an_easy_valley(name: str, trials: int) -> None:
    by_chance = statistics.median(lowest("random", seed, 40) for seed in range(15))
    assert statistics.median(lowest(name, seed, trials) for seed in range(3)) < by_chance
