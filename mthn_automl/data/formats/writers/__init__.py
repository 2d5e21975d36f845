"""Kinds of files that are written: for each format that is read, its `ENDINGS`; the folder is the registry."""

from pathlib import Path

from mthn_automl.catalogue import members


def names() -> tuple[str, ...]:
    """All formats, in alphabetical order."""
    return members(Path(__file__))
