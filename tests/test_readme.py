"""The README is true: its commands and options exist, every command is in it, its Python compiles."""

import re
import shlex
from pathlib import Path
from typing import Any

import typer.main

from mthn_automl.cli.app import app

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PROGRAM: Any = typer.main.get_command(app)
COMMANDS: dict[str, Any] = PROGRAM.commands
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def command_lines() -> list[str]:
    """Every `mthn-automl ...` of the shell blocks, continued lines joined, up to a pipe or redirection."""
    text = "\n".join(text for language, text in BLOCKS if language in ("", "sh", "bash", "console"))
    lines = text.replace("\\\n", " ").splitlines()
    commands = [line for line in lines if re.match(r"(\$ )?mthn-automl\b", line)]
    return list(dict.fromkeys(re.split(r"[|>]", line)[0].strip() for line in commands))


def options_of(command: Any) -> set[str]:
    every = (name for option in command.params for name in (*option.opts, *option.secondary_opts))
    return {name for name in every if name.startswith("-")} | {"--help"}


def unknown(line: str) -> set[str]:
    """What a command line says that the program does not know: its command, or options."""
    _, *words = shlex.split(line.removeprefix("$ "), comments=True)
    command = PROGRAM
    if words and not words[0].startswith("-"):
        if words[0] not in COMMANDS:
            return {words[0]}
        command = COMMANDS[words[0]]
    return {word.split("=")[0] for word in words if word.startswith("-")} - options_of(command)


def test_every_command_and_option_that_is_named_exists_and_every_command_is_named() -> None:
    lines = command_lines()
    assert lines
    assert {line: unknown(line) for line in lines if unknown(line)} == {}
    known = options_of(PROGRAM).union(*map(options_of, COMMANDS.values()))
    assert set(re.findall(r"`(--[a-z-]+)", README)) - known == set()
    named = r"`(mthn-automl )?{0}\b|^(\$ )?mthn-automl {0}\b"
    assert [name for name in COMMANDS if not re.search(named.format(name), README, re.MULTILINE)] == []


def test_every_command_and_option_has_help() -> None:
    without = [name for name, command in COMMANDS.items() if not command.help]
    options = [(name, option) for name, command in COMMANDS.items() for option in command.params]
    without += [f"{name} {option.opts[0]}" for name, option in options if not getattr(option, "help", None)]
    assert without == []


def test_every_python_block_compiles() -> None:
    blocks = [text for language, text in BLOCKS if language == "python"]
    assert blocks
    for text in blocks:
        compile(text, "README.md", "exec")
