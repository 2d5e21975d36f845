"""What rows are to this room before their cells are understood, whatever they came from."""

import unicodedata
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import pyarrow as pa

from mthn_automl.data.formats.room import printable
from mthn_automl.data.names import counted, listed
from mthn_automl.errors import DataError


def column_name(name: str) -> str:
    """A name without blanks around it, nor a byte order mark, and in Unicode's composed form: what is seen of it."""
    return unicodedata.normalize("NFC", name).strip().strip("\ufeff").strip()


class NoRowsError(DataError):
    """A table of names alone, which may be predicted, though nothing can be learnt of it."""


class TableFile(ABC):
    """Rows in a file or in memory.

    Attributes:
        name: what sentences call it.
        names: all columns in their order, each as `column_name` has it; those without a name are never read.
        unreadable: columns of nested or binary values, and what they hold; these are never read.
        why_empty: a clause on why cells may be empty that are not to a person's eye; empty: nothing is known.
    """

    why_empty = ""

    def __init__(
        self,
        name: str,
        names: Sequence[str],
        unreadable: Mapping[str, str] | None = None,
        detected: Sequence[str] = (),
        place_of_names: str = "",
    ) -> None:
        self.name = name
        self.names = tuple(map(column_name, names))
        self.unreadable = {column_name(column): held for column, held in (unreadable or {}).items()}
        self._detected = tuple(detected)
        self._refuse_twice(place_of_names)

    @abstractmethod
    def pieces(self, rows: int, only: Collection[str] | None = None) -> Iterator[pa.Table]:
        """The rows, so many at a time; a column has the same type in all pieces.

        Raises:
            DataError: at the piece where the file turns out to be wrong; no rows at all.
        """

    @abstractmethod
    def read(self, only: Collection[str] | None = None) -> pa.Table:
        """All rows, of the columns in `only` where it is given.

        Raises:
            DataError: no rows, more than fits in memory, or what the format does not allow.
        """

    def place(self, row: int) -> str:
        """Where a person finds a 0-based row: `line 5` of a text, else `row 3`."""
        return f"row {row}"

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what was detected, and about columns that are not read; none for a plain CSV file."""
        notes = [f"{self.name}: {each}" for each in self._detected]
        unnamed = sum(not column.strip() for column in self.names)
        if unnamed:
            notes.append(f"{self.name}: {counted(unnamed, 'column')} without a name ignored.")
        if self.unreadable:
            found = _shown(list(self.unreadable))
            kinds = printable(", ".join(sorted(set(self.unreadable.values()))[:5]))
            columns = counted(len(self.unreadable), "column")
            notes.append(f"{self.name}: {columns} of neither numbers nor text ignored: {found} ({kinds}).")
        return tuple(notes)

    def add_notes(self, sentences: Iterable[str]) -> None:
        """Whoever opened the table has more to say of it."""
        self._detected = (*self._detected, *sentences)

    def wanted(self, only: Collection[str] | None) -> list[str]:
        """The columns to read, in their order; one at least, so that there are rows."""
        readable = [name for name in self.names if name.strip() and name not in self.unreadable]
        if not readable:
            raise DataError(f"There must be a column of numbers or text, however {self.name} has none; add one.")
        asked = set(readable if only is None else only)
        return [name for name in readable if name in asked] or readable[:1]

    def no_rows(self) -> NoRowsError:
        return NoRowsError(f"There must be at least one row, however {self.name} has none.")

    def empty(self, only: Collection[str]) -> pa.Table:
        """No rows of these columns; all are there where names stand beside cells alone, and there are none."""
        names = self.wanted(only) if self.names else list(dict.fromkeys(only))
        return pa.table({name: pa.array([], pa.string()) for name in names})

    def _refuse_twice(self, where: str) -> None:
        twice = [name for name, count in Counter(self.names).items() if count > 1 and name.strip()]
        if twice:
            raise DataError(
                f"Every column must have a name of its own, however {where}{self.name} has {_shown(twice)} more than "
                "once; rename or remove the others."
            )


class HeldTable(TableFile):
    """Rows that are in memory.

    Args:
        name, detected: as of `TableFile`.
        table: columns of readable types; those without a name may be left out.
        names: all columns, those left out of the table included.
        unreadable: columns left out of the table, and what they hold.
        place: puts a row in words.
    """

    def __init__(
        self,
        name: str,
        table: pa.Table,
        names: Sequence[str],
        unreadable: Mapping[str, str],
        detected: Sequence[str] = (),
        place: Callable[[int], str] | None = None,
    ) -> None:
        super().__init__(name, names, unreadable, detected)
        self._table, self._place = table.rename_columns(list(map(column_name, table.column_names))), place

    def read(self, only: Collection[str] | None = None) -> pa.Table:
        if self._table.num_rows == 0:
            raise self.no_rows()
        return self._table.select(self.wanted(only))

    def pieces(self, rows: int, only: Collection[str] | None = None) -> Iterator[pa.Table]:
        table = self.read(only)
        for first in range(0, table.num_rows, rows):
            yield table.slice(first, rows)

    def place(self, row: int) -> str:
        return super().place(row) if self._place is None else self._place(row)


def _shown(names: Sequence[str]) -> str:
    return listed([printable(name) for name in names])


def regrouped(blocks: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of `rows`, the last one smaller."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for block in blocks:
        while count + len(block) >= rows:
            head, block = block.slice(0, rows - count), block.slice(rows - count)
            yield pa.Table.from_batches([*waiting, head])
            waiting, count = [], 0
        if len(block):
            waiting.append(block)
            count += len(block)
    if waiting:
        yield pa.Table.from_batches(waiting)
