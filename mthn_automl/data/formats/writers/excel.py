"""A workbook of one sheet. Text stays text, also where it begins as a formula does."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, time
from io import BytesIO
from typing import IO, Any

import pandas as pd

from mthn_automl.data.formats.readers.excel import MOST_ROWS
from mthn_automl.data.formats.writers.parts.tables import tables
from mthn_automl.errors import DataError, UsageError, extra_line

MOST_LETTERS = 32_767
MOST_DIGITS = 2**53
"""Whole numbers from here on are not told apart by Excel, and are written as text."""

_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def write(pieces: Iterator[pd.DataFrame], file: IO[bytes]) -> None:
    """Piece by piece into a sheet that is packed at the end.

    Raises:
        UsageError: the package that writes workbooks is not installed.
        DataError: more rows than a sheet has, or a text that no cell can hold.
    """
    try:
        import openpyxl
        from openpyxl.cell import WriteOnlyCell
    except ImportError:
        raise UsageError(
            f"A workbook needs the package openpyxl, however it is not installed: {extra_line('excel')}."
        ) from None
    book, packed = openpyxl.Workbook(write_only=True), BytesIO()
    sheet = book.create_sheet("predictions")
    try:
        for record in _records(pieces):
            sheet.append([_cell(WriteOnlyCell(sheet, _checked(value))) for value in record])
    finally:
        book.save(packed)  # which also does away with what it has on the disk
    file.write(packed.getbuffer())


def _records(pieces: Iterator[pd.DataFrame]) -> Iterator[Iterable[Any]]:
    """The names, then the cells of each row."""
    schema, rows = tables(pieces)
    yield schema.names
    count = 1
    for table in rows:
        count += len(table)
        if count > MOST_ROWS:
            raise DataError(
                f"A sheet must have at most {MOST_ROWS:,} rows, however there are more predictions; write CSV or "
                "Parquet."
            )
        yield from zip(*(column.to_pylist() for column in table.columns), strict=True)


def _cell(found: Any) -> Any:
    """Text as text: else openpyxl takes what looks so for a formula, or for an error of one."""
    if isinstance(found.value, str):
        found.data_type = "s"
    return found


def _checked(value: Any) -> Any:
    """What a cell can hold."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= MOST_DIGITS:
        return str(value)
    if isinstance(value, datetime | time) and value.tzinfo is not None:
        return value.isoformat()
    if isinstance(value, str) and (len(value) > MOST_LETTERS or _UNWRITABLE.search(value)):
        raise DataError(
            f"A cell of a workbook must hold at most {MOST_LETTERS:,} letters and no control characters, however one "
            f"begins {value[:20]!r}; write CSV or Parquet."
        )
    return value


ENDINGS = {".xlsx": write}
