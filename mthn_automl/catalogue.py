"""What can be searched: one TOML file an architecture in `search_spaces/`, whose name is the registry."""

import importlib
import importlib.util
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from mthn_automl.errors import FormatError, UsageError, did_you_mean, extra_line
from mthn_automl.received import typed

MOST_BYTES = 1 << 20
"""Of a search space file, which people write."""

FORMAT = 1
FAMILIES = ("neural", "classical")
GROUPS = ("usual", "all", *FAMILIES)
TAKEN = (*GROUPS, "ensemble")
"""Words that mean something else where an architecture is named, in any case of letters: files may not tell cases."""


@dataclass(frozen=True)
class SpaceFile:
    """One search space file, read but not yet turned into distributions; nothing of the model is imported.

    Attributes:
        name: of the architecture, that of the file.
        family: `neural` or `classical`.
        usual: whether it is searched where nothing else is asked for.
        class_path: `package.module:Class` of the architecture.
        summary: of what it is, a sentence.
        paper: where it comes from.
        parameter_formula: how many parameters it has.
        parameters: by name, the table of each of its own parameters.
        training: the same of the settings of its training.
        first_trials: settings to begin with.
        rungs: of a classical model that is made in rounds, at which its trials are compared.
        cost: measured seconds, by kind of problem and rows, as `tuning.cost` reads them.
        problems: that it can be trained on; none: all.
        package: which it needs and this one does not bring; empty: none.
        extra: of this package, that brings it; empty: it is installed by its own name.
        path: of the file.
    """

    name: str
    family: str
    usual: bool
    class_path: str
    summary: str
    paper: str
    parameter_formula: str
    parameters: Mapping[str, Mapping[str, Any]]
    training: Mapping[str, Mapping[str, Any]]
    first_trials: tuple[Mapping[str, Any], ...]
    cost: Mapping[str, Any]
    path: Path
    rungs: tuple[int, ...] = ()
    problems: tuple[str, ...] = ()
    package: str = ""
    extra: str = ""

    def missing(self) -> str:
        """Why it cannot be used here, and what to type; empty where its package is installed, or it needs none."""
        if not self.package or importlib.util.find_spec(self.package) is not None:
            return ""
        line = extra_line(self.extra) if self.extra else f"`pip install {self.package}`"
        return f"{self.name} needs the package {self.package}, which is not installed; {line} brings it."

    def unsuited(self, problem: str) -> str:
        """Why it cannot be trained on such a problem; empty where it can."""
        if not self.problems or problem in self.problems:
            return ""
        return (
            f"{self.name} can be trained on {' and '.join(self.problems)} problems only, and this is a {problem} one."
        )

    def load_class(self) -> type:
        """Import the architecture's module and return its class."""
        return class_at(self.class_path, self.path)


def class_at(class_path: str, where: Path) -> type:
    """The class named 'package.module:Class' in the file `where`.

    Raises:
        UsageError: it cannot be imported.
    """
    module, _, attribute = class_path.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)  # type: ignore[no-any-return]
    except ModuleNotFoundError as error:
        if error.name is None or module.startswith(error.name):
            raise UsageError(_not_importable(class_path, where, error)) from error
        raise UsageError(f"{where}: {class_path} needs the package {error.name}, which must be installed.") from error
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise UsageError(_not_importable(class_path, where, error)) from error


def trusted_class(class_path: str, where: Path, *, trust: bool) -> type:
    """The class that a file names which somebody else may have written: one of this package's, unless it is trusted.

    Raises:
        FormatError: it is another. UsageError: it cannot be imported.
    """
    if not trust and class_path not in _shipped_classes():
        raise FormatError(
            f"{where} must name an architecture of this package, however it names '{class_path}', whose code would be "
            "run; if you trust whoever made this folder, --trust (trust=True) imports it."
        )
    return class_at(class_path, where)


@cache
def _shipped_classes() -> frozenset[str]:
    """Read once: an ensemble asks for each of its members."""
    return frozenset(read(name).class_path for name in names())


def _not_importable(class_path: str, where: Path, error: Exception) -> str:
    return (
        f"{where}: an architecture must be importable as 'package.module:Class', however '{class_path}' gives: {error}."
    )


def members(package: Path) -> tuple[str, ...]:
    """Names of a package's modules that are its members, in alphabetical order; those with an underscore are none.

    package: the folder, or a file in it. What is no name of a module, such as a copy or a lock of an editor, is passed
    over.
    """
    inside = package if package.is_dir() else package.parent
    stems = sorted(path.stem for path in inside.glob("*.py"))
    return tuple(stem for stem in stems if stem.isidentifier() and not stem.startswith("_"))


PROBLEMS = members(Path(__file__).parent / "data" / "kinds")
"""Kinds of problems."""


def folder() -> Path:
    """Where the search space files lie: inside the package when installed, beside it in a checkout."""
    inside = Path(__file__).parent / "search_spaces"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "search_spaces"


def names(family: str | None = None) -> list[str]:
    """All architectures that are shipped, in alphabetical order."""
    found = sorted(path.stem for path in folder().glob("*.toml"))
    return found if family is None else [name for name in found if read(name).family == family]


def usable(family: str | None = None) -> list[str]:
    """Those of `names` that need no package which is not installed."""
    return [name for name in names(family) if not read(name).missing()]


def read(name: str) -> SpaceFile:
    """The search space of a shipped architecture.

    Raises:
        UsageError: no such architecture.
    """
    path = folder() / f"{name}.toml"
    if name not in names():
        raise UsageError(f"No architecture is named '{name}'; {did_you_mean(name, names())}")
    return read_file(path)


