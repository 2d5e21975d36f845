"""Every module of models/ has a shape and an example, and the examples run."""

import doctest
import importlib
import pkgutil
from types import ModuleType

import pytest

from mthn_automl import catalogue, models

MISSING = {file.class_path.partition(":")[0] for file in map(catalogue.read, catalogue.names()) if file.missing()}
MODULES = [
    each.name
    for each in pkgutil.walk_packages(models.__path__, f"{models.__name__}.")
    if not each.name.endswith("parts") and each.name not in MISSING
]


def docstrings(module: ModuleType) -> str:
    """Of the module and of all that it defines."""
    defined = [each for each in vars(module).values() if getattr(each, "__module__", "") == module.__name__]
    return "\n".join(each.__doc__ or "" for each in (module, *defined))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_shows_shapes_and_an_example_that_runs(name: str) -> None:
    module = importlib.import_module(name)
    assert "Shape:" in docstrings(module)
    found = doctest.testmod(module)
    assert found.attempted > 0
    assert found.failed == 0
