"""Dates and times as people write them, and the numbers that are made of them."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.form import Part

Times = NDArray[np.datetime64]
"""In microseconds, NaT where missing."""

ISO, ZONED = "ISO 8601", "ISO 8601 with a zone"
DAY: Final = r"\d{4}-\d{2}-\d{2}"
CLOCK: Final = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?"
OFFSET: Final = r"(?:Z|[+-]\d{2}:?\d{2})"
PATTERNS: Final = {
    ISO: rf"^{DAY}(?:[T ]{CLOCK})?$",
    ZONED: rf"^{DAY}[T ]{CLOCK}{OFFSET}$",
    "%Y-%m": r"^\d{4}-\d{2}$",
    "%H:%M": r"^\d{1,2}:\d{2}$",
    "%H:%M:%S": r"^\d{1,2}:\d{2}:\d{2}$",
}
DAYS: Final = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d"),
    *("%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%Y%m%dT%H%M%S"),
    *("%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%b-%y"),
)
CLOCKS: Final = ("", " %H:%M", " %H:%M:%S")
FORMATS: Final = (*PATTERNS, *(day + clock for day in DAYS for clock in CLOCKS))
"""In the order in which they are tried; those behind the patterns as `strptime` has them."""

FIRST: Final = np.datetime64("1000-01-01")
"""Years have four digits: `%Y` alone would take 60 for the year 60."""

FEW: Final = 20
"""Cells that rule most formats out."""

PARTS: Final = ("year", "month", "weekday", "hour", "days")
"""What is made of a date: numbers, of which those that vary are used. Days count from the first date of training."""

MICROSECONDS_A_DAY: Final = 86_400_000_000


def formats(cells: pa.Array) -> list[str]:
    """All formats that all of the cells have and that give other dates than those before, the likeliest first.

    cells: distinct ones, that are not missing.
    """
    found: list[tuple[str, Times]] = []
    for name in FORMATS:
        if np.isnat(times(cells[:FEW], name)).any():
            continue
        if name in PATTERNS and not pc.all(pc.match_substring_regex(cells, PATTERNS[name])).as_py():
            continue
        values = times(cells, name)
        if not np.isnat(values).any() and not any(np.array_equal(values, each) for _, each in found):
            found.append((name, values))
    return [name for name, _ in found]


def times(cells: pa.Array, name: str) -> Times:
    """(cells,) the dates that are so written; NaT of what is not.

    With a zone, by the clock of that zone, as `typed_times`: 8 o'clock is the same hour before and after a change of
    the clock. name: empty where they had a type; they are then written as that type is printed.
    """
    if name in ("", ISO, ZONED):
        fits = pc.match_substring_regex(cells, PATTERNS.get(name, rf"{PATTERNS[ISO]}|{PATTERNS[ZONED]}"))
        written = pc.if_else(fits, cells, pa.scalar(None, pa.string()))
        return _iso(pc.replace_substring_regex(written, rf"(:\d{{2}}(?:\.\d+)?){OFFSET}$", r"\1"))
    found = _microseconds(pc.strptime(cells, format=name, unit="us", error_is_null=True))
    return np.where(found < FIRST, np.datetime64("NaT"), found) if "%Y" in name else found


def typed_times(cells: pa.Array) -> Times:
    """Of a column of dates, timestamps or times of day; with a zone, by the clock of that zone."""
    kind = cells.type
    if pa.types.is_time(kind):
        cells = pc.cast(pc.cast(cells, pa.time64("us")), pa.int64())
    elif pa.types.is_timestamp(kind) and kind.tz is not None:
        cells = pc.local_timestamp(cells)
    return _microseconds(pc.cast(cells, pa.timestamp("us"), safe=False))


def _iso(cells: pa.Array) -> Times:
    """A date that there is not, such as the 30th of February, fails for all: each is then tried by itself."""
    kind = pa.timestamp("us")
    cells = pc.replace_substring_regex(cells, r"(\.\d{6})\d+", r"\1")
    try:
        return _microseconds(pc.cast(cells, kind))
    except pa.ArrowInvalid:
        return np.array([_one(cell, kind) for cell in cells], dtype="datetime64[us]")


def _one(cell: pa.StringScalar, kind: pa.DataType) -> np.datetime64:
    try:
        return np.datetime64(cell.cast(kind).value, "us") if cell.is_valid else np.datetime64("NaT")
    except pa.ArrowInvalid:
        return np.datetime64("NaT")


def _microseconds(stamps: pa.Array) -> Times:
    counts = pc.fill_null(pc.cast(stamps, pa.int64()), np.iinfo(np.int64).min)
    return np.asarray(counts.to_numpy(zero_copy_only=False).view("datetime64[us]"))


def part_of(part: Part, dates: Times) -> FloatArray:
    """(rows,) float64, NaN where the date is missing."""
    missing = np.isnat(dates)
    known = np.where(missing, np.datetime64(0, "us"), dates)
    return np.where(missing, np.nan, _numbers(part, known))


def _numbers(part: Part, dates: Times) -> FloatArray:
    days = dates.astype("datetime64[D]")
    match part.name:
        case "year":
            return dates.astype("datetime64[Y]").astype(np.int64) + 1970.0
        case "month":
            return dates.astype("datetime64[M]").astype(np.int64) % 12 + 1.0
        case "weekday":
            return (days.astype(np.int64) + 3) % 7 + 1.0
        case "hour":
            return np.asarray((dates - days).astype(np.int64) / (MICROSECONDS_A_DAY / 24))
    return dates.astype(np.int64) / MICROSECONDS_A_DAY - part.origin


def varying(dates: Times) -> tuple[Part, ...]:
    """The parts that are not the same for all dates; days count from the first date."""
    known = dates[~np.isnat(dates)]
    if len(known) == 0:
        return ()
    first = float(np.floor(known.min().astype(np.int64) / MICROSECONDS_A_DAY))
    parts = [Part(name, first if name == "days" else 0.0) for name in PARTS]
    return tuple(part for part in parts if np.ptp(part_of(part, known)) > 0)
