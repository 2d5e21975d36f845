"""The small commands, and what every command shares."""

import json
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer.main

from mthn_automl import catalogue
from mthn_automl.cli.app import app
from mthn_automl.data.problems import PROBLEMS
from tests.command import Ended, as_process, in_process

PROGRAM: Any = typer.main.get_command(app)
COMMANDS = sorted(PROGRAM.commands)
BOX = re.compile(r"[^\w-]+")


def test_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert as_process(tmp_path, "--version") == Ended(0, f"mthn-automl {version('mthn-automl')}\n", "")


@pytest.mark.parametrize("words", [[], ["--help"]], ids=["no word", "--help"])
def test_help_names_every_command(tmp_path: Path, words: list[str]) -> None:
    ended = in_process(tmp_path, *words)
    assert (ended.code, ended.err) == (0 if words else 2, "")
    assert set(COMMANDS) <= set(ended.out.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_shows_each_option(tmp_path: Path, name: str) -> None:
    ended = in_process(tmp_path, name, "--help")
    assert (ended.code, ended.err) == (0, "")
    shown = set(BOX.sub(" ", ended.out).split())
    assert {each.opts[0] for each in PROGRAM.commands[name].params if each.opts[0].startswith("-")} <= shown


def test_architectures_lists_each_with_family_paper_formula_and_ranges(tmp_path: Path) -> None:
    ended = in_process(tmp_path, "architectures")
    assert (ended.code, ended.err) == (0, "")
    *each, training, _ = ended.out.split("\n\n")
    spaces = [catalogue.read(name) for name in catalogue.names()]
    heads = [f"{file.name} ({file.family}{', usual' * file.usual}): {file.summary}" for file in spaces]
    assert [block.splitlines()[:3] for block in each] == [
        [head, f"  paper: {file.paper}", f"  parameters: {file.parameter_formula}"]
        for head, file in zip(heads, spaces, strict=True)
    ]
    assert [[line.split()[0] for line in block.splitlines()[3:]] for block in each] == [
        [*file.parameters, *catalogue.own_training(file)] for file in spaces
    ]
    assert [line.split()[0] for line in training.splitlines()[1:]] == list(catalogue.shared_training())


@pytest.mark.parametrize("name", catalogue.names())
def test_architectures_shows_one_with_every_parameter(tmp_path: Path, name: str) -> None:
    ended = in_process(tmp_path, "architectures", name)
    space = catalogue.read(name)
    assert ended.code == 0
    assert ended.out.startswith(f"{name} ({space.family}{', usual' * space.usual}): {space.summary}\n")
    assert space.paper in ended.out
    assert {line.split()[0] for line in ended.out.splitlines()[3:]} == {*space.parameters, *space.training}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param([], catalogue.names(), id="all"),
        pytest.param(["hypernetwork"], ["hypernetwork"], id="one"),
    ],
)
def test_architectures_as_json_has_the_keys_of_the_contract(tmp_path: Path, words: list[str], names: list[str]) -> None:
    listed = json.loads(in_process(tmp_path, "architectures", *words, "--json").out)
    assert [each["name"] for each in listed] == names
    keys = {"name", "family", "usual", "paper", "parameter_formula", "parameters"}
    assert [keys - set(each) for each in listed] == [set()] * len(names)
    assert all(each["parameters"] and each["paper"] and each["parameter_formula"] for each in listed)


@pytest.mark.parametrize("name", sorted(PROBLEMS))
def test_example_writes_data_and_metadata_and_the_next_command(tmp_path: Path, name: str) -> None:
    ended = in_process(tmp_path, "example", name, "new/folder")
    assert ended == Ended(0, "mthn-automl search new/folder/data.csv --meta new/folder/meta.csv\n", "")
    data, meta = (pd.read_csv(tmp_path / "new" / "folder" / f"{each}.csv") for each in ("data", "meta"))
    assert set(data["task"]) == set(meta["task"])
    assert meta["task"].is_unique


@pytest.mark.parametrize("there", ["data.csv", "meta.csv"])
def test_example_overwrites_nothing(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine")
    ended = in_process(tmp_path, "example", "cubic", ".")
    assert (ended.code, ended.out) == (2, "")
    assert (
        ended.err
        == f"mthn-automl: The example must not overwrite anything, however {there} exists; take another folder.\n"
    )
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "mine")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A run, and what its search printed."""
    folder = tmp_path_factory.mktemp("leaderboard")
    assert in_process(folder, "example", "cubic", ".").code == 0
    words = ("--runner", "local", "--architectures", "ridge,kernel_ridge", "--trials", 2, "--folds", 2, "--quiet")
    return folder / "run", in_process(folder, "search", "data.csv", *words, "--output", "run")


def test_leaderboard_prints_the_table_of_the_search_again(finished: tuple[Path, Ended], tmp_path: Path) -> None:
    run, searched = finished
    ended = in_process(tmp_path, "leaderboard", run)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.strip()
    assert searched.out.startswith(ended.out)


def test_leaderboard_as_json_is_the_csv_file(finished: tuple[Path, Ended], tmp_path: Path) -> None:
    run, _ = finished
    listed = json.loads(in_process(tmp_path, "leaderboard", run, "--json").out)
    table = pd.read_csv(run / "leaderboard.csv")
    assert [list(each) for each in listed] == [list(table.columns)] * 2
    assert [each["architecture"] for each in listed] == list(table["architecture"])
    assert [each["cv_error"] for each in listed] == pytest.approx(list(table["cv_error"]))


def test_the_json_of_a_search_is_its_summary_and_the_run(tmp_path: Path) -> None:
    assert in_process(tmp_path, "example", "cubic", ".").code == 0
    words = ("--runner", "local", "--architectures", "ridge", "--trials", 1, "--folds", 2, "--quiet", "--json")
    ended = in_process(tmp_path, "search", "data.csv", *words, "--output", "run")
    assert (ended.code, ended.err) == (0, "")
    assert json.loads(ended.out) == {"run": "run", **json.loads((tmp_path / "run" / "summary.json").read_text())}


def test_without_output_the_run_is_named_after_time_and_data(tmp_path: Path) -> None:
    assert in_process(tmp_path, "example", "cubic", "cubic").code == 0
    words = ("--runner", "local", "--architectures", "ridge", "--trials", 1, "--folds", 2, "--quiet")
    assert in_process(tmp_path, "search", "cubic/data.csv", *words).code == 0
    (run,) = (tmp_path / "mthn_runs").iterdir()
    assert re.fullmatch(r"\d{8}-\d{6}-cubic", run.name)
