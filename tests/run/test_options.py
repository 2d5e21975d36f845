"""An option is stated once: the command, the Python functions, the checks and the stored file follow from it."""

import inspect
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tomli_w
import typer.main

from mthn_automl import catalogue
from mthn_automl.cli.app import app
from mthn_automl.data.schema import Problem
from mthn_automl.errors import UsageError
from mthn_automl.run.checking import check
from mthn_automl.run.job import resume, search
from mthn_automl.run.options import (
    AVERAGES,
    CHANGEABLE,
    DEVICES,
    METRICS,
    OPTIONS,
    RUNNERS,
    SAMPLERS,
    SCHEDULERS,
    Options,
)
from mthn_automl.run.presets import PRESETS
from mthn_automl.tuning.criteria import OBJECTIVES

PROGRAM: Any = typer.main.get_command(app)
SEARCH, RESUME = ({each.name: each for each in PROGRAM.commands[name].params} for name in ("search", "resume"))


REFUSED = [
    ({"average": "row"}, r"--average must be one of rows, tasks; found 'row'"),
    ({"preset": "quik"}, r"--preset must be one of quick, default, best; found 'quik', did you mean 'quick'\?"),
    ({"sampler": "cma"}, r"--sampler must be .* did you mean 'cmaes'\?"),
    ({"scheduler": "hyperband"}, r"--scheduler must be one of asha, none; found"),
    ({"objectives": "error,parametres"}, r"--objectives must be among error, .*; .* did you mean 'parameters'\?"),
    ({"objectives": "parameters,error"}, r"--objectives must begin with error .* it is 'parameters,error'"),
    ({"objectives": ()}, r"--objectives must begin with error"),
    ({"objectives": "error,error"}, r"each objective once, .* 'error,error'"),
    ({"objectives": "error,"}, r"--objectives must be among .*; found ''"),
    ({"max_parameters": 0}, r"A count must be written like 50000, .*, however it is '0'"),
    ({"max_latency": 0.0}, r"--max-latency must be above 0, however it is 0\."),
    ({"max_latency": float("nan")}, r"--max-latency must be above 0"),
    ({"trial_timeout": -2.5}, r"A time must be .*, however it is '-2\.5'"),
    ({"cpus_per_trial": float("inf")}, r"--cpus-per-trial must be above 0"),
    ({"runner": "rya"}, r"--runner .* did you mean 'ray'\?"),
    ({"device": "gpu"}, r"--device must be one of auto, cpu, cuda, mps; found 'gpu'"),
    ({"trials": 0}, r"--trials must be at least 1, however it is 0"),
    ({"folds": -1}, r"--folds must be at least 1, however it is -1"),
    ({"seed": -1}, r"--seed must be at least 0, however it is -1"),
    ({"workers": 0}, r"--workers must be at least 1"),
    ({"gpus_per_trial": -0.5}, r"--gpus-per-trial must be at least 0, however it is -0\.5"),
    ({"test_fraction": 1.0}, r"--test-fraction must be at least 0 and below 1, however it is 1\.0"),
    ({"runner": "local", "workers": 2}, r"local runner has one worker, however --workers is 2"),
    ({"runner": "local", "address": "auto"}, r"--address names a Ray .* --runner ray"),
    ({"runner": "local", "gpus_per_trial": 0.5}, r"--gpus-per-trial shares GPUs"),
    ({"runner": "local", "cpus_per_trial": 2.0}, r"local runner has one CPU, .* is 2; leave it out"),
]


def test_an_option_out_of_range_is_refused_by_its_name() -> None:
    for given, message in REFUSED:
        with pytest.raises(UsageError, match=message):
            Options.parsed(**given)


def test_what_is_stored_is_checked_as_what_is_written() -> None:
    with pytest.raises(UsageError, match="--max-parameters must be at least 1, however it is 0"):
        Options(max_parameters=0)


def test_no_such_option_is_an_error_of_python() -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'trails'; did you mean 'trials'\?"):
        search("data.csv", trails=3)


def test_what_people_write_is_stored_as_what_it_means(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = Options.parsed(
        data="data.csv",
        meta=pd.DataFrame(),
        target="a,b",
        space=Path("own.toml"),
        architectures=["ridge", "pooled"],
        objectives=" error , latency ",
        max_parameters="1.5M",
        trial_timeout="2m",
        time_limit=90,
        workers=None,
    )
    assert written == Options(
        data=str(tmp_path / "data.csv"),
        target=("a,b",),
        space=(str(tmp_path / "own.toml"),),
        architectures="ridge,pooled",
        objectives=("error", "latency"),
        max_parameters=1_500_000,
        trial_timeout=120.0,
        time_limit=90.0,
    )


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        pytest.param({}, 600.0, id="the default"),
        pytest.param({"preset": "best"}, 3600.0, id="a preset's"),
        pytest.param({"preset": "quick", "time_limit": "1h"}, 3600.0, id="a given one wins"),
        pytest.param({"preset": "best", "trials": 20}, None, id="none with trials alone"),
        pytest.param({"trials": 20, "time_limit": "90s"}, 90.0, id="trials and a given one"),
    ],
)
def test_the_preset_sets_the_time_limit_unless_time_or_trials_are_given(
    given: dict[str, Any], seconds: float | None
) -> None:
    assert Options.parsed(**given).time_limit == seconds


