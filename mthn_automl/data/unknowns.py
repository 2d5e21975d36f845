"""What rows hold that training has not seen, counted by column: categories, empty columns, numbers out of range."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Table
from mthn_automl.data.infer import FOLD_ABOVE
from mthn_automl.data.names import counted, listed
from mthn_automl.data.precision import same
from mthn_automl.data.schema import Column
from mthn_automl.data.source import Source
from mthn_automl.errors import DataError

MOST_NAMED = 3
"""Unknown categories that a sentence names."""

USUALLY_OUTSIDE = 0.05
"""Share of test rows that may lie outside the range of training: in small data some always do."""

FEW = 5
"""Fewer cells, none of them known, may well be new categories; more are taken for another way of writing them."""


@dataclass
class Count:
    """Of one column.

    Attributes:
        column: as training saw it.
        cells: met so far.
        empty: of these.
        marks: cells by the mark in them that counts as missing among numbers and dates.
        unknown: cells by the category that they hold and training did not.
        outside: numbers below the lowest or above the highest of training.
        lowest, highest: of these numbers.
        below: (points that training has seen,) numbers that are not above each, where shifts are asked for.
    """

    column: Column
    cells: int = 0
    empty: int = 0
    marks: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    outside: int = 0
    lowest: float = np.inf
    highest: float = -np.inf
    below: IntArray | None = None

    @property
    def none_known(self) -> bool:
        """Whether there are more than a few cells, and none of them is known, though some were in training."""
        trained = bool(self.column.range or self.column.categories)
        return trained and self.cells >= FEW and self.unknown.total() + self.empty == self.cells

    def enter(self, source: Source, values: FloatArray | IntArray) -> None:
        """values: (rows,) as they are encoded."""
        self.cells += len(values)
        if self.column.numeric:
            self.marks.update(source.columns[self.column.read_from].missing)
            self._enter_numbers(values.astype(np.float64, copy=False))
        else:
            self._enter_codes(source, values.astype(np.int64, copy=False))

    def _enter_numbers(self, values: FloatArray) -> None:
        self.empty += int(np.isnan(values).sum())
        if self.below is not None and self.column.seen is not None:
            first = np.searchsorted(self.column.seen.points, values)  # of the points that a number is not above
            self.below += np.cumsum(np.bincount(first, minlength=len(self.below) + 1))[:-1]
        if self.column.range is None:
            return
        low, high = self.column.range
        outside = values[((values < low) & ~same(values, low)) | ((values > high) & ~same(values, high))]
        self.outside += len(outside)
        self.lowest = min(self.lowest, float(outside.min(initial=np.inf)))
        self.highest = max(self.highest, float(outside.max(initial=-np.inf)))

    def _enter_codes(self, source: Source, values: IntArray) -> None:
        without = np.flatnonzero(values < 0)
        if len(without):
            names = source.columns[self.column.read_from].names()
            codes = names.codes[without]
            self.empty += int((codes < 0).sum())
            counts = np.bincount(codes[codes >= 0], minlength=len(names.names))
            self.unknown.update({names.names[code]: int(counts[code]) for code in np.flatnonzero(counts)})

    def sentence(self, kind: str, tolerated: float) -> str:
        """What there is to say; empty where all is as in training, but for this share of numbers outside its range."""
        named = f"{kind} '{self.column.name}'"
        if self.cells and self.empty == self.cells:
            return f"{named} is empty in all {counted(self.cells, 'row')}"
        if self.unknown:
            once = ", or only once," if len(self.column.categories or ()) > FOLD_ABOVE else ""
            return (
                f"{named} holds what training has not seen{once} in {self.unknown.total():,} of {self.cells:,} cells "
                f"({self._examples()}), which count as missing"
            )
        if self.marks:
            marks = ", ".join(
                f"'{mark}' in {counted(count, 'cell')}" for mark, count in self.marks.most_common(MOST_NAMED)
            )
            return f"{named} has {marks}, which count as missing"
        if self.outside > tolerated * self.cells and self.column.range is not None:
            low, high = self.column.range
            return (
                f"{named} lies outside of what training has seen ({low:g} to {high:g}) in {self.outside:,} of "
                f"{self.cells:,} cells, from {self.lowest:g} to {self.highest:g}"
            )
        return ""

    def _examples(self) -> str:
        return listed([name for name, _ in self.unknown.most_common()], MOST_NAMED)

    def refuse(self, name: str, kind: str) -> None:
        """Raise a DataError where no cell is known. name: of the table."""
        if not self.none_known:
            return
        if not self.unknown:
            raise DataError(
                f"{kind.capitalize()} '{self.column.name}' of {name} must not be empty throughout, however all its "
                f"{counted(self.cells, 'cell')} are missing; fill them in, or take --allow-unknown to go on without."
            )
        raise DataError(
            f"{kind.capitalize()} '{self.column.name}' of {name} must hold categories of training, such as "
            f"{listed(self.column.categories or (), MOST_NAMED)}, however none of its {self.unknown.total():,} "
            f"cells does ({self._examples()}); write them alike, or take --allow-unknown to count them as missing."
        )


class Unknowns:
    """Counts of all columns of one kind, over one table or many pieces of it.

    Args:
        columns: as training saw them.
        kind: what sentences call them, `feature` or `metadata column`.
        tolerated: share of numbers that may lie outside the range of training without a word.
        shifts: whether it is counted where numbers lie among those of training.
    """

    def __init__(self, columns: Sequence[Column], kind: str, tolerated: float = 0.0, *, shifts: bool = False) -> None:
        self.kind, self.tolerated = kind, tolerated
        self.counts = [Count(column, below=_zeros(column) if shifts else None) for column in columns]

    def enter(self, source: Source, table: Table) -> None:
        """Count the rows of a source, each once, as often as a wide table has it. table: the same rows, encoded."""
        _, first = np.unique(source.rows, return_index=True)
        if len(first) < len(source.rows):
            source, table = source.take(first), table.take(first)
        numeric, codes = iter(table.numeric.T), iter(table.codes.T)
        for count in self.counts:
            count.enter(source, next(numeric if count.column.numeric else codes))

    def refuse(self, name: str) -> None:
        """Raise a DataError for the first column of which no cell is known. name: of the table."""
        for count in self.counts:
            count.refuse(name, self.kind)

    def notes(self, name: str) -> tuple[str, ...]:
        """A sentence a column about which there is something to say. name: of the table."""
        said = [count.sentence(self.kind, self.tolerated) for count in self.counts]
        return tuple(f"{name}: {each}." for each in said if each)


def _zeros(column: Column) -> IntArray | None:
    """One a point."""
    return None if column.seen is None else np.zeros(len(column.seen.points), dtype=np.int64)
