"""Numbers as people write them: which notation all cells of a column share, and their values under it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns import composed
from mthn_automl.data.columns.form import Decimal, Notation, Thousands

SPACES: Final = " \u00a0\u202f\u2009"
"""Blanks that stand between groups of three digits."""

AFFIX: Final = "(?:[%‰$€£¥₹₽]|EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CNY|INR)"
"""What may stand before or behind the digits, the same in every cell."""

ZEROS: Final = r"^[+-]?0[0-9]"
"""Zeros in front, which a number does not have: postal codes, numbers of houses and of counties."""

PADDED: Final = rf"{ZEROS}*$"
"""A number that is nothing else, with zeros in front."""

EXPONENT: Final = r"(?:[eE][+-]?[0-9]+)?"
MINUS: Final = "−"
FEW: Final = 20
"""Cells that rule most notations out."""


def fits(notation: Notation, cells: pa.Array) -> bool:
    """Whether all cells, without blanks around them, are numbers so written."""
    bare, has = _bare(notation, cells)
    if has is not None and not pc.all(has).as_py():
        return False
    return bool(pc.all(pc.match_substring_regex(bare, _pattern(notation))).as_py() in (True, None))


def numbers(notation: Notation, cells: pa.Array) -> FloatArray:
    """(cells,) float64 of cells that are so written; NaN of those that are not."""
    bare, has = _bare(notation, cells)
    if notation.composed:
        found = composed.values(notation.composed, notation.decimal, bare)
        return found if has is None else np.where(has.to_numpy(zero_copy_only=False), found, np.nan)
    written = pc.match_substring_regex(bare, _pattern(notation))
    written = written if has is None else pc.and_(written, has)
    bare = pc.if_else(written, bare, pa.scalar(None, pa.string()))
    for mark in _marks(notation.thousands):
        bare = pc.replace_substring(bare, mark, "")
    if notation.decimal == ",":
        bare = pc.replace_substring(bare, ",", ".")
    return _cast(bare)


def _bare(notation: Notation, cells: pa.Array) -> tuple[pa.Array, pa.Array | None]:
    """Cells without the affix, and whether each has had it; None where there is none to have."""
    cells = pc.replace_substring(cells, MINUS, "-")
    if not notation.affix:
        return cells, None
    quoted = re.escape(notation.affix)
    has = pc.match_substring_regex(cells, rf"^[+-]?{quoted}|{quoted}$")
    return pc.replace_substring_regex(cells, rf"^([+-]?){quoted}\s*|\s*{quoted}$", r"\1"), has


@cache
def _pattern(notation: Notation) -> str:
    """What a cell without its affix matches."""
    fraction = rf"(?:\{notation.decimal}[0-9]*)?"
    plain = rf"(?:[0-9]+{fraction}|\{notation.decimal}[0-9]+){EXPONENT}"
    if not notation.thousands:
        return rf"^[+-]?{plain}$"
    mark = f"[{_marks(notation.thousands)}]"
    return rf"^[+-]?(?:[1-9][0-9]{{0,2}}(?:{mark}[0-9]{{3}})+{fraction}|{plain})$"


def _marks(thousands: Thousands) -> str:
    return {" ": SPACES, "'": "'’"}.get(thousands, thousands)


MARKS: Final[tuple[tuple[Decimal, Thousands], ...]] = (
    *((".", ""), (".", ","), (",", "")),
    *((",", "."), (".", " "), (",", " "), (".", "'")),
)
"""Decimal and thousands marks in the order in which they are tried."""


def notations(cells: pa.Array, decimal: str | None, thousands: str | None) -> list[Notation]:
    """All notations that fit all of the cells and give other numbers than those before, the likeliest first.

    Args:
        cells: distinct ones, that are not missing.
        decimal, thousands: what the user has said of all columns; None: nothing. A column that no such notation fits
            leaves no doubt, and is read as it shows.
    """
    found = _fitting(cells, decimal, thousands)
    return found if found or decimal == thousands is None else _fitting(cells, None, None)


def _fitting(cells: pa.Array, decimal: str | None, thousands: str | None) -> list[Notation]:
    found: list[Notation] = []
    for each in _possible(_affix(cells), decimal, thousands):
        if fits(each, cells[:FEW]) and fits(each, cells):
            values = numbers(each, cells)
            if not any(np.array_equal(values, numbers(one, cells)) for one in found):
                found.append(each)
    return found


def composed_notation(cells: pa.Array, *, sure: bool = True) -> Notation | None:
    """That of cells of which each is a duration, has a tolerance, or is a range or a fraction; None: there is none.

    Args:
        cells: distinct ones, that are not missing, and not all plain numbers.
        sure: whether only what can hardly be anything else counts: no fraction (2/3 may be a day), and of ranges
            those that do not overlap.
    """
    padded = bool(pc.any(pc.match_substring_regex(cells, PADDED)).as_py())
    for each in COMPOSED_NOTATIONS:
        if sure and (padded or each.composed == "fraction"):
            continue
        noted = replace(each, affix=_affix(cells))
        if all(not np.isnan(numbers(noted, some)).any() for some in (cells[:FEW], cells)):
            clear = each.composed != "range" or composed.are_clear(_bare(noted, cells)[0], each.decimal)
            if clear or not sure:
                return noted
    return None


COMPOSED_NOTATIONS: Final = (
    *(Notation(composed="duration"), Notation(composed="tolerance"), Notation(",", composed="tolerance")),
    *(Notation(composed="range"), Notation(",", composed="range"), Notation(composed="fraction")),
)


def _possible(affix: str, decimal: str | None, thousands: str | None) -> Iterator[Notation]:
    for mark, group in MARKS:
        if decimal in (None, mark) and thousands in (None, group):
            yield Notation(mark, group, affix)


def _affix(cells: pa.Array) -> str:
    """What stands beside the digits of the first cell; empty: nothing."""
    if len(cells) == 0:
        return ""
    found = pc.extract_regex(cells[:1], rf"^[+-]?(?P<before>{AFFIX})|(?P<behind>{AFFIX})$")[0].as_py()
    return "" if found is None else found["before"] or found["behind"] or ""


def has_zeros_in_front(cells: pa.Array) -> bool:
    """Whether a cell has zeros in front, by which all of the column are names."""
    return bool(pc.any(pc.match_substring_regex(cells, ZEROS)).as_py())


def plain_values(cells: pa.ChunkedArray) -> FloatArray | None:
    """(rows,) float64 of cells that all are plain numbers, NaN where null; None where one is not.

    It is the quick way for large columns of numbers. What else Arrow takes for a number (`inf`, `nan`, `0x1F`), and
    zeros in front, are left to the careful way.
    """
    for chunk in cells.chunks:
        if not _plain(chunk[:100]):
            return None
    if not all(_plain(chunk) for chunk in cells.chunks):
        return None
    return np.concatenate([_cast(chunk) for chunk in cells.chunks]) if cells.num_chunks else np.empty(0)


DOTS: Final = Notation(",", ".")


def may_have_dots_between_thousands(cells: pa.ChunkedArray) -> bool:
    """Whether plain numbers, such as 46.675 and 120, may as well be whole ones in groups of three digits."""
    dotted = False
    for chunk in cells.chunks:
        if not fits(DOTS, chunk[:FEW]) or not fits(DOTS, chunk):
            return False
        dotted = dotted or bool(pc.any(pc.match_substring(chunk, ".")).as_py())
    return dotted


def _plain(cells: pa.Array) -> bool:
    fits = pc.match_substring_regex(cells, rf"^[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+){EXPONENT}$")
    return bool(pc.all(fits).as_py() in (True, None))


def _cast(cells: pa.Array) -> FloatArray:
    bare = pc.replace_substring_regex(cells, r"^\+", "")
    found: FloatArray = pc.cast(bare, pa.float64()).to_numpy(zero_copy_only=False)
    return found
