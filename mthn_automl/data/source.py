"""A table as it was given, a file or a DataFrame, that can say in words where each of its rows stands."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mthn_automl.data.dataset import IntArray
from mthn_automl.data.files import open_file
from mthn_automl.data.names import label_codes, listed
from mthn_automl.data.table_file import TableFile, unnamed_notes
from mthn_automl.data.values import refuse_infinite
from mthn_automl.errors import DataError, did_you_mean

Given = str | Path | pd.DataFrame


@dataclass(frozen=True)
class Source:
    """Rows still in use of a table.

    Attributes:
        frame: the rows.
        name: what sentences call the table.
        rows: (rows,) int64, 0-based position of each row of `frame` in the input.
        names: all columns of the input, those that are not in `frame` included.
        file: where it came from, or None for a DataFrame.
        notes: sentences about columns that are not read.
    """

    frame: pd.DataFrame
    name: str
    rows: IntArray
    names: tuple[str, ...] = ()
    file: TableFile | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Given, text_columns: Sequence[str], name: str, only: Collection[str] | None = None) -> "Source":
        """Read a file, or take over a DataFrame called `name` in messages; neither is ever changed.

        Args:
            given: a CSV or Parquet file, or a DataFrame.
            text_columns: those that a file's cells must not be parsed of.
            name: what a DataFrame is called.
            only: the columns to read, where not all are needed.

        Raises:
            DataError: as `TableFile.read` does; a DataFrame with no rows or a column name twice.
        """
        if not isinstance(given, pd.DataFrame):
            file = open_file(Path(given))
            return cls._of_file(file, file.read(text_columns, only), 0)
        columns = [str(column) for column in given.columns]
        frame = _checked(given, name, only)
        notes = unnamed_notes(name, columns)
        return cls(frame, name, np.arange(len(frame), dtype=np.int64), tuple(columns), None, notes)

    @classmethod
    def pieces(
        cls, path: Path, text_columns: Collection[str], numbers: Collection[str], only: Collection[str], rows: int
    ) -> Iterator["Source"]:
        """The rows of a file, so many at a time; arguments and errors as of `TableFile.pieces`."""
        file, first = open_file(path), 0
        for frame in file.pieces(text_columns, numbers, only, rows):
            yield cls._of_file(file, frame, first)
            first += len(frame)

    @classmethod
    def _of_file(cls, file: TableFile, frame: pd.DataFrame, first: int) -> "Source":
        rows = np.arange(first, first + len(frame), dtype=np.int64)
        return cls(frame, file.path.name, rows, tuple(file.names), file, file.notes)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def columns(self) -> list[str]:
        return list(self.frame.columns)

    def at(self, index: int) -> str:
        """Where a row of `frame` stands in the input: `line 5 of data.csv`, or `row 3 of the data`."""
        row = int(self.rows[index])
        return f"{f'row {row}' if self.file is None else self.file.place(row)} of {self.name}"

    def keep(self, kept: NDArray[np.bool_]) -> "Source":
        """Only the rows where `kept` (rows,) is true."""
        if kept.all():
            return self
        return replace(self, frame=self.frame.loc[kept].reset_index(drop=True), rows=self.rows[kept])

    def require(self, column: str, purpose: str, hint: str = "") -> pd.Series:
        """The column, or a DataError that names the nearest one; `purpose` ends `must have a column 'x' ...`."""
        if column in self.frame.columns:
            return self.frame[column]
        if self.file is not None and column in self.file.unreadable:
            raise DataError(
                f"Column '{column}' must hold numbers or text, however in {self.name} it holds "
                f"{self.file.unreadable[column]}; make columns of its parts."
            )
        raise DataError(
            f"{_capital(self.name)} must have a column '{column}' {purpose}, however it has none{hint}; "
            f"{did_you_mean(column, [name for name in self.names if name.strip()])}"
        )

    def task_codes(self, task: str) -> tuple[IntArray, list[str]]:
        """(rows,) int64 index into the names of tasks, and these in order of appearance.

        Raises:
            DataError: no such column, or a row without a name in it.
        """
        codes, names = label_codes(self.require(task, "that names each row's task", " (--task takes another)"))
        if (codes < 0).any():
            where = self.at(int((codes < 0).argmax()))
            raise DataError(f"Every row must name its task, however {where} has nothing in '{task}'; fill it in.")
        return codes, names


def _checked(given: pd.DataFrame, name: str, only: Collection[str] | None) -> pd.DataFrame:
    columns = [str(column) for column in given.columns]
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(
            f"Every column must have a name of its own, however {name} have {listed(twice)} more than once; "
            "rename or remove the others."
        )
    if len(given) == 0:
        raise DataError(f"There must be at least one row, however {name} have none.")
    frame = given.set_axis(pd.Index(columns), axis=1).reset_index(drop=True)
    frame = frame[[column for column in columns if column.strip() and (only is None or column in only)]].infer_objects()
    refuse_infinite(frame, lambda row: f"row {row} of {name}")
    return frame


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith("the ") else text
