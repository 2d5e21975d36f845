"""The README is true: its commands and options exist, every command is in it, its Python compiles."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main

from mthn_automl.cli.app import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PROGRAM: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = PROGRAM.commands
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
PYTHON = [text for language, text in BLOCKS if language == "python"]


def command_lines() -> list[str]:
    """Every `mthn-automl ...` of the shell blocks, continued lines joined, up to a pipe or redirection."""
    text = "\n".join(text for language, text in BLOCKS if language in ("", "sh", "bash", "console"))
    lines = text.replace("\\\n", " ").splitlines()
    commands = [line for line in lines if re.match(r"(\$ )?mthn-automl\b", line)]
    return list(dict.fromkeys(re.split(r"[|>]", line)[0].strip() for line in commands))


def options_of(command: Any) -> set[str]:
    every = (name for each in command.params for name in (*each.opts, *each.secondary_opts))
    return {name for name in every if name.startswith("-")} | {"--help"}


@pytest.mark.parametrize("line", command_lines())
def test_command_line_names_an_existing_command_and_existing_options(line: str) -> None:
    _, *words = shlex.split(line.removeprefix("$ "), comments=True)
    options = {word.split("=")[0] for word in words if word.startswith("-")}
    if words and not words[0].startswith("-"):
        assert words[0] in COMMANDS
        assert options <= options_of(COMMANDS[words[0]])
    else:
        assert options <= options_of(PROGRAM)


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)", README))))
def test_option_named_in_the_text_exists(option: str) -> None:
    assert option in options_of(PROGRAM).union(*map(options_of, COMMANDS.values()))


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_has_help(name: str) -> None:
    assert COMMANDS[name].help


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, each.opts[0]) for name, command in sorted(COMMANDS.items()) for each in command.params],
)
def test_option_has_help(name: str, option: str) -> None:
    (found,) = (each for each in COMMANDS[name].params if each.opts[0] == option)
    assert getattr(found, "help", None)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_is_in_the_readme(name: str) -> None:
    assert re.search(rf"`(mthn-automl )?{name}\b|^(\$ )?mthn-automl {name}\b", README, re.MULTILINE)


@pytest.mark.parametrize("text", PYTHON, ids=[f"block {number}" for number in range(1, len(PYTHON) + 1)])
def test_python_block_compiles(text: str) -> None:
    compile(text, "README.md", "exec")
