"""Ways to say which rows are the test and which fold the others are in: one a file; the folder is the registry.

A way answers one question about new rows: how well are they predicted if they are of tasks that are known, of tasks
never seen, of groups never seen, or later than all that is known? Each file has what `Way` lists, and
`parts/choice.py` decides from what the user asked which of them seals the test rows, and which deals the folds.
"""

from importlib import import_module
from pathlib import Path

from mthn_automl.catalogue import members
from mthn_automl.data.splits.parts.way import Way


def names() -> tuple[str, ...]:
    """All ways, in alphabetical order."""
    return members(Path(__file__))


def way(name: str) -> Way:
    """The way of that name."""
    found: Way = import_module(f"{__name__}.{name}")
    return found
