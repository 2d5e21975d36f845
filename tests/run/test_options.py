import inspect
import tomllib
from typing import Any

import pytest
import tomli_w
import typer.main

from mthn_automl.cli.app import app
from mthn_automl.errors import UsageError
from mthn_automl.run import options as known
from mthn_automl.run.job import search
from mthn_automl.run.options import Options
from mthn_automl.tuning.criteria import OBJECTIVES
from mthn_automl.tuning.samplers.parts.sampler import SAMPLERS

PROGRAM: Any = typer.main.get_command(app)
COMMAND = {each.name: each for each in PROGRAM.commands["search"].params}
ARGUMENTS = inspect.signature(search).parameters


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"average": "row"}, r"--average must be one of rows, tasks; found 'row'", id="average"),
        pytest.param({"preset": "quik"}, r"--preset must be .* did you mean 'quick'\?", id="preset"),
        pytest.param({"sampler": "cma"}, r"--sampler must be .* did you mean 'cmaes'\?", id="sampler"),
        pytest.param({"scheduler": "hyperband"}, r"--scheduler must be one of asha, none; found", id="scheduler"),
        pytest.param(
            {"objectives": ("error", "parametres")},
            r"--objectives must be among error, parameters, latency; .* did you mean 'parameters'\?",
            id="an objective that is not known",
        ),
        pytest.param({"objectives": ("parameters", "error")}, r"--objectives must begin with error", id="size first"),
        pytest.param({"objectives": ("parameters",)}, r"must begin with error .* it is 'parameters'", id="no error"),
        pytest.param({"objectives": ()}, r"--objectives must begin with error", id="no objective"),
        pytest.param({"objectives": ("error", "error")}, r"each objective once, .* 'error,error'", id="error twice"),
        pytest.param({"objectives": ("error", "")}, r"--objectives must be among .*; found ''", id="a comma too many"),
        pytest.param({"max_parameters": 0}, r"--max-parameters must be at least 1, however it is 0", id="no size"),
        pytest.param({"max_parameters_per_task": -1}, r"--max-parameters-per-task must be at least 1", id="task size"),
        pytest.param({"max_latency": 0.0}, r"--max-latency must be above 0, however it is 0\.", id="no latency"),
        pytest.param({"max_latency": float("nan")}, r"--max-latency must be above 0", id="latency that is no number"),
        pytest.param({"trial_timeout": -2.5}, r"--trial-timeout must be above 0, .* -2\.5\.", id="timeout below 0"),
        pytest.param({"cpus_per_trial": 0.0}, r"--cpus-per-trial must be above 0", id="no CPU"),
        pytest.param({"cpus_per_trial": float("inf")}, r"--cpus-per-trial must be above 0", id="every CPU there is"),
        pytest.param({"runner": "rya"}, r"--runner .* did you mean 'ray'\?", id="runner"),
        pytest.param({"device": "gpu"}, r"--device must be one of auto, cpu, cuda, mps; found 'gpu'", id="device"),
        pytest.param({"trials": 0}, r"--trials must be at least 1, however it is 0", id="no trials"),
        pytest.param({"folds": -1}, r"--folds must be at least 1, however it is -1", id="folds below zero"),
        pytest.param({"seeds": 0}, r"--seeds must be at least 1", id="no seeds"),
        pytest.param({"seed": -1}, r"--seed must be at least 0, however it is -1", id="seed below 0"),
        pytest.param({"workers": 0}, r"--workers must be at least 1", id="no workers"),
        pytest.param({"gpus_per_trial": -0.5}, r"--gpus-per-trial must be at least 0", id="GPUs below 0"),
        pytest.param({"test_fraction": 1.0}, r"--test-fraction must be .* below 1, however it is 1\.0", id="all test"),
        pytest.param({"test_fraction": -0.1}, r"--test-fraction must be at least 0", id="less than none"),
        pytest.param({"test_fraction": float("nan")}, r"--test-fraction must be", id="a fraction that is no number"),
        pytest.param({"runner": "local", "workers": 2}, r"local runner has one worker", id="two local workers"),
        pytest.param({"runner": "local", "address": "auto"}, r"--address names a Ray .* --runner ray", id="no cluster"),
        pytest.param({"runner": "local", "gpus_per_trial": 0.5}, r"--gpus-per-trial shares GPUs", id="local GPUs"),
        pytest.param(
            {"runner": "local", "cpus_per_trial": 2.0}, r"local runner has one CPU, .* 2; leave it out", id="local CPUs"
        ),
    ],
)
def test_an_option_out_of_range_is_refused_by_its_name(given: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Options(**given)


def test_the_local_runner_may_be_told_that_it_has_one_worker_and_one_cpu() -> None:
    assert Options(runner="local", workers=1, cpus_per_trial=1.0).workers == 1


@pytest.mark.parametrize(
    "objectives",
    [("error",), ("error", "parameters"), ("error", "latency"), ("error", "latency", "parameters")],
    ids=",".join,
)
def test_the_objectives_after_the_error_may_come_in_any_order(objectives: tuple[str, ...]) -> None:
    assert Options(objectives=objectives).objectives == objectives


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(Options(), id="defaults"),
        pytest.param(Options(time_limit=None, trials=5), id="no time limit"),
        pytest.param(Options(data="/a/ä b.csv", meta="/m.csv", test="/t.csv", space=("/x.toml",)), id="paths"),
        pytest.param(Options(target=("u", "v"), folds=1, seeds=2, workers=3, seed=9), id="numbers and targets"),
        pytest.param(Options(no_metadata=True, no_ablation=True, test_fraction=0.0), id="switches"),
        pytest.param(
            Options(preset="best", sampler="nsga2", scheduler="none", objectives=("error", "parameters")), id="names"
        ),
        pytest.param(
            Options(max_parameters=50_000, max_parameters_per_task=900, max_latency=2.5, trial_timeout=60.0),
            id="limits",
        ),
        pytest.param(Options(address="10.0.0.1:6379", cpus_per_trial=0.5, warm_start="/gone"), id="a cluster"),
    ],
)
def test_options_survive_toml(options: Options) -> None:
    assert Options.from_toml(tomllib.loads(tomli_w.dumps(options.to_toml()))) == options


