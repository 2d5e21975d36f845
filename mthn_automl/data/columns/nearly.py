"""Columns of text that are nearly numbers, or dates: in which form most cells are, and which are not."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.columns import dates
from mthn_automl.data.columns.composed import are_clear
from mthn_automl.data.columns.form import PLAIN, Form, Kind, Notation
from mthn_automl.data.columns.numbers import AFFIX, COMPOSED_NOTATIONS, EXPONENT, MARKS, ZEROS, numbers
from mthn_automl.data.columns.text import Names

FEW_OF_CELLS, FEW_OF_NAMES = 0.1, 0.2
"""Shares of the cells, and of the distinct ones, up to which those that are in no form are asked about."""

UNIT: Final = r"[^\d\s.,'’()/:+-][^\d\s]{0,5}"
DIGITS: Final = r"(?:[0-9]{1,3}(?:[.,'’ ][0-9]{3})+(?:[.,][0-9]*)?|[0-9]+[.,]?[0-9]*|[.,][0-9]+)"
BESIDE: Final = rf"^[+-]?(?:(?P<before>{AFFIX})\s*{DIGITS}|{DIGITS}\s*(?P<behind>{UNIT}))$"
LOOSE: Final = rf"^[(]?[+-]?\s*{AFFIX}?\s*[+-]?{DIGITS}{EXPONENT}(?:\s*(?:{AFFIX}|[*-])|\s+{UNIT})?[)]?$"
"""What a person takes for a number, whatever notation the others of its column have."""


@dataclass(frozen=True)
class Nearly:
    """What a column of text might be.

    Attributes:
        form: that most of its cells are in.
        strange: the names of the other cells, in order of appearance.
    """

    form: Form
    strange: tuple[str, ...]


def nearly(names: Names) -> Nearly | None:
    """Of names that are not missing, and not all in one form; None: it is text."""
    if not _few(~_matches(names, "[0-9]"), names.counts):
        return None
    return _numbers(names) or _dates(names)


def likeliest(names: Names, decimal: str | None = None, thousands: str | None = None) -> tuple[Notation, FloatArray]:
    """The notation that most cells have, and the (names,) numbers under it, NaN where a name is none."""
    possible = [
        Notation(mark, group, affix)
        for affix in dict.fromkeys(("", _usual_affix(names)))
        for mark, group in MARKS
        if decimal in (None, mark) and thousands in (None, group)
    ] or [PLAIN]
    possible += COMPOSED_NOTATIONS
    values = [numbers(each, names.array) for each in possible]
    best = max(range(len(possible)), key=lambda index: int(names.counts[~np.isnan(values[index])].sum()))
    return possible[best], values[best]


def _usual_affix(names: Names) -> str:
    """What stands beside the digits of most of those cells that have anything there; empty: none has."""
    found: dict[str, int] = {}
    for each, count in zip(pc.extract_regex(names.array, BESIDE).to_pylist(), names.counts.tolist(), strict=True):
        affix = "" if each is None else each["before"] or each["behind"]
        found[affix] = found.get(affix, 0) + (count if affix else 0)
    return max(found, key=lambda affix: found[affix], default="")


def _numbers(names: Names) -> Nearly | None:
    padded = _matches(names, ZEROS)
    if padded.any() and len({len(name) for name in names.names}) == 1:
        return None
    notation, values = likeliest(names)
    wrong = np.isnan(values) | padded
    if notation.composed == "range" and not are_clear(names.array.filter(pa.array(~wrong)), notation.decimal):
        return None
    if not _few(wrong, names.counts):
        loose = _matches(names, LOOSE)
        if padded.any() or not _few(~loose, names.counts) or wrong.all():
            return None
    return Nearly(Form(Kind.NUMBER, notation), _called(names, wrong))


def _dates(names: Names) -> Nearly | None:
    for form in dates.FORMATS:
        if not np.isnat(dates.times(names.array[: dates.FEW], form)).all():
            wrong = np.isnat(dates.times(names.array, form))
            if _few(wrong, names.counts):
                return Nearly(Form(Kind.DATE, date=form), _called(names, wrong))
    return None


def _few(wrong: NDArray[np.bool_], counts: IntArray) -> bool:
    of_cells = counts[wrong].sum() / max(1, counts.sum())
    return bool(of_cells <= FEW_OF_CELLS or wrong.mean() <= FEW_OF_NAMES)


def _matches(names: Names, pattern: str) -> NDArray[np.bool_]:
    cells = pc.replace_substring(names.array, "−", "-")
    return np.asarray(pc.match_substring_regex(cells, pattern).to_numpy(zero_copy_only=False))


def _called(names: Names, wrong: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(names.names[index] for index in np.flatnonzero(wrong))
