"""Text whose lines are rows of cells: read in blocks by Arrow, and gone through record by record only for a place."""

import csv
import io
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from mthn_automl.data.formats.content import Content
from mthn_automl.data.formats.dialect import DELIMITERS, Dialect, open_quote, records
from mthn_automl.data.formats.formats import Format
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.formats.room import LONGEST, in_words, refuse_beyond
from mthn_automl.data.formats.table_file import TableFile, regrouped
from mthn_automl.data.formats.text import Text
from mthn_automl.errors import DataError

BLOCK_BYTES = 1 << 22
MOST_BLOCK_BYTES = 16 * LONGEST
_STRADDLES = "straddl"  # what Arrow says of a record that is longer than a block
_BYTES_A_CELL = 4.125  # where a cell ends, and whether it is empty


class CsvFile(TableFile):
    """A text of cells between delimiters, its names in the first record; every cell is text, an empty one null.

    Args:
        text: the characters.
        dialect: what separates the cells.

    Raises:
        DataError: no names, or one twice; a quote that is not closed. When read: rows of unequal length; no rows.
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
        if text.quotes % 2:
            self._refuse_open_quote()

    def place(self, row: int) -> str:
        with closing(self._records()) as all_records:
            line, _ = next(islice(all_records, self._before + row, None))
        return f"line {line}"

    def read(self, only: Collection[str] | None = None) -> pa.Table:
        names = self.wanted(only)
        share, cells = len(names) / len(self.names), self._text.lines * len(names)
        refuse_beyond(round(self._text.size * share + _BYTES_A_CELL * cells), self.name)
        return pa.Table.from_batches(list(self._blocks(names)))

    def pieces(self, rows: int, only: Collection[str] | None = None) -> Iterator[pa.Table]:
        return regrouped(self._blocks(self.wanted(only)), rows)

    def _records(self) -> Generator[tuple[int, list[str]], None, None]:
        with self._text.characters() as characters:
            yield from records(characters, self._dialect.delimiter, self._dialect.skipped)

    def _blocks(self, names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Cells of these columns, some thousands of rows at a time.

        Raises:
            DataError: at the block that holds a line which is wrong; no rows.
        """
        size, done = max(BLOCK_BYTES, 2 * self._text.longest), 0
        # whether the last cell of all is whole tells whether a quote is open, see below
        also = [self.names[-1]] if self._text.quotes and self.names[-1] not in names else []
        last: pa.RecordBatch | None = None
        while True:
            try:
                for block in self._by_arrow([*names, *also], size, self._before + done):
                    yield block.select(names)
                    last, done = block, done + len(block)
            except pa.ArrowInvalid as error:
                size *= 4
                if _STRADDLES not in str(error) or size > MOST_BLOCK_BYTES:
                    raise self._explained(error) from error
                continue
            break
        if last is None:
            raise self.no_rows()
        if self._text.quotes:
            self._refuse_swallowed(last)

    def _by_arrow(self, names: Sequence[str], size: int, skipped: int) -> Iterator[pa.RecordBatch]:
        given = {name: str(place) for place, name in enumerate(self.names)}
        all_columns = [str(place) for place in range(len(self.names))]
        with (
            self._text.open() as stream,
            pacsv.open_csv(
                _WholeLineEnds(stream),
                pacsv.ReadOptions(column_names=all_columns, block_size=size, skip_rows=self._dialect.skipped),
                pacsv.ParseOptions(
                    delimiter=self._dialect.delimiter, newlines_in_values=True, invalid_row_handler=_blank_or_wrong
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(all_columns, pa.string()),
                    include_columns=[given[name] for name in names],
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            ) as reader,
        ):
            for block in reader:
                if len(self.names) == 1:
                    block = _without_blanks(block)
                kept = block.slice(skipped)
                skipped -= len(block) - len(kept)
                if len(kept):
                    yield kept.rename_columns(list(names))

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

    def _refuse_swallowed(self, block: pa.RecordBatch) -> None:
        """To Arrow the end of a file is the end of a quote, too: then line breaks are in the last cell."""
        cell = block.column(self.names[-1])[-1].as_py() or ""
        if "\n" in cell or "\r" in cell:
            self._refuse_open_quote()

    def _refuse_open_quote(self) -> None:
        line = open_quote(self._text, self._dialect)
        if line is not None:
            raise DataError(
                f"Every quote must be closed, however {self.name} ends within the one opened in line {line:,}; close "
                "it, or double a quote that is a letter of a cell."
            )


class _WholeLineEnds(io.RawIOBase):
    """A text of which no piece ends between CR and LF: where a quoted cell does, Arrow takes the LF away."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(max(size - 1, 1))
        return piece + self._stream.read(1) if piece.endswith(b"\r") and size > 1 else piece


def _blank_or_wrong(row: pacsv.InvalidRow) -> str:
    """A line of white space is a blank line; any other that has not as many cells as the names ends the reading."""
    return "error" if row.text.strip() else "skip"


def _without_blanks(block: pa.RecordBatch) -> pa.RecordBatch:
    """The same without lines of white space, which Arrow takes for rows of a single column."""
    blank = pc.fill_null(pc.utf8_is_space(block.column(0)), False)
    return block.filter(pc.invert(blank)) if pc.any(blank).as_py() else block


def _opened(content: Content, reading: Reading) -> CsvFile:
    text = Text.of(content, reading.encoding)
    return CsvFile(text, Dialect.of(text, reading.separator))


FORMAT = Format("text", lambda content: True, _opened, heeds=frozenset({"delimiter", "encoding"}), last=True)
