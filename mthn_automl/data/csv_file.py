"""A CSV file, read in blocks by Arrow, or, where Arrow cannot, record by record."""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from mthn_automl.data.cells import Gathered, Kind, convert, joined, parse, text_column, without_missing
from mthn_automl.data.csv_lines import check_lines, check_quotes, line_of, read_header, records
from mthn_automl.data.memory import refuse_too_large
from mthn_automl.data.table_file import TableFile, regrouped
from mthn_automl.data.values import not_a_number
from mthn_automl.errors import DataError

BLOCK_BYTES = 1 << 21
BLOCK_ROWS = 1 << 15
SAMPLE_BYTES = 1 << 20


class CsvFile(TableFile):
    """A comma-separated file in UTF-8, its header in the first line.

    Types are those that pandas infers from whole columns, see `cells`; blank lines are skipped.

    Raises:
        DataError: no such file; not UTF-8; not separated by commas; names given twice. When read: rows of unequal
            length; a quote that is not closed.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, read_header(path), {})
        self._checked = False
        # Arrow takes a line of white space for a row of a single column, where it is a blank line to all others
        self._slow = len(self.names) == 1

    def place(self, row: int) -> str:
        return f"line {line_of(self.path, row)}"

    def read(self, text_columns: Collection[str], only: Collection[str] | None = None) -> pd.DataFrame:
        names = self.wanted(only)
        expected = self._about()
        refuse_too_large(self.path, expected, len(names))
        columns = {name: Gathered(name in text_columns, expected + expected // 10) for name in names}
        rows = 0
        for block in self.blocks(names):
            rows += len(block)
            for name, column in columns.items():
                column.add(block.column(name))
        if rows == 0:
            raise self._no_rows()
        again = [name for name, column in columns.items() if column.again]
        for block in self.blocks(again) if again else ():
            for name in again:
                columns[name].add_again(block.column(name))
        return self.checked(_frame({name: column.result() for name, column in columns.items()}))

    def pieces(
        self, text_columns: Collection[str], numbers: Collection[str], only: Collection[str], rows: int
    ) -> Iterator[pd.DataFrame]:
        names = self.wanted(only)
        kinds = self._kinds([name for name in names if name not in text_columns and name not in numbers])
        mixtures = {name: _Mixture() for name in names if name in numbers}
        first = 0
        for piece in regrouped(self.blocks(names), rows):
            columns: dict[str, Any] = {}
            for name in names:
                kind, columns[name] = _pinned(piece.column(name), name in text_columns, kinds.get(name))
                if name in mixtures:
                    self._refuse_mixture(name, mixtures[name], kind, piece.column(name), first)
            yield self.checked(_frame(columns), first)
            first += len(piece)
        if first == 0:
            raise self._no_rows()

    def blocks(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Cells of these columns as text, null where empty, some thousands of rows at a time.

        Raises:
            DataError: at the block that holds a line which is wrong.
        """
        places = [self.names.index(name) for name in names]
        done = 0
        if not self._slow:
            try:
                for block in self._by_arrow(places):
                    done += len(block)
                    yield block.rename_columns(list(names))
                self._check_end()
            except pa.ArrowInvalid:
                self._slow = True
            else:
                return
        if not self._checked:
            check_lines(self.path, len(self.names))
            self._checked = True
        for block in self._by_record(places, done):
            yield block.rename_columns(list(names))

    def _by_arrow(self, places: Sequence[int]) -> Iterator[pa.RecordBatch]:
        given = [f"f{place}" for place in range(len(self.names))]
        reader = pacsv.open_csv(
            self.path,
            pacsv.ReadOptions(autogenerate_column_names=True, block_size=BLOCK_BYTES),
            pacsv.ParseOptions(newlines_in_values=True),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(given, pa.string()),
                include_columns=[given[place] for place in places],
                null_values=[""],
                strings_can_be_null=True,
            ),
        )
        with reader:
            header = [self.names[place] for place in places]
            for block in reader:
                if header and len(block):
                    if [cells[0].as_py() or "" for cells in block.columns] != header:
                        raise pa.ArrowInvalid("the header is not where it should be")
                    header, block = [], block.slice(1)
                if len(block):
                    yield block

    def _by_record(self, places: Sequence[int], skipped: int) -> Iterator[pa.RecordBatch]:
        rows = islice((cells for _, cells in records(self.path)), skipped + 1, None)
        while block := list(islice(rows, BLOCK_ROWS)):
            columns = [pa.array([cells[place] or None for cells in block], pa.string()) for place in places]
            yield pa.record_batch(columns, [str(place) for place in places])

    def _check_end(self) -> None:
        """Refuse a quote that never ends: to Arrow the end of the file is its end, too.

        Such a quote follows a comma or a line break, and only pairs of quotes follow it. It is not far from the end,
        since Arrow refuses a row that is longer than its blocks.
        """
        if self._checked:
            return
        with self.path.open("rb") as file:
            file.seek(max(file.seek(0, 2) - 3 * BLOCK_BYTES, 0))
            begin, quote, _ = file.read().rpartition(b'"')
        before = begin.rstrip(b'"')
        odd = (len(begin) - len(before)) % 2 == 0
        opens = not before or before[-1:] in b",\r\n"
        if quote and odd == opens:
            check_quotes(self.path)
        self._checked = True

    def _about(self) -> int:
        """Rows, as far as the beginning of the file tells."""
        with self.path.open("rb") as file:
            sample = file.read(SAMPLE_BYTES)
        lines = max(sample.count(b"\n"), sample.count(b"\r"), 1)
        return round(self.path.stat().st_size * lines / max(len(sample), 1))

    def _kinds(self, names: Sequence[str]) -> dict[str, Kind]:
        """What these columns are, all rows considered."""
        kinds = dict.fromkeys(names, Kind.EMPTY)
        for block in self.blocks(names) if names else ():
            for name in names:
                if kinds[name] is not Kind.TEXT:
                    kinds[name] = joined(kinds[name], parse(block.column(name))[0])
        return kinds

    def _refuse_mixture(self, name: str, mixture: "_Mixture", kind: Kind, cells: pa.Array, first: int) -> None:
        found = mixture.add(kind, cells, first)
        if found is not None:
            row, cell = found
            raise not_a_number(name, f"{self.place(row)} of {self.path.name}", cell)

    def _no_rows(self) -> DataError:
        return DataError(f"A data file must hold at least one row, however {self.path} has a header only.")


class _Mixture:
    """Notices that a column of numbers holds truth values in one piece and numbers in another: all of it is text."""

    def __init__(self) -> None:
        self.kind = Kind.EMPTY
        self.wrong: tuple[int, str] | None = None

    def add(self, kind: Kind, cells: pa.Array, first: int) -> tuple[int, str] | None:
        """The first row whose cell is no number once the column is text, with the cell."""
        self.kind = joined(self.kind, kind)
        if kind is Kind.TRUTH and self.wrong is None:
            text = pd.Series(text_column([without_missing(cells)]))
            wrong = text.notna() & pd.to_numeric(text, errors="coerce").isna()
            if wrong.any():
                row = int(wrong.to_numpy().argmax())
                self.wrong = first + row, str(text.iloc[row])
        return self.wrong if self.kind is Kind.TEXT else None


def _pinned(cells: pa.Array, as_written: bool, kind: Kind | None) -> tuple[Kind, Any]:
    """A piece of a column that as a whole is of the given kind."""
    if kind is Kind.TEXT:
        return kind, text_column([without_missing(cells)])
    found, values = convert(cells, as_written)
    return found, values.astype(np.float64) if kind is Kind.REAL and found is Kind.WHOLE else values


def _frame(columns: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(columns, copy=False)
