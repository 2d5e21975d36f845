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
from mthn_automl.cli import commands
from mthn_automl.cli.app import app
from mthn_automl.data.problems import PROBLEMS
from tests.command import Ended, as_process, in_process

PROGRAM: Any = typer.main.get_command(app)
BOX = re.compile(r"[^\w-]+")


def test_version_is_that_of_the_package(tmp_path: Path) -> None:
    assert as_process(tmp_path, "--version") == Ended(0, f"mthn-automl {version('mthn-automl')}\n", "")


@pytest.mark.parametrize("words", [[], ["--help"]], ids=["no word", "--help"])
def test_help_names_every_command(tmp_path: Path, words: list[str]) -> None:
    ended = in_process(tmp_path, *words)
    assert (ended.code, ended.err) == (0 if words else 2, "")
    assert set(PROGRAM.commands) <= set(ended.out.split())


def test_help_keeps_its_order_and_every_file_of_the_commands_is_one() -> None:
    order = ["search", "check", "resume", "predict", "evaluate", "explain", "adapt", "export", "distill", "serve"]
    assert list(PROGRAM.commands) == [*order, "report", "ablate", "leaderboard", "architectures", "example"]
    assert set(PROGRAM.commands) == {path.stem for path in Path(commands.__path__[0]).glob("[a-z]*.py")}


def test_help_of_a_command_shows_each_option(tmp_path: Path) -> None:
    for name, command in PROGRAM.commands.items():
        ended = in_process(tmp_path, name, "--help")
        assert (ended.code, ended.err) == (0, "")
        shown = set(BOX.sub(" ", ended.out).split())
        assert {each.opts[0] for each in command.params if each.opts[0].startswith("-")} <= shown


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
    limited = [["needs"] * bool(file.missing()) + ["problems:"] * bool(file.problems) for file in spaces]
    assert [[line.split()[0] for line in block.splitlines()[3:]] for block in each] == [
        [*words, *file.parameters, *catalogue.own_training(file)] for words, file in zip(limited, spaces, strict=True)
    ]
    assert [line.split()[0] for line in training.splitlines()[1:]] == list(catalogue.shared_training())


def test_architectures_shows_one_with_every_parameter(tmp_path: Path) -> None:
    for family in ("neural", "classical"):
        space = next(file for file in map(catalogue.read, catalogue.names(family)) if not file.package)
        ended = in_process(tmp_path, "architectures", space.name)
        assert ended.code == 0
        assert ended.out.startswith(f"{space.name} ({family}{', usual' * space.usual}): {space.summary}\n")
        assert space.paper in ended.out
        assert {line.split()[0] for line in ended.out.splitlines()[3:]} == {*space.parameters, *space.training}


def test_architectures_as_json_has_the_keys_of_the_contract(tmp_path: Path) -> None:
    for names in ([], ["hypernetwork"]):
        listed = json.loads(in_process(tmp_path, "architectures", *names, "--json").out)
        assert [each["name"] for each in listed] == (names or catalogue.names())
        keys = {"name", "family", "usual", "summary", "paper", "parameter_formula", "parameters", "missing", "problems"}
        assert [set(each) for each in listed] == [keys] * len(listed)
        assert all(each["parameters"] and each["paper"] and each["parameter_formula"] for each in listed)


def test_example_writes_data_and_metadata_and_the_next_command(tmp_path: Path) -> None:
    for name in PROBLEMS:
        ended = in_process(tmp_path, "example", name, f"new/{name}")
        assert ended == Ended(0, f"mthn-automl search new/{name}/data.csv --meta new/{name}/meta.csv\n", "")
        data, meta = (pd.read_csv(tmp_path / "new" / name / f"{each}.csv") for each in ("data", "meta"))
        assert set(data["task"]) == set(meta["task"])
        assert meta["task"].is_unique
    arguments = {each.name: each for each in PROGRAM.commands["example"].params}
    assert [name for name in PROBLEMS if name not in arguments["name"].help] == []


def test_example_overwrites_nothing(tmp_path: Path) -> None:
    for name in ("data.csv", "meta.csv"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / name).write_text("mine")
        said = f"The example must not overwrite anything, however {name} exists; take another folder."
        assert in_process(folder, "example", "cubic", ".") == Ended(2, "", f"mthn-automl: {said}\n")
        assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(name, "mine")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """A run in a folder named after time and data, and what its search printed."""
    folder = tmp_path_factory.mktemp("leaderboard")
    assert in_process(folder, "example", "cubic", "cubic").code == 0
    words = ("--runner", "local", "--architectures", "ridge,kernel_ridge", "--trials", 2, "--folds", 2, "--quiet")
    ended = in_process(folder, "search", "cubic/data.csv", *words)
    (run,) = (folder / "mthn_runs").iterdir()
    return run, ended


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
    assert [list(each) for each in listed] == [list(table.columns)] * len(table)
    assert [each["architecture"] for each in listed] == list(table["architecture"])
    assert [each["cv_error"] for each in listed] == pytest.approx(list(table["cv_error"]))


def test_without_output_the_run_is_named_after_time_and_data(finished: tuple[Path, Ended]) -> None:
    assert re.fullmatch(r"\d{8}-\d{6}-cubic", finished[0].name)
