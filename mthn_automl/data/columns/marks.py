"""Cells that the user says are missing, such as -999: as they are written, or the number or date that they are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mthn_automl.data.columns import dates
from mthn_automl.data.columns.form import Kind
from mthn_automl.data.columns.numbers import notations, numbers
from mthn_automl.data.columns.rule import FALSE, TRUE, Cells, is_text
from mthn_automl.data.columns.text import tidy


def unwritten(column: pa.ChunkedArray, missing: Sequence[str]) -> tuple[pa.ChunkedArray, dict[str, int]]:
    """A column without those of its cells of text, and how many each was; of another type, as it is."""
    counts: dict[str, int] = {}
    for mark in missing if is_text(column.type) else ():
        found = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(column), tidy(mark)), False)
        counts[mark] = pc.sum(found).as_py() or 0
        column = pc.if_else(found, pa.scalar(None, column.type), column)
    return column, counts


def unmarked(cells: Cells, missing: Sequence[str], counts: dict[str, int]) -> Cells:
    """What was read, without the numbers, dates or names that those are. counts: of cells that are left out already."""
    if not missing:
        return cells
    for mark in missing:
        if cells.text is not None:
            same = [name == tidy(mark) for name in cells.text.names]
            counts[mark] = counts.get(mark, 0) + int(cells.text.counts[same].sum())
            cells = replace(cells, text=cells.text.without(same))
        elif cells.numbers is not None:
            equal = cells.numbers == (as_truth(mark) if cells.form.kind is Kind.TRUTH else as_number(mark))
            counts[mark] = counts.get(mark, 0) + int(equal.sum())
            cells = replace(cells, numbers=np.where(equal, np.nan, cells.numbers))
        elif cells.dates is not None:
            equal = cells.dates == as_date(mark, cells.form.date)
            counts[mark] = counts.get(mark, 0) + int(equal.sum())
            cells = replace(cells, dates=np.where(equal, np.datetime64("NaT"), cells.dates))
    return replace(cells, missing={**cells.missing, **{mark: count for mark, count in counts.items() if count}})


def is_marked(value: object, missing: Sequence[str]) -> bool:
    """Whether one cell is said to be missing."""
    said = tidy(str(value))
    if isinstance(value, date | np.datetime64):
        return any(as_date(said) == as_date(mark) for mark in missing)
    return any(said == tidy(mark) or _plain(said) == as_number(mark) for mark in missing)


def as_number(mark: str) -> float:
    """As it is written, under the one notation that it can have; NaN of what is no number, or might be two."""
    plain = _plain(mark)
    return plain if not np.isnan(plain) else _noted(mark)


def as_truth(mark: str) -> float:
    """NaN of what is no truth value."""
    return 1.0 if mark in TRUE else 0.0 if mark in FALSE else np.nan


@lru_cache(maxsize=256)
def as_date(mark: str, form: str = "") -> np.datetime64:
    """As it is written, in the form of a column or another that is ISO; NaT of what is no date, or might be two.

    form: the format of the column; empty: its dates had a type.
    """
    cells = pa.array([tidy(mark)], pa.string())
    found = [each for each in ((form,) if form else dates.formats(cells)) if not np.isnat(dates.times(cells, each)[0])]
    found = found or [dates.ISO]
    return dates.times(cells, found[0])[0] if len(found) == 1 else np.datetime64("NaT")


@cache
def _noted(mark: str) -> float:
    cells = pa.array([tidy(mark)], pa.string())
    found = notations(cells, None, None)
    return float(numbers(found[0], cells)[0]) if len(found) == 1 else np.nan


def _plain(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        return np.nan


def unmet(missing: Sequence[str], read: Sequence[Cells], tables: str) -> list[str]:
    """A sentence about marks that are in no cell. read: all columns; tables: what sentences call those they are of."""
    met = {mark for cells in read for mark in cells.missing}
    left = [f"'{mark}'" for mark in missing if mark not in met]
    return (
        [f"--missing names what no cell of {tables} is, and nothing is changed by: {', '.join(left)}."] if left else []
    )