def test_options_that_an_older_version_stored_get_the_defaults_of_newer_ones() -> None:
    newer = ("preset", "sampler", "scheduler", "objectives", "cpus_per_trial")
    stored = {name: value for name, value in Options(seed=3).to_toml().items() if name not in newer}
    assert Options.from_toml(stored) == Options(seed=3)


@pytest.mark.parametrize(
    ("named", "there"),
    [
        pytest.param(known.SAMPLERS, SAMPLERS, id="samplers"),
        pytest.param(known.OBJECTIVES, OBJECTIVES, id="objectives"),
    ],
)
def test_the_names_offered_are_those_that_there_are(named: tuple[str, ...], there: dict[str, Any]) -> None:
    assert set(named) == set(there)


def test_options_the_command_and_the_function_have_the_same_names() -> None:
    fields = set(inspect.signature(Options).parameters)
    assert set(ARGUMENTS) == fields | {"output", "progress"}
    assert set(COMMAND) == fields | {"output", "json", "quiet"}


@pytest.mark.parametrize("name", [each for each in COMMAND if each in ARGUMENTS and each != "data"])
def test_an_option_has_the_same_default_on_the_command_line_and_in_python(name: str) -> None:
    assert (COMMAND[name].default or None) == (ARGUMENTS[name].default or None)


@pytest.mark.parametrize(
    "name",
    ["preset", "sampler", "scheduler", "max_parameters", "max_latency", "warm_start", "objectives", "time_limit"],
)
def test_what_is_searched_is_in_the_panel_of_the_search(name: str) -> None:
    assert COMMAND[name].rich_help_panel == "Search"


@pytest.mark.parametrize("name", ["address", "workers", "cpus_per_trial", "gpus_per_trial", "trial_timeout", "device"])
def test_where_it_runs_is_in_a_panel_of_its_own(name: str) -> None:
    assert COMMAND[name].rich_help_panel == "Where"
