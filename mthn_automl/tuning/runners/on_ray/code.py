"""Which code is sent to the nodes of a cluster, so that they need not have it installed, or not in this version."""

import importlib.util
import sys
import sysconfig
from collections.abc import Iterable
from importlib.machinery import ModuleSpec
from pathlib import Path

from mthn_automl.errors import ClusterError

OURS = "mthn_automl"


def shipped(code: Iterable[str]) -> list[Path]:
    """Folders of packages and files of modules that the workers of a cluster are sent.

    This package always, so that its version cannot differ. Of the others, those that a node is unlikely to have: what
    lies outside of site-packages, that is in a checkout, installed editably or on PYTHONPATH. What is installed from
    an index is expected on every node, as torch is. A package goes whole, a module alone, without its neighbours.

    code: dotted names; only their first part counts.

    Raises:
        ClusterError: a name that nothing importable has, or code that is not Python source.
    """
    names = dict.fromkeys([OURS, *(name.partition(".")[0] for name in code)])
    return [path for name in names for path in _paths(name) if name == OURS or not _is_installed(path)]


def _paths(name: str) -> list[Path]:
    """Where a top-level module or package lies; none when it is part of Python."""
    if name in sys.stdlib_module_names and name != "__main__":
        return []
    spec = None if name == "__main__" else _spec(name)
    if spec is None:
        raise ClusterError(
            f"Code for a cluster must be importable by name, however there is no module '{name}'; "
            "add its folder to PYTHONPATH, or install it on every node."
        )
    if spec.submodule_search_locations is not None:
        return [Path(folder) for folder in spec.submodule_search_locations]
    path = Path(str(spec.origin))
    if path.suffix != ".py" and not _is_installed(path):
        raise ClusterError(
            f"Code for a cluster must be Python source, however the module '{name}' is {path}; "
            "install it on every node."
        )
    return [path]


def _spec(name: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError):
        return None


def _is_installed(path: Path) -> bool:
    site_packages = {Path(sysconfig.get_path(kind)).resolve() for kind in ("purelib", "platlib")}
    parents = path.resolve().parents
    return bool(site_packages & set(parents)) or any(
        parent.name in ("site-packages", "dist-packages") for parent in parents
    )
