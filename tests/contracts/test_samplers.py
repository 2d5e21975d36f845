"""What every sampler must do, by being a file of its folder: in real spaces, beside trials that went wrong."""

import json
import logging
import math
import random
import statistics
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, create_trial

from mthn_automl import catalogue
from mthn_automl.errors import UsageError
from mthn_automl.tuning.criteria import Limits
from mthn_automl.tuning.samplers import names
from mthn_automl.tuning.samplers.parts.asking import suggested
from mthn_automl.tuning.samplers.parts.sampler import Draw, check_sampler, module_of
from mthn_automl.tuning.seeds import derive_seed
from mthn_automl.tuning.space import Parameter, SearchSpace, build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.study import Study
from tests.tuning import toys

TRIALS = 11
# (file, with metadata): many parameters on many conditions; choices above all; numbers above all
SPACES = [("hypernetwork", True), ("ridge", True), ("gradient_boosting", False)]

every_sampler = pytest.mark.parametrize("name", names())
every_space = pytest.mark.parametrize(("file", "metadata"), SPACES, ids=["{}-{}".format(*each) for each in SPACES])


@cache
def read(file: str, metadata: bool = True) -> SearchSpace:
    return build_space(catalogue.read(file), metadata)


def opened(folder: Path, name: str, space: SearchSpace, *, seed: int = 0, objectives: int = 1) -> Study:
    wanted = ("error", "parameters")[:objectives]
    # A Gaussian process of constraints takes seconds a trial.
    limits = Limits() if name == "gp" else Limits(parameters=1)
    spaces = {space.name: space}
    return Studies(folder / "journal", spaces, seed=seed, sampler=name, objectives=wanted, limits=limits)[space.name]


def go_on(study: Study, until: int = TRIALS) -> list[dict[str, Any]]:
    """Up to `until` trials: most are complete, one in seven each fails, is stopped, is refused or goes on running."""
    for number in range(len(study.records), until):
        settings = dict(study.ask().settings)
        error = derive_seed(json.dumps(settings)) / 2**31
        match number % 7:
            case 3:
                study.fail(number, "it diverged", 1.0)
            case 4:
                study.stop(number, 2, error, "worse", 1.0)
            case 5:
                study.refuse(number, "too large", {"parameters": 1.0 + error})
            case 6:
                study.begin(number)
            case _:
                study.complete(number, toys.result(error), 1.0)
    return [dict(record.settings) for record in study.records]


def assert_of_the_space(space: SearchSpace, found: list[dict[str, Any]]) -> None:
    known = {parameter.name: parameter.distribution for parameter in space.parameters}
    for settings in found:
        asked = [each.name for each in space.parameters if each.asked(settings, space.has_metadata)]
        assert sorted(settings) == sorted(asked)
        for parameter, value in settings.items():
            distribution = known[parameter]
            if isinstance(distribution, CategoricalDistribution):
                assert value in distribution.choices
            else:
                assert distribution.low <= value <= distribution.high


@every_sampler
@every_space
def test_starts_come_first_and_the_rest_lies_in_the_space(name: str, file: str, metadata: bool, tmp_path: Path) -> None:
    space = read(file, metadata)
    found = go_on(opened(tmp_path, name, space))
    assert len(found) == TRIALS
    assert_of_the_space(space, found)
    starts = [dict(start) for start in space.starts]
    assert all(start.items() <= settings.items() for start, settings in zip(starts, found, strict=False))


@every_sampler
def test_settings_follow_from_the_seed_and_the_journal_alone(
    name: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However often it is stopped and resumed; the process's own random numbers are left alone, and nothing is said."""
    logger, space, before = logging.getLogger("optuna"), read("ridge"), random_states()
    monkeypatch.setattr(logger, "handlers", [*logger.handlers, caplog.handler])
    whole, other = (go_on(opened(tmp_path / f"{seed}", name, space, seed=seed)) for seed in (0, 1))
    parts = [go_on(opened(tmp_path / "parts", name, space), until) for until in (2, 6, 9, TRIALS)]
    assert parts[-1] == whole
    sampled = len(space.starts)
    assert all(one != another for one, another in zip(whole[sampled:], other[sampled:], strict=True))
    assert random_states() == before
    assert (caplog.messages, capfd.readouterr()) == ([], ("", ""))


def random_states() -> object:
    return random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist()


@every_sampler
def test_it_takes_several_objectives_or_says_which_do_and_goes_on_where_all_trials_break_a_limit(
    name: str, tmp_path: Path
) -> None:
    check_sampler(name, 1)
    if module_of(name).SEVERAL_OBJECTIVES:
        check_sampler(name, 2)
        assert_of_the_space(read("ridge"), go_on(opened(tmp_path / "two", name, read("ridge"), objectives=2)))
    else:
        with pytest.raises(UsageError, match=r"one objective, however there are 2; several are taken by .*nsga2.*tpe"):
            check_sampler(name, 2)
    study = opened(tmp_path / "limits", name, read("ridge"))
    for _ in range(12):
        study.refuse(study.ask().number, "too large", {"parameters": 1.0})
    assert_of_the_space(read("ridge"), [dict(study.ask().settings)])


def test_an_unknown_sampler_is_refused_and_the_nearest_named() -> None:
    with pytest.raises(UsageError, match=r"must be one of cmaes, .* however it is 'nsga'; did you mean 'nsga"):
        check_sampler("nsga", 1)


VALLEY = SearchSpace(
    "valley",
    (
        Parameter("x", FloatDistribution(-1, 1), {}, False),
        Parameter("y", FloatDistribution(1e-3, 1, log=True), {}, False),
        Parameter("ground", CategoricalDistribution(["hill", "flat", "mountain"]), {}, False),
    ),
    frozenset(),
    (),
    True,
)


def height(x: float, y: float, ground: str) -> float:
    """0 at best; two numbers, one of them on a log scale, and a choice."""
    return (x - 0.3) ** 2 + (math.log10(y) / 3 + 0.4) ** 2 + {"flat": 0.0, "hill": 0.1, "mountain": 0.3}[ground]


def lowest(name: str, seed: int, trials: int) -> float:
    """Of so many trials without a journal, which would cost more than the sampler."""
    known = {parameter.name: parameter.distribution for parameter in VALLEY.parameters}
    shown: list[FrozenTrial] = []
    for number in range(trials):
        draw = Draw(seed, derive_seed(seed, number), number, tuple(known))
        settings = suggested(name, VALLEY, draw, shown, number=number)
        shown.append(create_trial(value=height(**settings), params=settings, distributions=known))
        shown[-1].number = number
    return min(trial.value or 0.0 for trial in shown)


def test_a_sampler_that_learns_beats_chance_on_an_easy_valley() -> None:
    by_chance = statistics.median(lowest("random", seed, 40) for seed in range(31))
    for name in sorted(set(names()) - {"random", "qmc"}):
        trials, seeds = (12, 3) if name == "gp" else (40, 11)  # a Gaussian process takes its time
        assert statistics.median(lowest(name, seed, trials) for seed in range(seeds)) < by_chance, name
