"""The columns of a table one by one, and the keys by which equal cells and equal rows are found."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from shlex import quote

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.schema import Column

Keys = NDArray[np.uint64]


@dataclass(frozen=True)
class Cells:
    """One column with its cells.

    Attributes:
        column: its name and kind.
        values: (rows,) float64 with NaN, or int64 codes with -1, where missing.
    """

    column: Column
    values: FloatArray | IntArray

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def option(self) -> str:
        """The column of the input as options name it in a shell: a date's, not that of a part of it."""
        return quote(self.column.read_from)

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        return np.isfinite(self.values) if self.column.numeric else self.values >= 0

    @cached_property
    def codes(self) -> IntArray:
        """(rows,) from 0 on, the same for equal cells; missing ones are equal to each other."""
        return np.unique(self.values, return_inverse=True)[1]

    @cached_property
    def whole(self) -> bool:
        """Whether all that is known are whole numbers."""
        known = self.values[self.known]
        return self.column.numeric and bool((known == np.floor(known)).all())


def cells_of(columns: Iterable[Column], table: Table) -> Iterator[Cells]:
    """Each column of a table with its cells, in the order of the schema."""
    numeric, codes = iter(table.numeric.T), iter(table.codes.T)
    for column in columns:
        yield Cells(column, next(numeric) if column.numeric else next(codes))


def features_of(dataset: Dataset) -> list[Cells]:
    """All features with their cells."""
    return list(cells_of(dataset.schema.features, dataset.features))


def metadata_of(dataset: Dataset) -> list[Cells]:
    """All metadata with their cells, one a task."""
    metadata = dataset.tasks.metadata
    return [] if metadata is None else list(cells_of(dataset.schema.metadata, metadata))


def cell_keys(values: FloatArray | IntArray, salt: int) -> Keys:
    """(rows,) the same for equal cells of a column, missing ones included; a salt tells columns apart."""
    if values.dtype.kind == "f":
        values = np.where(np.isnan(values), np.nan, values + 0.0)  # one NaN, and no negative zero
    return _mixed(np.ascontiguousarray(values).view(np.uint64) + _mixed(np.array([salt], dtype=np.uint64)))


def row_keys(columns: Iterable[FloatArray | IntArray], rows: int) -> Keys:
    """(rows,) the same for equal rows: the sum of their cells' keys, so that a column can be taken out again."""
    total = np.zeros(rows, dtype=np.uint64)
    for salt, values in enumerate(columns):
        total += cell_keys(values, salt)
    return total


def mostly_known(columns: Iterable[Cells], rows: int) -> NDArray[np.bool_]:
    """(rows,) true where no more than half of the cells are missing: rows of nothing are equal, and nobody's twins."""
    balance = np.zeros(rows)
    for each in columns:
        balance += np.where(each.known, 1, -1)
    return balance >= 0


def _mixed(bits: Keys) -> Keys:
    """The last step of SplitMix64, by which all bits of a number depend on all others."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
