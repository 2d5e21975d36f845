"""Tables on the page: cells as people read them, with what they are sorted by."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pandas.api.types import is_bool_dtype, is_integer_dtype, is_numeric_dtype

from mthn_automl.report.page.headings import meaning
from mthn_automl.report.page.section import Listing
from mthn_automl.report.wording import digits

LONGEST = 120
"""Letters of a cell that are shown at once; the rest follows where it is pointed at."""

WORDY = 30
"""Letters of a cell from which its column is wide."""


@dataclass(frozen=True)
class Cell:
    """One cell: what is shown, all of it where that was cut, and what its column is sorted by."""

    shown: str
    whole: str
    key: str

    @property
    def long(self) -> bool:
        """Whether it needs room."""
        return len(self.shown) > WORDY


@dataclass(frozen=True)
class Column:
    """What stands above a column.

    Attributes:
        name: as people say it.
        numeric: whether it holds numbers.
        meaning: a sentence; empty: there is none.
    """

    name: str
    numeric: bool
    meaning: str


@dataclass(frozen=True)
class ShownTable:
    """A table made ready for the page.

    Attributes:
        title, file: as of the listing.
        columns: what stands above each.
        rows: of cells.
        left_out: rows that are in the file alone.
    """

    title: str
    file: str
    columns: list[Column]
    rows: list[list[Cell]]
    left_out: int


def as_html(listing: Listing) -> ShownTable:
    """The table with its cells in words; columns without a value are left out."""
    rows = listing.shown
    rows = rows[[name for name in rows.columns if not (rows[name].isna() | (rows[name] == "")).all()]]
    columns = [
        Column(str(name).replace("_", " "), is_numeric_dtype(rows[name]), meaning(listing.title, str(name)))
        for name in rows.columns
    ]
    cells = [[_cell(value, rows[name]) for value in rows[name]] for name in rows.columns]
    return ShownTable(
        listing.title, listing.file, columns, [list(each) for each in zip(*cells, strict=True)], listing.left_out
    )


def _cell(value: Any, column: "pd.Series[Any]") -> Cell:
    if pd.isna(value) or value == "":
        return Cell("–", "", "")
    if is_bool_dtype(column):
        return Cell("yes" if value else "no", "", str(int(value)))
    if is_integer_dtype(column):
        return Cell(f"{int(value):,}", "", str(int(value)))
    if is_numeric_dtype(column):
        number = float(value)
        return Cell(digits(number), "", repr(number) if math.isfinite(number) else "")
    text = str(value)
    return Cell(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…", text if len(text) > LONGEST else "", text)
