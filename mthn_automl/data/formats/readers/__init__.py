"""Kinds of files: one format a file, with a `FORMAT` of its own; the folder is the registry."""

from pathlib import Path

from mthn_automl.catalogue import members


def names() -> tuple[str, ...]:
    """All formats, in alphabetical order."""
    return members(Path(__file__))
