"""An Arrow IPC file (Feather, version 2) or stream; what it unpacks to is known from the sizes that it states."""

import struct
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.ipc as ipc

from mthn_automl.data.formats.arrow_types import is_readable, plain_table
from mthn_automl.data.formats.content import Content
from mthn_automl.data.formats.formats import Format
from mthn_automl.data.formats.room import refuse_beyond
from mthn_automl.data.formats.table_file import TableFile, column_name, regrouped

MAGIC = b"ARROW1\0\0"
STREAM = b"\xff\xff\xff\xff"
_ERRORS = (OSError, UnicodeError, pa.ArrowException, struct.error, IndexError)
_DICTIONARY, _ROWS = "dictionary", "record batch"


class ArrowFile(TableFile):
    """An Arrow IPC file or stream; types are the file's.

    Raises:
        DataError: a damaged file; a column name twice. When read: no rows; more than fits in memory.
    """

    def __init__(self, content: Content) -> None:
        self._content = content
        self._is_file = content.head.startswith(MAGIC)
        with self._reader() as reader:
            names = reader.schema.names
            unreadable = {field.name: str(field.type) for field in reader.schema if not is_readable(field.type)}
        super().__init__(content.name, names, unreadable, content.notes)

    def read(self, only: Collection[str] | None = None) -> pa.Table:
        names, sizes = self.wanted(only), list(self.sizes())
        refuse_beyond(sum(sizes), self.name)
        batches = list(self._batches(names))
        if not any(map(len, batches)):
            raise self.no_rows()
        return plain_table(pa.Table.from_batches(batches))

    def pieces(self, rows: int, only: Collection[str] | None = None) -> Iterator[pa.Table]:
        names, count = self.wanted(only), 0
        refuse_beyond(max(self.sizes(), default=0), self.name)
        for piece in regrouped(self._batches(names), rows):
            count += len(piece)
            yield plain_table(piece)
        if count == 0:
            raise self.no_rows()

    def _batches(self, names: list[str]) -> Iterator[pa.RecordBatch]:
        with self._reader(names) as reader:
            count = reader.num_record_batches if self._is_file else None
            batches = reader if count is None else map(reader.get_batch, range(count))
            for batch in batches:
                batch.validate(full=True)  # a file from anywhere: nothing else has looked at its offsets
                yield batch.rename_columns(list(map(column_name, batch.schema.names))).select(names)

    @contextmanager
    def _reader(self, names: list[str] | None = None) -> Iterator[ipc.RecordBatchStreamReader]:
        """Of all columns, or those that are named, in the order of the file."""
        try:
            with self._content.seekable() as source:
                places = None if names is None else [place for place, name in enumerate(self.names) if name in names]
                options = ipc.IpcReadOptions(included_fields=places)
                opened = ipc.open_file if self._is_file else ipc.open_stream
                with opened(source, options=options) as reader:
                    yield reader
        except _ERRORS as error:
            raise self._content.damaged(error) from error

    def sizes(self) -> Iterator[int]:
        """Bytes of each part of the file once it is unpacked."""
        try:
            with self._content.seekable() as source:
                source.seek(len(MAGIC) if self._is_file else 0)
                for message in ipc.MessageReader.open_stream(source):
                    if message.type in (_ROWS, _DICTIONARY):
                        yield _unpacked(message)
        except _ERRORS as error:
            raise self._content.damaged(error) from error


def _unpacked(message: ipc.Message) -> int:
    """Bytes of a message's buffers, which are preceded by their unpacked size where they are packed."""
    table = _Table.root(message.metadata.to_pybytes())
    header = table.table(2)
    batch = header.table(1) if message.type == _DICTIONARY else header
    if not batch.has(3):
        return int(message.body.size)
    total = 0
    for at in batch.structs(2, 16):
        offset, length = struct.unpack_from("<qq", batch.content, at)
        if length >= 8:
            size = struct.unpack_from("<q", message.body, offset)[0]
            total += length - 8 if size < 0 else size  # -1: stored as it is
    return total


class _Table:
    """A table of FlatBuffers, the encoding of Arrow's messages; fields are numbered as in Arrow's Message.fbs."""

    def __init__(self, content: bytes, at: int) -> None:
        self.content, self._at = content, at
        self._fields = at - self._number("<i", at)

    @classmethod
    def root(cls, content: bytes) -> "_Table":
        return cls(content, struct.unpack_from("<I", content)[0])

    def has(self, field: int) -> bool:
        return self._place(field) > 0

    def table(self, field: int) -> "_Table":
        place = self._place(field)
        return _Table(self.content, place + self._number("<I", place))

    def structs(self, field: int, size: int) -> range:
        """Where the members of a list of structs lie."""
        place = self._place(field)
        begin = place + self._number("<I", place)
        return range(begin + 4, begin + 4 + size * self._number("<I", begin), size)

    def _place(self, field: int) -> int:
        entry = 4 + 2 * field
        offset = self._number("<H", self._fields + entry) if entry < self._number("<H", self._fields) else 0
        return self._at + offset if offset else 0

    def _number(self, form: str, at: int) -> int:
        return int(struct.unpack_from(form, self.content, at)[0])


FORMAT = Format(
    "Arrow",
    recognises=lambda content: content.head.startswith((MAGIC[:6], STREAM)),
    opens=lambda content, _: ArrowFile(content),
)
