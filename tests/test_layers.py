"""The rooms of the house: each imports only rooms to its left, and heavy libraries stay where they belong."""

import ast
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "mthn_automl"
ROOMS = ("data", "models", "training", "tuning", "analysis", "deployment", "report", "run", "estimators", "cli")
# The files left of all rooms may import each other.
LEVEL = dict.fromkeys(("errors", "catalogue", "machine", "storage", "received", "terminal"), -1) | {
    room: level for level, room in enumerate(ROOMS)
}
# What a room may import at the top of a file; anywhere else these are imported where they are used.
BOOSTING = {"lightgbm", "catboost", "gpboost"}
HEAVY = {"torch", "ray", "pandas", "pyarrow", "sklearn", "optuna", "altair", "scipy"} | BOOSTING
MAY_LOAD = {
    "data": {"pandas", "pyarrow"},
    "models": {"torch", "sklearn", "scipy"} | BOOSTING,
    "training": {"torch"},
    "tuning": {"torch", "optuna"},
    "analysis": {"pandas", "scipy"},
    "deployment": {"torch", "pandas", "pyarrow"},
    "report": {"pandas", "altair"},
    "run": {"pandas"},
    "estimators": {"pandas", "sklearn"},
}
ON_RAY = PACKAGE / "tuning" / "runners" / "on_ray"


@cache
def trees() -> dict[Path, ast.Module]:
    """Of all files of the package."""
    return {file: ast.parse(file.read_text(encoding="utf-8")) for file in sorted(PACKAGE.rglob("*.py"))}


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


def libraries(nodes: Iterator[ast.AST]) -> set[str]:
    return {name.split(".")[0] for name in imported(nodes)} & HEAVY


def offenders(wrong: Callable[[Path, ast.Module], set[str]]) -> dict[str, set[str]]:
    """By file: what is wrong with it, if anything is."""
    found = {file.relative_to(PACKAGE).as_posix(): wrong(file, tree) for file, tree in trees().items()}
    return {file: names for file, names in found.items() if names}


def rooms_to_its_right(file: Path, tree: ast.Module) -> set[str]:
    names = {name.split(".")[1] for name in imported(ast.walk(tree)) if name.startswith("mthn_automl.")}
    own = LEVEL.get(room_of(file), len(ROOMS))  # __init__.py stands right of all rooms
    return {room for room in names & LEVEL.keys() if LEVEL[room] > own}


def heavy_elsewhere(file: Path, tree: ast.Module) -> set[str]:
    allowed = MAY_LOAD.get(room_of(file), set()) | ({"ray"} if file.parent == ON_RAY else set())
    return libraries(at_import(tree)) - allowed


def ray_elsewhere(file: Path, tree: ast.Module) -> set[str]:
    return libraries(ast.walk(tree)) & {"ray"} if file.parent != ON_RAY else set()


def test_a_file_imports_only_rooms_to_its_left_and_heavy_libraries_only_where_they_belong() -> None:
    assert offenders(rooms_to_its_right) == {}
    assert offenders(heavy_elsewhere) == {}
    assert offenders(ray_elsewhere) == {}
    rooms = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    assert rooms - {"__init__"} <= LEVEL.keys()


def test_every_file_can_be_read_in_one_sitting() -> None:
    lengths = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in trees()}
    assert {name: lines for name, lines in lengths.items() if lines > 400} == {}
