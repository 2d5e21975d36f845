"""A table as it was given, a file or a DataFrame, that can say in words where each of its rows stands."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from mthn_automl.data.dataset import IntArray
from mthn_automl.data.files import line_of, read_csv, read_header, refuse_infinite
from mthn_automl.data.names import counted, label_codes, listed
from mthn_automl.errors import DataError, did_you_mean

Given = str | Path | pd.DataFrame


@dataclass(frozen=True)
class Source:
    """Rows still in use of a table.

    rows: (rows,) int64, 0-based position of each row of `frame` in the input.
    path: the file, or None for a DataFrame.
    """

    frame: pd.DataFrame
    name: str
    rows: IntArray
    path: Path | None = None
    notes: tuple[str, ...] = ()

    @classmethod
    def of(cls, given: Given, text_columns: Sequence[str], name: str) -> "Source":
        """Read a file, or take over a DataFrame called `name` in messages; neither is ever changed.

        Raises:
            DataError: as `files.read_csv` does; a DataFrame with no rows or a column name twice.
        """
        if isinstance(given, pd.DataFrame):
            frame, path = _checked(given, name), None
            columns = [str(column) for column in given.columns]
        else:
            path = Path(given)
            frame, name = read_csv(path, text_columns), path.name
            columns = read_header(path)
        unnamed = sum(not column.strip() for column in columns)
        notes = (f"{name}: {counted(unnamed, 'column')} without a name ignored.",) if unnamed else ()
        return cls(frame, name, np.arange(len(frame), dtype=np.int64), path, notes)

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def columns(self) -> list[str]:
        return list(self.frame.columns)

    def at(self, index: int) -> str:
        """Where a row of `frame` stands in the input: `line 5 of data.csv`, or `row 3 of the data`."""
        row = int(self.rows[index])
        return f"row {row} of {self.name}" if self.path is None else f"line {line_of(self.path, row)} of {self.name}"

    def keep(self, kept: NDArray[np.bool_]) -> "Source":
        """Only the rows where `kept` (rows,) is true."""
        if kept.all():
            return self
        return replace(self, frame=self.frame.loc[kept].reset_index(drop=True), rows=self.rows[kept])

    def require(self, column: str, purpose: str, hint: str = "") -> pd.Series:
        """The column, or a DataError that names the nearest one; `purpose` ends `must have a column 'x' ...`."""
        if column in self.frame.columns:
            return self.frame[column]
        raise DataError(
            f"{_capital(self.name)} must have a column '{column}' {purpose}, however it has none{hint}; "
            f"{did_you_mean(column, self.columns)}"
        )

    def task_codes(self, task: str) -> tuple[IntArray, list[str]]:
        """(rows,) int64 index into the names of tasks, and these in order of appearance.

        Raises:
            DataError: no such column, or a row without a name in it.
        """
        codes, names = label_codes(self.require(task, "that names each row's task", " (--task takes another)"))
        if (codes < 0).any():
            place = self.at(int((codes < 0).argmax()))
            raise DataError(f"Every row must name its task, however {place} has nothing in '{task}'; fill it in.")
        return codes, names


def _checked(given: pd.DataFrame, name: str) -> pd.DataFrame:
    columns = [str(column) for column in given.columns]
    twice = [column for column, count in Counter(columns).items() if count > 1]
    if twice:
        raise DataError(
            f"Every column must have a name of its own, however {name} have {listed(twice)} more than once; "
            "rename or remove the others."
        )
    if len(given) == 0:
        raise DataError(f"There must be at least one row, however {name} have none.")
    frame = given.set_axis(pd.Index(columns), axis=1).reset_index(drop=True).infer_objects()
    frame = frame[[column for column in columns if column.strip()]]
    refuse_infinite(frame, lambda row: f"row {row} of {name}")
    return frame


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith("the ") else text
