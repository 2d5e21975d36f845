"""What a file of rows is to this room, whatever its format."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from mthn_automl.data.names import counted
from mthn_automl.data.values import refuse_infinite


class TableFile(ABC):
    """A file of rows.

    names: all columns in their order, as they stand; those without a name are never read.
    unreadable: columns that hold neither numbers nor text, and what they hold.
    """

    def __init__(self, path: Path, names: list[str], unreadable: dict[str, str]) -> None:
        self.path = path
        self.names = names
        self.unreadable = unreadable

    @abstractmethod
    def read(self, text_columns: Collection[str], only: Collection[str] | None = None) -> pd.DataFrame:
        """All rows, of the columns in `only` where it is given; `text_columns` stay as they are written.

        Raises:
            DataError: no rows, an infinite number, more than fits in memory, or what the format does not allow.
        """

    @abstractmethod
    def pieces(
        self, text_columns: Collection[str], numbers: Collection[str], only: Collection[str], rows: int
    ) -> Iterator[pd.DataFrame]:
        """As `read`, `rows` at a time, with a column's type following from all rows and not from those of a piece.

        A column of `numbers` may be text in a piece: then some cell of it there is no number.
        """

    @abstractmethod
    def place(self, row: int) -> str:
        """Where a 0-based row stands: `line 5`, or `row 3`."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about columns that are not read."""
        notes = [*unnamed_notes(self.path.name, self.names)]
        if self.unreadable:
            found = ", ".join(f"'{name}' ({kind})" for name, kind in self.unreadable.items())
            columns = counted(len(self.unreadable), "column")
            notes.append(f"{self.path.name}: {columns} of neither numbers nor text ignored: {found}.")
        return tuple(notes)

    def wanted(self, only: Collection[str] | None) -> list[str]:
        """The columns to read, in their order; one at least, so that there are rows."""
        readable = [name for name in self.names if name.strip() and name not in self.unreadable]
        return readable if only is None else [name for name in readable if name in only] or readable[:1]

    def checked(self, frame: pd.DataFrame, first: int = 0) -> pd.DataFrame:
        """The frame, whose first row is the file's row `first`, if all its numbers are finite."""
        refuse_infinite(frame, lambda row: f"{self.place(first + row)} of {self.path}")
        return frame


def unnamed_notes(name: str, columns: Sequence[str]) -> tuple[str, ...]:
    """A sentence that counts the columns without a name, if there are any, of what is called `name`."""
    unnamed = sum(not column.strip() for column in columns)
    return (f"{name}: {counted(unnamed, 'column')} without a name ignored.",) if unnamed else ()


def regrouped(blocks: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in groups of `rows`, the last one smaller."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for block in blocks:
        while count + len(block) >= rows:
            head, block = block.slice(0, rows - count), block.slice(rows - count)
            yield pa.concat_batches([*waiting, head])
            waiting, count = [], 0
        if len(block):
            waiting.append(block)
            count += len(block)
    if waiting:
        yield pa.concat_batches(waiting)
