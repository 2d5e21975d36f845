"""The Dockerfile serves a model as it says: its files, extra, command and options are there, nobody's secret is."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import typer.main

from mthn_automl.cli.app import app
from tests.test_readme import options_of

ROOT = Path(__file__).parents[1]
PROGRAM: Any = typer.main.get_command(app)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def instructions() -> list[tuple[str, str]]:
    """Each with its arguments, comments and continued lines taken out."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    text = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    found = [line.split(None, 1) for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]
    return [(word, arguments) for word, arguments in found]


def arguments_of(word: str) -> list[str]:
    return [arguments for each, arguments in instructions() if each == word]


def test_it_begins_with_a_python_that_is_supported_and_has_known_instructions() -> None:
    known = {
        "FROM",
        "RUN",
        "WORKDIR",
        "COPY",
        "USER",
        "ENV",
        "EXPOSE",
        "STOPSIGNAL",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    }
    assert {word for word, _ in instructions()} <= known
    assert instructions()[0][0] == "FROM"
    version = re.fullmatch(r"python:3\.(\d+)-slim", arguments_of("FROM")[0])
    assert version is not None
    assert int(version[1]) >= int(re.findall(r"3\.(\d+)", PROJECT["requires-python"])[0])


def test_it_starts_the_command_with_options_that_there_are_on_the_port_that_it_exposes() -> None:
    program, command, model = json.loads(arguments_of("ENTRYPOINT")[0])
    options = json.loads(arguments_of("CMD")[0])
    assert program in PROJECT["scripts"]
    assert model == "/model"
    assert {each for each in options if each.startswith("--")} <= options_of(PROGRAM.commands[command])
    (port,) = arguments_of("EXPOSE")
    assert options[options.index("--port") + 1] == port
    assert f":{port}/health" in arguments_of("HEALTHCHECK")[0]


def test_it_installs_the_extra_that_serving_needs_from_files_that_there_are() -> None:
    installed = [each for each in arguments_of("RUN") if "pip install" in each]
    assert re.findall(r"\.\[(\w+)\]", installed[0]) == ["serve"]
    assert {re.split(r"[<>=]", each)[0] for each in PROJECT["optional-dependencies"]["serve"]} == {"fastapi", "uvicorn"}
    copied = [name for each in arguments_of("COPY") for name in each.split()[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    sent = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert sent[0] == "*"
    assert {line[1:] for line in sent if line.startswith("!")} == set(copied)
    needed = re.findall(r"\S+\.txt", installed[0])
    assert set(needed) | {PROJECT["readme"], *PROJECT["license-files"], "pyproject.toml"} <= set(copied)


def test_it_runs_as_nobody_in_particular_and_holds_no_secret() -> None:
    words = [word for word, _ in instructions()]
    (user,) = arguments_of("USER")
    assert user.isdecimal()
    assert int(user) > 0
    assert f"--uid {user}" in " ".join(arguments_of("RUN"))
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert "RUN" not in words[words.index("USER") :]
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert not re.search(r"(?i)password|secret|token|api_?key|ssh-|BEGIN .*PRIVATE", text)
