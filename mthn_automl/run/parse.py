"""What people write for an option, as the value it stands for: times, counts, lists and paths."""

import csv
import math
import os
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from mthn_automl.errors import UsageError

_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}
JOURNAL = "study.journal"
STDIN = "-"


def parse_duration(text: str | float) -> float:
    """Seconds in `90`, `90s`, `10m` or `1h30m`.

    Raises:
        UsageError: something else, or not above 0.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh]?)", str(text).strip())
    whole = "".join(number + unit for number, unit in parts)
    bare = [unit for _, unit in parts].count("")
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    if whole != str(text).strip() or (bare and len(parts) > 1) or not 0 < seconds < math.inf:
        raise UsageError(f"A time must be written like 90s, 10m or 1h30m and be above 0, however it is '{text}'.")
    return seconds


def parse_count(text: str | int) -> int:
    """The whole number in `50000`, `50k` or `1.5M`.

    Raises:
        UsageError: something else, or not above 0.
    """
    parts = re.fullmatch(r"(\d+(?:\.\d+)?)([km]?)", str(text).strip(), re.IGNORECASE | re.ASCII)
    count = Decimal(parts[1]) * _THOUSANDS[parts[2].lower()] if parts else Decimal(0)
    if count < 1 or count != int(count):
        raise UsageError(f"A count must be written like 50000, 50k or 1.5M and be above 0, however it is '{text}'.")
    return int(count)


def parse_share(given: str | float) -> float:
    """The share in `0.2` or `20%`.

    Raises:
        UsageError: something else.
    """
    if not isinstance(given, str):
        return given
    text = given.strip()
    try:
        return float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        raise UsageError(f"A share must be written like 0.2 or 20%, however it is '{given}'.") from None


def parse_names(given: str | Sequence[str]) -> tuple[str, ...]:
    """The names in `error,parameters`, or in a list of them; `"a, b",c` are the two names `a, b` and `c`."""
    if isinstance(given, str):
        given = next(csv.reader([" ".join(given.splitlines())], skipinitialspace=True)) or [""]
    return tuple(each.strip() for each in given)


def parse_columns(given: str | Sequence[str]) -> tuple[str, ...]:
    """One column, whose name may have commas in it, or several."""
    return (given,) if isinstance(given, str) else tuple(given)


def parse_file(given: Any) -> str | None:
    """A path from the root, so that a later resume finds it, or `-`; None for data that are not in a file."""
    if not isinstance(given, str | os.PathLike):
        return None
    return STDIN if str(given) == STDIN else os.path.realpath(given)


def refuse_stdin_twice(given: Mapping[str, Any]) -> None:
    """What is piped in is one table.

    given: by what people call it.

    Raises:
        UsageError: two are to be read from there.
    """
    names = [name for name, each in given.items() if isinstance(each, str | os.PathLike) and str(each) == STDIN]
    if len(names) > 1:
        raise UsageError(
            f"One table can be read from standard input, however {' and '.join(names)} are '{STDIN}'; save one to a "
            "file."
        )


def parse_split(given: str | Path) -> str:
    """A file, which has a suffix or a folder before its name, from the root; else the name of a column, as it is."""
    path = Path(given)
    looks_so = path.suffix or len(path.parts) > 1
    return str(path.resolve()) if looks_so and path.is_file() else str(given)


def parse_files(given: str | Path | Sequence[str | Path]) -> tuple[str, ...]:
    """Paths from the root."""
    return tuple(os.path.realpath(each) for each in ([given] if isinstance(given, str | Path) else given))


def earlier_run(path: str | Path) -> str | None:
    """The run folder of --warm-start from the root.

    Raises:
        UsageError: there is no run.
    """
    if not (Path(path) / JOURNAL).is_file():
        missing = f"has no {JOURNAL}" if Path(path).is_dir() else "is no folder"
        raise UsageError(f"--warm-start must name the run folder of an earlier search, however {path} {missing}.")
    return parse_file(path)
