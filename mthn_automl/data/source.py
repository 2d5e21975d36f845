"""A table as it was given, a file or a DataFrame, that can say in words where each of its rows stands."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.columns.again import read_again
from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.columns.rule import Cells, Told, as_text, read_cells
from mthn_automl.data.columns.text import Names
from mthn_automl.data.formats.opening import open_table
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.formats.table_file import TableFile
from mthn_automl.data.values import LARGEST, too_large
from mthn_automl.errors import DataError, did_you_mean

Given = str | Path | Any
"""A file, or a DataFrame."""

PLAIN = Reading()


@dataclass(frozen=True)
class Source:
    """Rows still in use of a table, of which some columns were read.

    Attributes:
        file: where it came from.
        rows: (rows,) int64, 0-based position of each row in the input.
        columns: those that were read, by name.
        notes: sentences about how the file was read.
    """

    file: TableFile
    rows: IntArray
    columns: Mapping[str, Cells]
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        given: Given,
        name: str,
        tasks: Collection[str],
        told: Mapping[str, Told] | None = None,
        reading: Reading = PLAIN,
    ) -> "Source":
        """Read a file, or a DataFrame, called `name` in messages, by the rule; neither is ever changed.

        Args:
            given: a file of any of the formats, or a DataFrame.
            name: what a DataFrame is called.
            tasks: columns that name tasks, whatever their cells look like.
            told: what the user has said of columns; under the empty name, of all others.
            reading: how the file is to be read.

        Raises:
            DataError: as the format says; a number that is too large.
        """
        file, said = open_table(given, name, reading), told or {}
        usual = said.get("", Told())
        table, columns = file.read(), dict[str, Cells]()
        left = dict(zip(table.column_names, table.columns, strict=True))
        del table
        for each in list(left):
            cells = left.pop(each)  # so that no other is in memory twice
            columns[each] = _names(cells) if each in tasks else read_cells(cells, said.get(each, usual))
        rows = len(next(iter(columns.values())).known) if columns else 0
        return cls(file, np.arange(rows, dtype=np.int64), columns, file.notes)._checked()

    @classmethod
    def again(
        cls, given: Given, name: str, tasks: Collection[str], forms: Mapping[str, Form], reading: Reading = PLAIN
    ) -> "Source":
        """The columns of these forms, as those of training were read; others are not.

        Raises:
            DataError: as `of`, or a cell that is not in the form of its column.
        """
        file = open_table(given, name, reading)
        return cls._of_piece(file, file.read([*tasks, *forms]), 0, tasks, forms)

    @classmethod
    def pieces(
        cls,
        given: Given,
        name: str,
        tasks: Collection[str],
        forms: Mapping[str, Form],
        rows: int,
        reading: Reading = PLAIN,
    ) -> Iterator["Source"]:
        """As `again`, so many rows at a time; what is wrong is told at the piece that holds it."""
        file, first = open_table(given, name, reading), 0
        for piece in file.pieces(rows, [*tasks, *forms]):
            yield cls._of_piece(file, piece, first, tasks, forms)
            first += len(piece)

    @classmethod
    def _of_piece(
        cls, file: TableFile, table: pa.Table, first: int, tasks: Collection[str], forms: Mapping[str, Form]
    ) -> "Source":
        rows = np.arange(first, first + len(table), dtype=np.int64)
        columns = {each: _names(table.column(each)) for each in tasks if each in table.column_names}
        source = cls(file, rows, columns, file.notes)
        for name, form in forms.items():
            if name in table.column_names:
                columns[name] = source._in_form(name, table.column(name), form)
        return source._checked()

    def _in_form(self, name: str, column: pa.ChunkedArray, form: Form) -> Cells:
        found = read_again(column, form)
        if found.wrong is not None:
            raise DataError(
                f"Column '{name}' must hold {FORMS[form.kind]}, however {self.at(found.wrong)} says "
                f"'{as_text(column)[found.wrong].as_py()}'; correct it or leave the cell empty."
            )
        return found.cells

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
        return replace(self, columns=columns, rows=self.rows[kept])

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

    def task_codes(self, task: str) -> tuple[IntArray, list[str]]:
        """(rows,) int64 index into the names of tasks, and these in order of appearance.

        Raises:
            DataError: no such column, or a row without a name in it.
        """
        names = self.require(task, "that names each row's task", " (--task takes another)").names()
        if (names.codes < 0).any():
            where = self.at(int((names.codes < 0).argmax()))
            raise DataError(f"Every row must name its task, however {where} has nothing in '{task}'; fill it in.")
        return _by_appearance(names)

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


def _names(column: pa.ChunkedArray) -> Cells:
    """Of tasks, which may be called anything, `NA` too."""
    names = Names.of(as_text(column))
    return Cells(Form(Kind.TEXT), text=names.without([not name for name in names.names]))


def _by_appearance(names: Names) -> tuple[IntArray, list[str]]:
    """Codes and names without those that no row has; rows may be fewer than they were."""
    used, first, codes = np.unique(names.codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    return np.argsort(order)[codes], [names.names[used[place]] for place in order]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith("the ") else text
