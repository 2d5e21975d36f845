"""Names of tasks that several columns give together. Schemas need them, so that nothing heavy is imported here."""

import re
from collections.abc import Sequence
from typing import Final

JOINER: Final = " / "
_SLASHES: Final = re.compile(r"(?<![^ ])/(/*)(?![^ ])")
"""Slashes that stand alone between blanks."""


def joined_name(parts: Sequence[str]) -> str:
    """One name of several, such as `north / pears`; slashes that stand alone in one of them are one more.

    No other parts give the same name, and `parts_of` gives them back.
    """
    return parts[0] if len(parts) == 1 else JOINER.join(_SLASHES.sub(r"//\1", each) for each in parts)


def parts_of(name: str) -> list[str]:
    """What `joined_name` was given, of several parts."""
    return [_SLASHES.sub(r"\1", each) for each in name.split(JOINER)]


def name_by(some: Sequence[str], columns: Sequence[str], name: str) -> str:
    """The name that some of the columns give, where all of them give `name`; empty where it has not as many parts."""
    if tuple(some) == tuple(columns):
        return name
    parts = parts_of(name)
    if len(parts) != len(columns):
        return ""
    return joined_name([parts[list(columns).index(each)] for each in some])
