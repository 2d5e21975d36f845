"""A table as it was given, a file or a DataFrame, that can say in words where each of its rows stands."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.columns.again import read_again
from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.columns.marks import unmarked, unwritten
from mthn_automl.data.columns.rule import Cells, Told, as_text, is_text, read_cells
from mthn_automl.data.columns.text import Names
from mthn_automl.data.formats.opening import open_table
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.formats.room import refuse_beyond
from mthn_automl.data.formats.table_file import NoRowsError, TableFile
from mthn_automl.data.names import counted
from mthn_automl.data.task_names import joined_name
from mthn_automl.data.values import LARGEST, too_large
from mthn_automl.errors import DataError, did_you_mean

Given = str | Path | Any
"""A file, or a DataFrame."""

PLAIN = Reading()
DATA, METADATA = "the data", "the metadata"
"""What DataFrames are called in sentences."""

COLUMNS_OF_TASKS = 5
"""Beside a number for each cell: what the names of tasks take while they are numbered, as measured."""


@dataclass(frozen=True)
class Source:
    """Rows still in use of a table, of which some columns were read.

    Attributes:
        file: where it came from.
        rows: (rows,) int64, 0-based position of each row in the input.
        columns: those that were read, by name.
        notes: sentences about how the file was read.
        id: (rows,) the column by which the user knows a row, as it stands; None: there is none.
        missing: cells that the user says are missing.
    """

    file: TableFile
    rows: IntArray
    columns: Mapping[str, Cells]
    notes: tuple[str, ...] = ()
    id: pa.ChunkedArray | None = None
    missing: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        given: Given,
        name: str,
        tasks: Collection[str],
        told: Mapping[str, Told] | None = None,
        reading: Reading = PLAIN,
        known_by: str | None = None,
        apart: bool = True,
        missing: Sequence[str] = (),
    ) -> "Source":
        """Read a file, or a DataFrame, called `name` in messages, by the rule; neither is ever changed.

        Args:
            given: a file of any of the formats, or a DataFrame.
            name: what a DataFrame is called.
            tasks: columns that name tasks, whatever their cells look like.
            told: what the user has said of columns; under the empty name, of all others.
            reading: how the file is to be read.
            known_by: the column that is kept as it stands.
            apart: whether that is no other column besides.
            missing: cells that count as missing.

        Raises:
            DataError: as the format says; a number that is too large.
        """
        file, said = open_table(given, name, reading), told or {}
        usual = said.get("", Told())
        table, columns = file.read(), dict[str, Cells]()
        refuse_beyond(8 * len(table) * (table.num_columns + COLUMNS_OF_TASKS), file.name)
        table, rows, repeated = _without_names(table, 0)
        if not len(rows):
            raise file.no_rows()
        kept = _kept(table, known_by)
        table = table if kept is None or not apart else table.drop_columns([known_by])
        names, waiting = table.column_names, table.columns[::-1]
        del table  # so that no column but the one at hand is in memory twice
        for each in names:
            cells = waiting.pop()
            if each in tasks:
                columns[each] = _names(cells)
                continue
            cells, counts = unwritten(cells, missing)
            columns[each] = unmarked(read_cells(cells, said.get(each, usual)), missing, counts)
        notes = (*file.notes, *_names_note(file, repeated))
        return cls(file, rows, columns, notes, kept, tuple(missing))._checked()

    @classmethod
    def again(
        cls,
        given: Given,
        name: str,
        tasks: Collection[str],
        forms: Mapping[str, Form],
        reading: Reading = PLAIN,
        known_by: str | None = None,
        missing: Sequence[str] = (),
        may_be_empty: bool = False,
    ) -> "Source":
        """The columns of these forms, as those of training were read; others are not.

        may_be_empty: whether there may be no rows.

        Raises:
            DataError: as `of`, or a cell that is not in the form of its column.
        """
        file, wanted = open_table(given, name, reading), _wanted(tasks, forms, known_by)
        try:
            table = file.read(wanted)
        except NoRowsError:
            if not may_be_empty:
                raise
            table = file.empty(wanted)
        source = cls._of_piece(file, table, 0, [], tasks, forms, known_by, missing)
        if not len(source) and not may_be_empty:
            raise file.no_rows()
        return source

    @classmethod
    def pieces(
        cls,
        given: Given,
        name: str,
        tasks: Collection[str],
        forms: Mapping[str, Form],
        rows: int,
        reading: Reading = PLAIN,
        known_by: str | None = None,
        missing: Sequence[str] = (),
        may_be_empty: bool = False,
    ) -> Iterator["Source"]:
        """As `again`, so many rows at a time; what is wrong is told at the piece that holds it.

        Notes are about all rows up to the last of the piece.
        """
        file, wanted = open_table(given, name, reading), _wanted(tasks, forms, known_by)
        first, repeated = 0, list[int]()
        try:
            for piece in file.pieces(rows, wanted):
                yield cls._of_piece(file, piece, first, repeated, tasks, forms, known_by, missing)
                first += len(piece)
        except NoRowsError:
            if not may_be_empty:
                raise
            yield cls._of_piece(file, file.empty(wanted), 0, [], tasks, forms, known_by, missing)
            return
        if first == len(repeated) and not may_be_empty:
            raise file.no_rows()

    @classmethod
    def _of_piece(
        cls,
        file: TableFile,
        table: pa.Table,
        first: int,
        repeated: list[int],
        tasks: Collection[str],
        forms: Mapping[str, Form],
        known_by: str | None,
        missing: Sequence[str],
    ) -> "Source":
        """first: position of the piece. repeated: of lines of names in the pieces before it; those in it are added."""
        table, rows, found = _without_names(
            table, first, alone=any(each.kind is not Kind.TEXT for each in forms.values())
        )
        repeated += found
        columns = {each: _names(table.column(each)) for each in tasks if each in table.column_names}
        source = cls(
            file, rows, columns, (*file.notes, *_names_note(file, repeated)), _kept(table, known_by), tuple(missing)
        )
        for name, form in forms.items():
            if name in table.column_names:
                columns[name] = source._in_form(name, table.column(name), form)
        return source._checked()

    def _in_form(self, name: str, column: pa.ChunkedArray, form: Form) -> Cells:
        column, counts = unwritten(column, self.missing)
        found = read_again(column, form)
        if found.wrong is not None:
            raise DataError(
                f"Column '{name}' must hold {FORMS[form.kind]}, however {self.at(found.wrong)} says "
                f"'{as_text(column)[found.wrong].as_py()}'; correct it or leave the cell empty."
            )
        return unmarked(found.cells, self.missing, counts)

    @property
    def name(self) -> str:
        """What sentences call the table."""
        return self.file.name

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, index: int) -> str:
        """Where a row stands in the input: `line 5 of data.csv`, or `row 3 of the data`."""
        return f"{self.file.place(int(self.rows[index]))} of {self.name}"

    def keep(self, kept: NDArray[np.bool_]) -> "Source":
        """Only the rows where `kept` (rows,) is true."""
        if kept.all():
            return self
        columns = {name: cells.keep(kept) for name, cells in self.columns.items()}
        ids = None if self.id is None else self.id.filter(pa.array(kept))
        return replace(self, columns=columns, rows=self.rows[kept], id=ids)

    def take(self, places: IntArray) -> "Source":
        """The rows at these places, each as often as it is named."""
        columns = {name: cells.take(places) for name, cells in self.columns.items()}
        ids = None if self.id is None else self.id.take(pa.array(places))
        return replace(self, columns=columns, rows=self.rows[places], id=ids)

    def require(self, column: str, purpose: str, hint: str = "") -> Cells:
        """The column, or a DataError that names the nearest one; `purpose` ends `must have a column 'x' ...`."""
        if column in self.columns:
            return self.columns[column]
        if column in self.file.unreadable:
            raise DataError(
                f"Column '{column}' must hold numbers, dates or text, however in {self.name} it holds "
                f"{self.file.unreadable[column]}; make columns of its parts."
            )
        raise DataError(
            f"{_capital(self.name)} must have a column '{column}' {purpose}, however it has none{hint}; "
            f"{did_you_mean(column, [name for name in self.file.names if name.strip()])}"
        )

    def require_tasks(self, task: Sequence[str], hint: str = "") -> None:
        """Raise a DataError unless all columns are there that name a row's task."""
        for each in task:
            self.require(each, "that names each row's task", hint)

    def task_codes(self, task: Sequence[str]) -> tuple[IntArray, list[str]]:
        """(rows,) int64 index into the names of tasks, and these in order of appearance.

        Raises:
            DataError: no such column, or a row without a name in it.
        """
        parts = [self._task_names(each) for each in task]
        return _by_appearance(parts[0] if len(parts) == 1 else _together(parts))

    def _task_names(self, task: str) -> Names:
        names = self.require(task, "that names each row's task").names()
        if (names.codes < 0).any():
            where = self.at(int((names.codes < 0).argmax()))
            why = f" {self.name} has {self.file.why_empty}" if self.file.why_empty else ""
            raise DataError(f"Every row must name its task, however {where} has nothing in '{task}'; fill it in.{why}")
        return names

    def _checked(self) -> "Source":
        """The source, if its numbers can be counted with."""
        for name, cells in self.columns.items():
            if cells.numbers is not None and too_large(cells.numbers).any():
                row = int(too_large(cells.numbers).argmax())
                raise DataError(
                    f"Numbers must be below {LARGEST:g}, however column '{name}' is beyond in {self.at(row)}; correct "
                    "it or leave the cell empty."
                )
        return self


