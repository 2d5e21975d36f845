"""A Parquet file: columns have types, and what they take is known before they are read."""

import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from mthn_automl.data.formats.arrow_types import is_readable, is_text, plain, plain_table
from mthn_automl.data.formats.content import Content
from mthn_automl.data.formats.formats import Format
from mthn_automl.data.formats.room import refuse_beyond
from mthn_automl.data.formats.table_file import TableFile, column_name, regrouped

MAGIC = b"PAR1"
PIECE_ROWS = 1 << 16
# The names under which pandas writes an index that has none: row numbers, as CSV has them in a column without a name.
_INDEX = re.compile(r"__index_level_\d+__")
_ERRORS = (OSError, UnicodeError, pa.ArrowException)


class ParquetFile(TableFile):
    """A Parquet file; types are the file's.

    Text is read as its distinct values, since a few of them may stand for far more than memory holds; what it takes
    is counted before it is written out.

    Raises:
        DataError: a damaged file; a column name twice. When read: no rows; more than fits in memory.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        try:
            with content.seekable() as source:
                source.seek(source.size() - len(MAGIC))
                if source.read() != MAGIC:
                    raise pa.ArrowInvalid(f"it is cut off: it must end as it begins, with {MAGIC.decode()}")
                file = pq.ParquetFile(source)
                self._schema, self._metadata = file.schema_arrow, file.metadata
                given = self._schema.names
        except _ERRORS as error:
            raise content.damaged(error) from error
        names = ["" if _INDEX.fullmatch(name) else name for name in given]
        unreadable = {field.name: str(field.type) for field in self._schema if not is_readable(field.type)}
        super().__init__(content.name, names, unreadable, content.notes)
        leaves = map(self._metadata.schema.column, range(self._metadata.num_columns))
        self._given = dict(zip(self.names, given, strict=True))
        self._leaves = {leaf.path: place for place, leaf in reversed(list(enumerate(leaves)))}
        self._texts = [field.name for field in self._schema if is_text(field.type)]  # as the file calls them

    def read(self, only: Collection[str] | None = None) -> pa.Table:
        names = self.wanted(only)
        refuse_beyond(sum(map(self._least, names)), self.name)
        with self._file() as file:
            return self._written_out(self._selected(file.read(columns=self._as_given(names)), names))

    def pieces(self, rows: int, only: Collection[str] | None = None) -> Iterator[pa.Table]:
        names = self.wanted(only)
        with self._file() as file:
            batches = file.iter_batches(batch_size=min(rows, PIECE_ROWS), columns=self._as_given(names))
            for piece in regrouped(batches, rows):
                yield self._written_out(self._selected(piece, names))

    def _as_given(self, names: Collection[str]) -> list[str]:
        """The columns as the file calls them."""
        return [self._given[name] for name in names]

    def _selected(self, table: pa.Table, names: list[str]) -> pa.Table:
        return table.select(self._as_given(names)).rename_columns(names)

    @contextmanager
    def _file(self) -> Iterator[pq.ParquetFile]:
        if self._metadata.num_rows == 0:
            raise self.no_rows()
        try:
            with self._content.seekable() as source:
                yield pq.ParquetFile(source, read_dictionary=self._texts)
        except _ERRORS as error:
            raise self._content.damaged(error) from error

    def _least(self, name: str) -> int:
        """Bytes of a column; of text those in the file, which become more where values recur."""
        kind = plain(self._schema.field(self._given[name]).type)
        if is_text(kind):
            return sum(self._sizes(name))
        width = 32 if pa.types.is_dictionary(kind) else 0 if pa.types.is_null(kind) else kind.bit_width
        return int(self._metadata.num_rows) * width // 8

    def _sizes(self, name: str) -> Iterator[int]:
        """Unpacked bytes of a column's parts."""
        for group in map(self._metadata.row_group, range(self._metadata.num_row_groups)):
            chunk = group.column(self._leaves[self._given[name]])
            yield chunk.total_uncompressed_size

    def _written_out(self, table: pa.Table) -> pa.Table:
        """The rows with text in place of references to it, if there is room for that."""
        table.validate(full=True)
        texts = [name for name in map(column_name, self._texts) if name in table.column_names]
        refuse_beyond(sum(map(_expanded, map(table.column, texts))), self.name)
        for name in texts:
            column = pa.chunked_array(map(_text, table.column(name).chunks), pa.large_string())
            table = table.set_column(table.column_names.index(name), name, column)
        return plain_table(table)


def _expanded(column: pa.ChunkedArray) -> int:
    """Bytes of a column of distinct values and references once it is written out."""
    lengths = (pc.take(pc.binary_length(chunk.dictionary), chunk.indices) for chunk in column.chunks)
    return 8 * len(column) + sum(pc.sum(each).as_py() or 0 for each in lengths)


def _text(chunk: pa.DictionaryArray) -> pa.Array:
    return pc.take(pc.cast(chunk.dictionary, pa.large_string()), chunk.indices)


FORMAT = Format(
    "Parquet", recognises=lambda content: content.head.startswith(MAGIC), opens=lambda content, _: ParquetFile(content)
)
