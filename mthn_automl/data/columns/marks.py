"""Cells that the user says are missing, such as -999: as they are written, or the number that they are."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from mthn_automl.data.columns.form import Kind
from mthn_automl.data.columns.rule import Cells, is_text
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
    """What was read, without the numbers, or names, that those are. counts: of cells that are left out already."""
    if not missing:
        return cells
    for mark in missing:
        if cells.text is not None:
            same = [name == tidy(mark) for name in cells.text.names]
            counts[mark] = counts.get(mark, 0) + int(cells.text.counts[same].sum())
            cells = replace(cells, text=cells.text.without(same))
        elif cells.numbers is not None and cells.form.kind is Kind.NUMBER:
            equal = cells.numbers == as_number(mark)
            counts[mark] = counts.get(mark, 0) + int(equal.sum())
            cells = replace(cells, numbers=np.where(equal, np.nan, cells.numbers))
    return replace(cells, missing={**cells.missing, **{mark: count for mark, count in counts.items() if count}})


def is_marked(value: object, missing: Sequence[str]) -> bool:
    """Whether one cell is said to be missing."""
    said = tidy(str(value))
    return any(said == tidy(mark) or as_number(said) == as_number(mark) for mark in missing)


def as_number(said: str) -> float:
    """NaN of what is none."""
    try:
        return float(said)
    except ValueError:
        return np.nan