def test_options_survive_toml() -> None:
    for options in (
        Options(),
        Options(
            data="/a/ä b.csv", target=("u", "v"), space=("/x.toml",), trials=5, no_metadata=True, test_fraction=0.0
        ),
        Options(objectives=("error", "parameters"), max_parameters=900, max_latency=2.5, trial_timeout=60.0),
    ):
        assert Options.from_toml(tomllib.loads(tomli_w.dumps(options.to_toml()))) == options


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"holdout_tasks": "many"}, "like 0.2 or 20%, however it is 'many'"),
        ({"holdout_tasks": ["20%"]}, r"--holdout-tasks must be a number, however it is \['20%'\]"),
        ({"folds": "3"}, "--folds must be a whole number, however it is '3'"),
        ({"wide": "yes"}, "--wide must be True or False, however it is 'yes'"),
        ({"weight": 3}, "--weight must be text, however it is 3"),
        ({"target": 3}, "--target must be text or a list of texts, however it is 3"),
        ({"target": [3]}, r"--target must be text or a list of texts, however it is \(3,\)"),
        ({"architectures": 3}, "--architectures must be text, however it is 3"),
    ],
)
def test_a_value_of_another_type_is_refused_by_the_name_of_its_option(given: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Options.parsed(**given)


def test_numbers_of_numpy_and_shares_as_text_are_numbers() -> None:
    options = Options.parsed(folds=np.int64(3), holdout_tasks="20%", test_fraction=np.float32(0.5))
    assert (options.folds, options.holdout_tasks, options.test_fraction) == (3, 0.2, 0.5)
    assert Options.from_toml(tomllib.loads(tomli_w.dumps(options.to_toml()))) == options


@pytest.mark.parametrize("bad", [pd.Series([1.0]), np.zeros((2, 2)), 5])
def test_data_that_are_no_table_are_refused_as_data(bad: Any) -> None:
    with pytest.raises(UsageError, match=f"a file or a DataFrame, however the data are of type {type(bad).__name__}"):
        check(bad)


@pytest.mark.parametrize(
    ("option", "known"),
    [
        pytest.param("sampler", SAMPLERS, id="samplers"),
        pytest.param("objectives", OBJECTIVES, id="objectives"),
        pytest.param("metric", METRICS, id="metrics"),
        pytest.param("preset", PRESETS, id="presets"),
        pytest.param("problem", Problem, id="problems"),
        pytest.param("scheduler", SCHEDULERS, id="schedulers"),
        pytest.param("runner", RUNNERS, id="runners"),
        pytest.param("device", DEVICES, id="devices"),
        pytest.param("average", AVERAGES, id="averages"),
        pytest.param("architectures", catalogue.GROUPS, id="groups of architectures"),
    ],
)
def test_the_help_names_all_that_there_is(option: str, known: Any) -> None:
    assert [name for name in known if name not in SEARCH[option].help] == []


@pytest.mark.parametrize(
    ("command", "function", "options", "own"),
    [
        pytest.param(SEARCH, search, OPTIONS, {"output", "json", "quiet", "show"}, id="search"),
        pytest.param(RESUME, resume, CHANGEABLE, {"run", "json", "quiet", "trust", "show"}, id="resume"),
    ],
)
def test_command_and_function_take_each_option_with_the_same_default(
    command: dict[str, Any], function: Callable[..., Any], options: dict[str, Any], own: set[str]
) -> None:
    arguments = inspect.signature(function).parameters
    assert set(command) == {*options, *own}
    assert set(arguments) == {*options, *own, "progress"} - {"json", "quiet", "show"}
    shared = [name for name in options if name != "data"]
    assert [command[name].default or None for name in shared] == [arguments[name].default or None for name in shared]


def test_options_stand_in_the_panel_of_what_they_are_about() -> None:
    panels: dict[str, set[str]] = {}
    for name, each in SEARCH.items():
        panels.setdefault(getattr(each, "rich_help_panel", None) or "", set()).add(name)
    assert list(panels) == ["", "Data", "Split", "Reading", "Search", "Where", "Output"]
    assert panels["Search"] >= {
        "preset",
        "sampler",
        "scheduler",
        "max_parameters",
        "warm_start",
        "objectives",
        "metric",
    }
    assert panels["Where"] >= {"address", "workers", "cpus_per_trial", "gpus_per_trial", "trial_timeout", "device"}