FORMS = {
    Kind.NUMBER: "numbers",
    Kind.TRUTH: "truth values",
    Kind.DATE: "dates written as those of training",
    Kind.TEXT: "text",
}


def _wanted(tasks: Collection[str], forms: Mapping[str, Form], known_by: str | None) -> list[str]:
    return [*tasks, *forms, *([] if known_by is None else [known_by])]


def _kept(table: pa.Table, name: str | None) -> pa.ChunkedArray | None:
    """A column as it stands; categories as what they are called, so that all pieces of a file have one type."""
    if name not in table.column_names:
        return None
    column = table.column(name)
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


def _without_names(table: pa.Table, first: int, *, alone: bool = False) -> tuple[pa.Table, IntArray, list[int]]:
    """The table without lines of names between the rows, where files were joined; positions of rows, and of those.

    Args:
        table: some rows of a file.
        first: the position of the first of them.
        alone: whether names are no cells of their columns, even if there is one column alone.
    """
    rows = np.arange(first, first + len(table), dtype=np.int64)
    if table.num_columns < 2 - alone or not all(is_text(column.type) for column in table.columns):
        return table, rows, []
    same = pa.chunked_array([pa.repeat(True, len(table))])
    for name, column in zip(table.column_names, table.columns, strict=True):
        same = pc.and_(same, pc.fill_null(pc.equal(column, name), False))
        if not pc.any(same).as_py():
            return table, rows, []
    repeated = np.flatnonzero(same.to_numpy())
    return table.filter(pc.invert(same)), np.delete(rows, repeated), rows[repeated].tolist()


def _names_note(file: TableFile, repeated: Sequence[int]) -> list[str]:
    """repeated: positions of lines of names."""
    if not repeated:
        return []
    lines, where = counted(len(repeated), "line"), file.place(repeated[0])
    return [f"{file.name}: {lines} of column names left out between the rows, the first {where}."]


def _names(column: pa.ChunkedArray) -> Cells:
    """Of tasks, which may be called anything, `NA` too."""
    names = Names.of(as_text(column))
    return Cells(Form(Kind.TEXT), text=names.without([not name for name in names.names]))


def _together(parts: Sequence[Names]) -> Names:
    """The names of rows in several columns as one."""
    distinct, codes = np.unique(np.stack([each.codes for each in parts], axis=1), axis=0, return_inverse=True)
    names = [joined_name([each.names[code] for each, code in zip(parts, row, strict=True)]) for row in distinct]
    return Names(codes.reshape(-1), tuple(names))


def _by_appearance(names: Names) -> tuple[IntArray, list[str]]:
    """Codes and names without those that no row has; rows may be fewer than they were."""
    used, first, codes = np.unique(names.codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return np.argsort(order)[codes], [names.names[used[place]] for place in order]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith("the ") else text
