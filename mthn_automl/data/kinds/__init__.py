"""Kinds of problems: one a file, with a `KIND`; the folder is the registry.

This file loads the standard library alone.
"""

from enum import StrEnum


class Problem(StrEnum):
    """What is predicted; each has a file here."""

    REGRESSION = "regression"
    BINARY = "binary"
    MULTICLASS = "multiclass"
    ORDINAL = "ordinal"
    COUNT = "count"
