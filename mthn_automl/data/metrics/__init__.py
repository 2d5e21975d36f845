"""Errors by name: one metric a file, with a `METRIC` of that name; the folder is the registry.

This file loads the standard library alone, so that help texts can name the metrics at once.
"""

from pathlib import Path


def names() -> tuple[str, ...]:
    """All metrics, in alphabetical order."""
    return tuple(sorted(file.stem for file in Path(__file__).parent.glob("*.py") if file.stem != "__init__"))