def read_file(path: Path) -> SpaceFile:
    """The search space in a file of the user's own; its stem is the architecture's name.

    Raises:
        UsageError: the file is missing, is no TOML, or lacks what a search space needs.
    """
    _require_name(path)
    try:
        if path.stat().st_size > MOST_BYTES:
            raise OSError(f"it has more than {MOST_BYTES:,} bytes")
        content = _parsed(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise UsageError(f"{path} must be a readable TOML file, however: {error}.") from error
    _require(path, content)
    return SpaceFile(
        name=path.stem,
        family=content["family"],
        usual=content.get("usual", False),
        class_path=content["architecture"],
        summary=content.get("summary", ""),
        paper=content.get("paper", ""),
        parameter_formula=content.get("parameter_formula", ""),
        parameters=content.get("parameters", {}),
        training={**(shared_training() if content["family"] == "neural" else {}), **content.get("training", {})},
        first_trials=tuple(content.get("first_trials", ())),
        cost=content.get("cost", {}),
        path=path,
        rungs=tuple(content.get("rungs", ())),
        problems=tuple(content.get("problems", ())),
        package=content.get("package", ""),
        extra=content.get("extra", ""),
    )


@lru_cache(maxsize=64)
def _parsed(text: str) -> Mapping[str, Any]:
    """Once a text: a search asks for each file at every trial, and parsing takes milliseconds."""
    return tomllib.loads(text)


@cache
def shared_training() -> Mapping[str, Mapping[str, Any]]:
    """What is searched of the training of every neural architecture."""
    return tomllib.loads((folder() / "shared" / "training.toml").read_text(encoding="utf-8"))


@cache
def shared_target() -> Mapping[str, Mapping[str, Any]]:
    """What is searched of every architecture where the logarithm of the targets may help."""
    return tomllib.loads((folder() / "shared" / "target.toml").read_text(encoding="utf-8"))


def own_training(space: SpaceFile) -> dict[str, Mapping[str, Any]]:
    """What is searched of an architecture's training in another way than usual."""
    return {name: table for name, table in space.training.items() if shared_training().get(name) != table}


def _require_name(path: Path) -> None:
    """Trials and models lie in folders of that name, and lists of architectures have commas."""
    if not re.fullmatch(r"\w[\w.-]*", path.stem) or path.stem.casefold() in TAKEN:
        raise UsageError(
            f"The name of a search space file must be letters, digits, '_', '-' and '.', begin with one of the first "
            f"three and not be one of {', '.join(TAKEN)}, however it is {path.name!r}; rename it."
        )


def _require(path: Path, content: Mapping[str, Any]) -> None:
    if content.get("format") != FORMAT:
        raise UsageError(f"{path}: format must be {FORMAT}, however it is {content.get('format')!r}.")
    if content.get("family") not in FAMILIES:
        raise UsageError(f"{path}: family must be one of {', '.join(FAMILIES)}, found {content.get('family')!r}.")
    if ":" not in str(content.get("architecture", "")):
        raise UsageError(f"{path}: architecture must be written 'package.module:Class'.")
    rungs, problems = content.get("rungs", []), content.get("problems", list(PROBLEMS))
    if not _is_rising(rungs):
        raise UsageError(f"{path}: rungs must be whole numbers above 0 in rising order, found {rungs!r}.")
    if not isinstance(problems, list) or not problems or not all(each in PROBLEMS for each in problems):
        raise UsageError(f"{path}: problems must be some of {', '.join(PROBLEMS)}, found {problems!r}.")
    package = content.get("package", "")
    if package and not str(package).isidentifier():  # to look for a module inside of one would run the outer one
        raise UsageError(f"{path}: package must be the name of a package, without dots, found {package!r}.")
    try:
        typed(content, _Content)
    except ValueError as error:
        raise UsageError(f"{path}: {error}.") from error


@dataclass(frozen=True)
class _Content:
    """Types of what a search space file may hold beside what is asked of it in sentences."""

    usual: bool = False
    summary: str = ""
    paper: str = ""
    parameter_formula: str = ""
    parameters: dict[str, dict[str, Any]] = field(default_factory=dict)
    training: dict[str, dict[str, Any]] = field(default_factory=dict)
    first_trials: list[dict[str, Any]] = field(default_factory=list)
    cost: dict[str, Any] = field(default_factory=dict)
    package: str = ""
    extra: str = ""


def _is_rising(rungs: Any) -> bool:
    if not isinstance(rungs, list) or not all(type(rung) is int and rung > 0 for rung in rungs):
        return False
    return sorted(set(rungs)) == rungs


def select(wanted: str, own: Iterable[SpaceFile] = ()) -> list[SpaceFile]:
    """The architectures of a comma-separated list of names, `usual`, `all`, `neural` or `classical`.

    own: files of the user's, which can be named too, belong to the groups, and replace shipped ones of their name.

    Raises:
        UsageError: an unknown name, none at all, or one by its name that needs a package which is not installed.
    """
    mine = {file.name: file for file in own}
    chosen: dict[str, SpaceFile] = {}
    for word in (part.strip() for part in wanted.split(",")):
        group = _group(word, mine) if word in GROUPS else [word] if word else []
        files = {name: mine.get(name) or read(name) for name in group}
        if word in files and files[word].missing():
            raise UsageError(files[word].missing())
        chosen.update(files)
    if not chosen:
        raise UsageError("At least one architecture must be named, however the list is empty; say 'all' for all.")
    return list(chosen.values())


def _group(word: str, mine: Mapping[str, SpaceFile]) -> list[str]:
    shipped = [read(name) for name in names() if name not in mine]
    everything = [*((file, file.usual) for file in shipped), *((file, True) for file in mine.values())]
    return [file.name for file, usual in everything if word in ("all", file.family) or (word == "usual" and usual)]
