"""Numbers that are written as several: durations, tolerances, ranges and fractions, and what each is as one."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.form import Composed, Decimal

DURATION: Final = (
    r"^(?:(?P<days>-?[0-9]+) days?(?:,? \+?|$))?"
    r"(?:(?P<sign>-?)(?P<hours>[0-9]+):(?P<minutes>[0-5][0-9]):(?P<seconds>[0-5][0-9](?:\.[0-9]+)?))?$"
)
"""`36:15:00`, and as pandas (`1 days 12:15:00`, `-1 days +23:45:00`) and Python (`1 day, 12:15:00`) print them."""

TOLERANCE: Final = r"^(?P<value>[+-]?N)(?:\s*(?:±|\+/-|\+-)\s*N)?$"
RANGE: Final = (
    r"^(?P<below>[<≤]=?\s*)?(?P<above>[>≥]=?\s*)?"
    r"(?P<low>-?N)(?:\s*(?:-|–|—|to|\.\.)\s*(?P<high>-?N))?(?P<more>\s*\+)?$"
)
FRACTION: Final = r"^(?:(?P<whole>[0-9]+)(?: |$))?(?:(?P<over>[0-9]+) ?[/⁄] ?(?P<under>[1-9][0-9]*))?$"


def values(composed: Composed, decimal: Decimal, cells: pa.Array) -> FloatArray:
    """(cells,) float64 of cells that are so written; NaN of those that are not."""
    match composed:
        case "duration":
            return _seconds(cells)
        case "tolerance":
            return _Parts(cells, TOLERANCE, decimal).number("value")
        case "range":
            return middle(*bounds(cells, decimal))
        case "fraction":
            return _quotient(cells)
        case "":
            raise ValueError("these are numbers as such")


def bounds(cells: pa.Array, decimal: Decimal) -> tuple[FloatArray, FloatArray]:
    """(cells,) lowest and highest number of each range; infinite where it is open, NaN of what is none.

    A number alone is a range of itself.
    """
    parts = _Parts(cells, RANGE, decimal)
    low, high = parts.number("low"), parts.number("high")
    below, above, more, closed = parts.has("below"), parts.has("above"), parts.has("more"), ~np.isnan(high)
    marks = np.sum([below, above, more, closed], axis=0)
    upper = np.where(closed, high, np.where(above | more, np.inf, low))
    lower = np.where(below, -np.inf, low)
    wrong = (marks > 1) | (closed & ~(low < high)) | np.isnan(low)
    return np.where(wrong, np.nan, lower), np.where(wrong, np.nan, upper)


def middle(low: FloatArray, high: FloatArray) -> FloatArray:
    """(ranges,) of open ones the limit."""
    return np.where(np.isinf(low), high, np.where(np.isinf(high), low, (low + high) / 2))


def are_clear(cells: pa.Array, decimal: Decimal) -> bool:
    """Whether cells are ranges of one scale, so that their middles are in their order: no two of them overlap.

    Codes of two numbers, such as results of games (`2-1`, `0-3`) or numbers of telephones, are not.
    """
    low, high = bounds(cells, decimal)
    if np.isnan(low).any():
        return False
    low, high = np.unique(np.stack([low, high]), axis=1)
    return bool((high[:-1] <= low[1:]).all() and len(np.unique(middle(low, high))) == len(low))


NUMBER: Final[dict[Decimal, str]] = {
    ".": r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)",
    ",": "(?:0?,[0-9]+|[0-9]+(?:,(?:[0-9]{1,2}|[0-9]{4,}))?)",
}
"""Without a sign; a comma before three digits may stand between thousands, unless it is that of 0,125."""


class _Parts:
    """What the groups of a pattern are in each cell. `N` stands for a number."""

    def __init__(self, cells: pa.Array, pattern: str, decimal: Decimal) -> None:
        self._found = pc.extract_regex(cells, pattern.replace("N", NUMBER[decimal]))
        self._decimal = decimal

    def has(self, name: str) -> NDArray[np.bool_]:
        """(cells,) whether there is anything in the group."""
        filled = pc.fill_null(pc.not_equal(pc.struct_field(self._found, name), ""), False)
        return np.asarray(filled.to_numpy(zero_copy_only=False), dtype=bool)

    def number(self, name: str) -> FloatArray:
        """(cells,) NaN where there is none."""
        text = pc.struct_field(self._found, name)
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
        text = pc.replace_substring_regex(pc.replace_substring(text, self._decimal, "."), r"^\+", "")
        return np.asarray(pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False))


def _seconds(cells: pa.Array) -> FloatArray:
    parts = _Parts(cells, DURATION, ".")
    days, hours = parts.number("days"), parts.number("hours")
    clock = 3600 * hours + 60 * parts.number("minutes") + parts.number("seconds")
    clock = np.where(parts.has("sign"), -clock, clock)
    return np.where(np.isnan(days) & np.isnan(hours), np.nan, 86_400 * np.nan_to_num(days) + np.nan_to_num(clock))


def _quotient(cells: pa.Array) -> FloatArray:
    parts = _Parts(cells, FRACTION, ".")
    whole, over = parts.number("whole"), parts.number("over")
    broken = over / parts.number("under")
    return np.where(np.isnan(whole) & np.isnan(over), np.nan, np.nan_to_num(whole) + np.nan_to_num(broken))
