"""A sheet of an Excel workbook (.xlsx, .xlsm), read row by row; numbers, dates and truth values are what Excel has."""

import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import datetime, time
from typing import Any

import pyarrow as pa

from mthn_automl.data import memory
from mthn_automl.data.formats.content import PIECE_BYTES, Content
from mthn_automl.data.formats.dialect import is_units, units_note
from mthn_automl.data.formats.formats import Format
from mthn_automl.data.formats.python_values import column_of
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.formats.room import printable, refuse_beyond
from mthn_automl.data.formats.table_file import HeldTable
from mthn_automl.data.names import counted, listed
from mthn_automl.errors import DataError, UsageError, did_you_mean, extra_line

MOST_ROWS = 1 << 20
SAMPLE_ROWS = 1_000
WORKBOOK = "xl/workbook.xml"
_NO_VALUE = re.compile(rb"</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_MERGED = b"<mergeCell "
_LONGEST_CELL = 1 << 16
_BYTES_A_CELL = 80  # as measured: a number of Python's, what points to it, and the column made of it
_PARSED = 6  # bytes of texts for one of XML, as measured; those of all cells are read at once


def _opened(content: Content, reading: Reading) -> HeldTable:
    """The sheet that is named, or else the first one.

    Raises:
        DataError: a damaged workbook; no such sheet; a name twice; more than fits in memory.
        UsageError: the package that reads workbooks is not installed.
    """
    try:
        import openpyxl
    except ImportError:
        raise UsageError(
            f"A workbook needs the package openpyxl, however it is not installed: {extra_line('excel')}."
        ) from None
    with content.seekable() as raw, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of openpyxl, about pictures and styles that it leaves out
        try:
            formulas, merged = _looked_through(raw, content.name)
            with closing(openpyxl.load_workbook(raw, read_only=True, data_only=True)) as book:
                sheet, note = _sheet(book, reading.sheet, content.name)
                rows = list(_rows(sheet, content.name))
        except (DataError, UsageError):
            raise
        except Exception as error:  # of XML, zip files or openpyxl, which has no error of its own for damages
            raise content.damaged(error) from error
    table = _table(content.name, rows, [*content.notes, *note, *formulas, *merged])
    table.why_empty = merged[0] if merged else ""
    return table


def _looked_through(raw: Any, name: str) -> tuple[list[str], list[str]]:
    """Sentences about formulas without values, and about merged cells, once all texts are known to fit in memory."""
    with zipfile.ZipFile(raw) as archive:
        members = archive.infolist()
        texts = sum(each.file_size for each in members if "sharedStrings" in each.filename)
        refuse_beyond(_PARSED * texts, name, "save it as CSV")
        sheets = [each for each in members if each.filename.startswith("xl/worksheets/")]
        counts = [_without_values(archive, each) for each in sheets]
    formulas, merged = (sum(each) for each in zip(*counts, strict=True)) if counts else (0, 0)
    return (
        [f"{counted(formulas, 'formula')} saved without values, read as empty; open it in Excel and save it again."]
        if formulas
        else [],
        [
            f"{counted(merged, 'range')} of merged cells: the value is in the first cell alone, and the others are "
            "empty; unmerge them in Excel and fill each in."
        ]
        if merged
        else [],
    )


def _without_values(archive: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> tuple[int, int]:
    """How many formulas of a sheet have no value, and how many ranges of cells are merged."""
    found, merged, rest, last = 0, 0, b"", b""
    with archive.open(sheet) as stream:
        while piece := stream.read(PIECE_BYTES):
            merged += (last + piece).count(_MERGED)
            last = piece[1 - len(_MERGED) :]
            cells, end, rest = (rest + piece).rpartition(b"</c>")
            found += len(_NO_VALUE.findall(cells + end))
            rest = rest[-_LONGEST_CELL:]
    return found, merged


def _sheet(book: Any, wanted: str | None, name: str) -> tuple[Any, list[str]]:
    """The sheet to read, and a sentence where it is one of several."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if not sheets:
        raise DataError(f"A workbook must hold a sheet of cells, however {name} has none.")
    if wanted is None:
        first = next((each for each in book.worksheets if each.sheet_state == "visible"), book.worksheets[0])
        among = f"the first of {len(sheets)} ({listed(list(map(printable, sheets)))})"
        return first, [f"sheet '{first.title}' is read, {among}; --sheet takes another."] if len(sheets) > 1 else []
    if wanted not in sheets:
        raise DataError(
            f"A sheet must be one of the workbook, however {name} has no '{wanted}'; {did_you_mean(wanted, sheets)}"
        )
    return sheets[wanted], []


def _rows(sheet: Any, name: str) -> Iterator[tuple[int, list[Any]]]:
    """The number in Excel and the cells of every row that is not empty; an empty cell is None."""
    sheet.reset_dimensions()  # what the file says of its own size may be wrong
    cells, room = 0, memory.free_bytes()
    for number, row in enumerate(sheet.iter_rows(values_only=True), start=1):
        if number > MOST_ROWS:
            raise DataError(f"A sheet must have at most {MOST_ROWS:,} rows, however {name} has more; save it as CSV.")
        cells += len(row)
        if cells * _BYTES_A_CELL > room:
            refuse_beyond(cells * _BYTES_A_CELL, name, "save it as CSV")
        values = [None if value == "" else value for value in row]
        if any(value is not None for value in values):
            while values[-1] is None:
                values.pop()
            yield number, values


def _table(name: str, rows: Sequence[tuple[int, list[Any]]], notes: Sequence[str]) -> HeldTable:
    if not rows:
        raise DataError(f"A data file must begin with a line of column names, however {name} is empty.")
    width = max(len(cells) for _, cells in rows)
    numbers, padded = [number for number, _ in rows], [[*cells, *[None] * (width - len(cells))] for _, cells in rows]
    names = ["" if cell is None else str(cell) for cell in padded[0]]
    units = _texts(padded[1]) if len(padded) > 2 else []
    first = 2 if units and is_units(units, [_texts(row) for row in padded[2 : SAMPLE_ROWS + 2]]) else 1
    columns = {name: _column([row[k] for row in padded[first:]]) for k, name in enumerate(names) if name.strip()}
    if first == 2:
        notes = [*notes, units_note("second line", units)]
    return HeldTable(name, pa.table(columns), names, {}, notes, lambda row: f"row {numbers[first + row]}")


def _texts(row: Sequence[Any]) -> list[str]:
    return ["" if cell is None else str(cell) for cell in row]


def _column(values: Sequence[Any]) -> pa.Array:
    """A column of dates where no cell has a time of day, which Excel cannot tell from one at midnight."""
    moments = [value for value in values if value is not None]
    if moments and all(isinstance(value, datetime) and value.time() == time() for value in moments):
        values = [None if value is None else value.date() for value in values]
    return column_of(values)


FORMAT = Format("Excel", lambda content: WORKBOOK in content.members, _opened, heeds=frozenset({"sheet"}))
