"""The rooms of the house: each imports only rooms to its left, and heavy libraries stay where they belong."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "mthn_automl"
FILES = sorted(PACKAGE.rglob("*.py"))
# Rooms of one line may import each other.
ORDER = [
    {"errors", "catalogue", "storage"},
    {"data"},
    {"models"},
    {"training"},
    {"tuning"},
    {"analysis"},
    {"deployment"},
    {"report"},
    {"run"},
    {"cli"},
]
LEVEL = {room: level for level, rooms in enumerate(ORDER) for room in rooms}
# What a room may import at the top of a file; anywhere else these are imported where they are used.
HEAVY = {"torch", "ray", "pandas", "pyarrow", "sklearn", "optuna", "altair", "scipy"}
MAY_LOAD = {
    "data": {"pandas", "pyarrow"},
    "models": {"torch", "sklearn", "scipy"},
    "training": {"torch", "sklearn", "scipy"},
    "tuning": {"torch", "optuna"},
    "analysis": {"pandas", "scipy"},
    "deployment": {"torch", "pandas"},
    "report": {"pandas", "altair"},
    "run": {"pandas"},
}
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())


def imported(nodes: Iterator[ast.AST]) -> set[str]:
    """Dotted names of the modules that import statements among `nodes` name."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            # `from mthn_automl import data` names the module mthn_automl.data
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the module is imported: bodies of functions and of `if TYPE_CHECKING` do not."""
    for child in ast.iter_child_nodes(node):
        typing_only = isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING")
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not typing_only:
            yield child
            yield from at_import(child)


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


@every_file
def test_imports_only_rooms_to_its_left(file: Path) -> None:
    names = imported(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    rooms = {name.split(".")[1] for name in names if name.startswith("mthn_automl.")} & LEVEL.keys()
    own = LEVEL.get(room_of(file), len(ORDER))  # __init__.py stands right of all rooms
    assert not {room for room in rooms if LEVEL[room] > own}


@every_file
def test_loads_heavy_libraries_only_in_their_rooms(file: Path) -> None:
    names = imported(at_import(ast.parse(file.read_text(encoding="utf-8"))))
    allowed = MAY_LOAD.get(room_of(file), set()) | ({"ray"} if file.parent.name == "on_ray" else set())
    assert {name.split(".")[0] for name in names} & HEAVY <= allowed


@every_file
def test_ray_is_imported_in_one_file_only(file: Path) -> None:
    names = imported(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    uses_ray = any(name.split(".")[0] == "ray" for name in names)
    assert not uses_ray or file.parent == PACKAGE / "tuning" / "runners" / "on_ray"


@every_file
def test_can_be_read_in_one_sitting(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 400


def test_every_room_of_the_package_has_its_place() -> None:
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert rooms - {"__init__"} <= LEVEL.keys()
