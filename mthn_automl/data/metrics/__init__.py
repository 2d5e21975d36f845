"""Errors by name: one metric a file, with a `METRIC` of that name; the folder is the registry.

This file loads the standard library alone, so that help texts can name the metrics at once.
"""

from pathlib import Path

from mthn_automl.catalogue import members


def names() -> tuple[str, ...]:
    """All metrics, in alphabetical order."""
    return members(Path(__file__))
