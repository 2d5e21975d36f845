"""Text whose lines are rows of cells: read in blocks by Arrow, and gone through record by record only for a place."""

import csv
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing
from functools import cache
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from mthn_automl.data.formats.blocks import blocks
from mthn_automl.data.formats.content import Content
from mthn_automl.data.formats.dialect import DELIMITERS, Dialect, records
from mthn_automl.data.formats.formats import Format
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.formats.room import LONGEST, refuse_beyond
from mthn_automl.data.formats.table_file import TableFile, regrouped
from mthn_automl.data.formats.text import Text
from mthn_automl.errors import DataError
from mthn_automl.machine import in_words

_BYTES_A_CELL = 4.125  # where a cell ends, and whether it is empty


@cache
def _pool() -> pa.MemoryPool:
    """One that gives back to the machine what is freed, where there is such.

    The usual one keeps what the threads of the parser have had: of a file of 1 GB a third more at the peak.
    """
    try:
        return pa.jemalloc_memory_pool()
    except NotImplementedError:
        return pa.default_memory_pool()


class CsvFile(TableFile):
    """A text of cells between delimiters, its names in the first record; every cell is text, an empty one null.

    Args:
        text: the characters.
        dialect: what separates the cells.

    Raises:
        DataError: no names, or one twice. When read: rows of unequal length; a quote that is not closed; no rows.
    """

    def __init__(self, text: Text, dialect: Dialect) -> None:
        if not any(name.strip() for name in dialect.names):
            raise DataError(
                f"A data file must begin with a line of column names, however {text.content.name} is empty."
            )
        self._text, self._dialect = text, dialect
        self._before = 2 if dialect.units else 1  # records that are no rows: the names, and perhaps their units
        detected = (*text.content.notes, *([text.note] if text.note else []), *dialect.notes)
        line = f"line {dialect.skipped + 1} of "
        super().__init__(text.content.name, dialect.names, detected=detected, place_of_names=line)

    def place(self, row: int) -> str:
        with closing(self._records()) as all_records:
            line, _ = next(islice(all_records, self._before + row, None))
        return f"line {line}"

    def read(self, only: Collection[str] | None = None) -> pa.Table:
        names = self.wanted(only)
        share, cells = len(names) / len(self.names), self._text.lines * len(names)
        refuse_beyond(round(self._text.size * share + _BYTES_A_CELL * cells), self.name)
        return pa.Table.from_batches(list(self._batches(names)))

    def pieces(self, rows: int, only: Collection[str] | None = None) -> Iterator[pa.Table]:
        return regrouped(self._batches(self.wanted(only)), rows)

    def _records(self) -> Generator[tuple[int, list[str]], None, None]:
        with self._text.characters() as characters:
            yield from records(characters, self._dialect.delimiter, self._dialect.skipped)

    def _batches(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Cells of these columns, some thousands of rows at a time.

        Raises:
            DataError: at the block that holds a line which is wrong; no rows.
        """
        skipped, found = self._before, False
        for block in blocks(self._text, self._dialect):
            try:
                table = self._parsed(block, names)
            except pa.ArrowInvalid as error:
                raise self._explained(error) from error
            rows = table.slice(skipped)
            skipped -= table.num_rows - rows.num_rows
            found = found or rows.num_rows > 0
            yield from rows.to_batches()
        if not found:
            raise self.no_rows()

    def _parsed(self, block: bytes, names: Sequence[str]) -> pa.Table:
        places = [str(place) for place in range(len(self.names))]
        given = dict(zip(self.names, places, strict=True))
        table = pacsv.read_csv(
            pa.BufferReader(block),
            pacsv.ReadOptions(column_names=places, block_size=len(block) + 1),
            pacsv.ParseOptions(
                delimiter=self._dialect.delimiter, newlines_in_values=True, invalid_row_handler=_blank_or_wrong
            ),
            pacsv.ConvertOptions(
                column_types=dict.fromkeys(places, pa.string()),
                include_columns=[given[name] for name in names],
                null_values=[""],
                strings_can_be_null=True,
            ),
            memory_pool=_pool(),
        ).rename_columns(list(names))
        return _without_blanks(table) if len(self.names) == 1 else table

    def _explained(self, error: pa.ArrowInvalid) -> DataError:
        """The first record that is wrong, in words."""
        width, name = len(self.names), self.name
        try:
            with closing(self._records()) as all_records:
                for line, cells in all_records:
                    if len(cells) != width:
                        return DataError(
                            f"Every line must have as many cells as the first ({width:,}), however line {line:,} of "
                            f"{name} has {len(cells):,}; correct it, quote cells that contain {self._word}, or say "
                            "--delimiter."
                        )
        except csv.Error:
            return DataError(
                f"A cell must be shorter than {in_words(LONGEST)}, however one of {name} is longer; close its quote."
            )
        return self._text.content.damaged(error)

    @property
    def _word(self) -> str:
        return DELIMITERS.get(self._dialect.delimiter, repr(self._dialect.delimiter))


def _blank_or_wrong(row: pacsv.InvalidRow) -> str:
    """A line of white space is a blank line; any other that has not as many cells as the names ends the reading."""
    return "skip" if row.actual_columns == 1 and not row.text.strip() else "error"


def _without_blanks(table: pa.Table) -> pa.Table:
    """The same without lines of white space, which Arrow takes for rows of a single column."""
    blank = pc.fill_null(pc.utf8_is_space(table.column(0)), False)
    return table.filter(pc.invert(blank)) if pc.any(blank).as_py() else table


def _opened(content: Content, reading: Reading) -> CsvFile:
    text = Text.of(content, reading.encoding)
    return CsvFile(text, Dialect.of(text, reading.separator))


FORMAT = Format("text", lambda content: True, _opened, heeds=frozenset({"delimiter", "encoding"}), last=True)
