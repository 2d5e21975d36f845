"""Spellings of a missing cell: those that always are, and those that are where the other cells are numbers or dates."""

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

ALWAYS: Final = (
    *("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None"),
    *("NaT", "#NULL!", "#VALUE!", "#DIV/0!", "#REF!"),
)
"""What programs write; a category may not be called so."""

AMONG_NUMBERS: Final = ("?", ".", "..", "-", "--", "---", "–", "—", "*", "na", "none", "missing", "unknown")
"""What people write where a number or a date is missing; in a column of text they are categories as any other."""

INFINITE: Final = ("inf", "infinity", "+inf", "-inf", "+infinity", "-infinity")
"""In any case of letters."""

CENSORED: Final = r"^[<>≤≥]=?\s*[0-9].*$"
"""A measurement beyond a limit, such as `<5`: no number, and more than nothing."""


def is_always(cells: pa.Array) -> pa.Array:
    """(cells,) whether each, without blanks around it, is a missing one wherever it stands."""
    return pc.is_in(cells, value_set=pa.array(ALWAYS, pa.string()))


def is_among_numbers(cells: pa.Array) -> pa.Array:
    """(cells,) whether each counts as missing in a column of numbers or dates, beside those that always do."""
    return pc.or_(is_mark(cells), pc.match_substring_regex(cells, CENSORED))


def is_mark(cells: pa.Array) -> pa.Array:
    """(cells,) the same, but for measurements beyond a limit."""
    marked = pc.is_in(cells, value_set=pa.array(AMONG_NUMBERS, pa.string()))
    return pc.or_(marked, pc.is_in(pc.utf8_lower(cells), value_set=pa.array(INFINITE, pa.string())))
