"""Private names of the libraries this package stands on: one file a library has them, and all of them are there.

A name is private by its underscore. An attribute is a library's when this package nowhere defines one of that name.
"""

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PACKAGE = Path(__file__).parents[1] / "mthn_automl"
FILES = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
DOORS = {"tuning/runners/on_ray/private.py"}
OF_NAMED_TUPLES = {"_asdict", "_fields", "_replace"}


def is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.endswith("__") for part in name.split("."))


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all that is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            yield from (f"{module}{alias.name}" for alias in node.names)


def attributes(tree: ast.AST) -> Iterator[str]:
    """Names of attributes that are read, also by `getattr` and its like."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            yield node.attr
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr", "hasattr", "delattr"):
            yield from (str(word.value) for word in node.args[1:2] if isinstance(word, ast.Constant))


def definitions(tree: ast.AST) -> Iterator[str]:
    """Names that are given to functions, classes, variables and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.id if isinstance(node, ast.Name) else node.attr


def test_private_names_of_libraries_are_in_one_file_a_library() -> None:
    trees = {place: ast.parse(file.read_text(encoding="utf-8")) for place, file in FILES.items()}
    ours = OF_NAMED_TUPLES.union(*map(definitions, trees.values()))
    private = {
        place: sorted(filter(is_private, {*imports(tree), *(set(attributes(tree)) - ours)}))
        for place, tree in trees.items()
    }
    assert {place: names for place, names in private.items() if names and place not in DOORS} == {}


def imported(name: str) -> Any:
    """A module, or what lies in one."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, last = name.rpartition(".")
        return getattr(importlib.import_module(module), last)


@pytest.mark.parametrize("door", sorted(DOORS))
def test_every_private_name_is_there(door: str) -> None:
    names = list(filter(is_private, imports(ast.parse(FILES[door].read_text(encoding="utf-8")))))
    assert names
    for name in names:
        assert imported(name) is not None


def test_what_is_looked_up_in_ray_by_its_name_is_there() -> None:
    assert hasattr(imported("ray._private.worker"), "_global_node")
    assert hasattr(imported("ray._private.node.Node"), "kill_all_processes")
