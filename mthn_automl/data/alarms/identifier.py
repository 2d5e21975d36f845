"""A column that names or counts rows, follows the order of the file, or says which rows are sealed for the test."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees
from mthn_automl.data.alarms.parts.columns import Cells, features_of
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted

SEES: Final = Sees.TASKS
ROWS = 20
"""Fewest rows in which a column is known."""
CHANCE = 14.0
"""How unlikely it must be that a column is so by chance: a probability of exp(-14), about one in a million."""
BLOCK = 10
"""Most rows, on average, that a name of a part of a task has."""


@dataclass(frozen=True)
class _Column:
    """The rows in which a column is known, in the order of the file.

    Attributes:
        cells: of all rows.
        task: (known rows,).
        test: (known rows,).
    """

    cells: Cells
    task: IntArray
    test: NDArray[np.bool_]

    @property
    def rows(self) -> int:
        return len(self.task)

    @property
    def names(self) -> bool:
        """Whether its cells can be names: categories, or whole numbers."""
        return not self.cells.column.numeric or self.cells.whole

    @cached_property
    def numbers(self) -> FloatArray | IntArray:
        """(known rows,) of a category, its codes."""
        return self.cells.values[self.cells.known]

    @cached_property
    def codes(self) -> IntArray:
        """(known rows,) from 0 on, equal where the cells are; some may occur nowhere."""
        if not self.cells.column.numeric:
            return self.numbers.astype(np.int64, copy=False)
        if self.cells.whole and np.ptp(self.numbers) < 4 * self.rows:
            return np.asarray(self.numbers - self.numbers.min(), dtype=np.int64)
        return np.unique(self.numbers, return_inverse=True)[1]

    @cached_property
    def values(self) -> int:
        return int((np.bincount(self.codes) > 0).sum())


@dataclass(frozen=True)
class _Reason:
    kind: str
    sentence: str
    advice: str


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """Features that are an id or an order, but for what the user splits by; of each the reason that says most."""
    if dataset.schema.wide:  # what stands in a row of the table stands in each row of the long form that is made of it
        rows = np.unique(dataset.row, return_index=True)[1]
        dataset, test = dataset.take(rows), test[rows]
    split_by = {name for name, _ in dataset.keys.forms}
    for cells in (each for each in features_of(dataset) if each.column.read_from not in split_by):
        known = cells.known
        if known.sum() < max(ROWS, len(dataset) / 2):
            continue
        column = _Column(cells, dataset.task[known], test[known])
        reason = next((each for look in LOOKS if (each := look(column)) is not None), None)
        if reason is not None:
            yield Alarm(
                name="identifier",
                columns=(cells.name,),
                sentence=reason.sentence,
                advice=reason.advice,
                evidence={"kind": reason.kind, "rows": column.rows, "values": column.values},
            )


def _splits(column: _Column) -> _Reason | None:
    """Values that are either of test rows or of training rows, more often than a split at random would leave them.

    Numbers that are not whole name nothing, and where persons are kept together each has a height of his own.
    """
    if not column.names:
        return None
    both = _in_both(column)
    counts, tested = np.bincount(column.codes[both]), np.bincount(column.codes[both], column.test[both])
    counts, tested = counts[counts > 1], tested[counts > 1]  # a value of one row is on one side, whatever it means
    apart = (tested == 0) | (tested == counts)
    rows = counts.sum()
    if rows < ROWS or counts[apart].sum() < 0.99 * rows or not (tested[apart] > 0).any():
        return None
    share = tested.sum() / rows
    if -np.log((1 - share) ** counts[apart] + share ** counts[apart]).sum() < CHANCE:
        return None
    name, option, values = column.cells.name, column.cells.option, int((tested > 0).sum())
    return _Reason(
        "split",
        f"'{name}' tells test rows from training rows: of its {counted(len(counts), 'value')} in several rows, "
        f"{values:,} are of test rows, and the others of training rows.",
        f"`--id {option}` keeps it without learning from it; where its rows belong together, `--group {option}` says "
        "so.",
    )


def _in_both(column: _Column) -> NDArray[np.bool_]:
    """(known rows,) true in tasks that have test rows and training rows."""
    sizes = np.bincount(column.task)
    tested = np.bincount(column.task, weights=column.test)
    return ((tested > 0) & (tested < sizes))[column.task]


def _follows_the_file(column: _Column) -> _Reason | None:
    if not column.cells.column.numeric:
        return None
    steps = np.diff(column.numbers)
    if not ((steps > 0).all() or (steps < 0).all()):
        return None
    name, option, way = column.cells.name, column.cells.option, "rises" if steps[0] > 0 else "falls"
    return _Reason(
        "order",
        f"'{name}' {way} from each row of the file to the next, over all {counted(column.rows, 'row')}.",
        f"`--id {option}` keeps it without learning from it; if it is when a row was measured, `--time {option}` says "
        "so.",
    )


def _counts_within_tasks(column: _Column) -> _Reason | None:
    if not column.cells.whole or column.task.max() == column.task.min():
        return None
    order = np.argsort(column.task, kind="stable")
    sizes = np.bincount(column.task)
    place = np.arange(column.rows) - (np.cumsum(sizes) - sizes)[column.task[order]]
    first = column.numbers[order] - place
    if first[0] not in (0, 1) or (first != first[0]).any() or sizes[sizes > 2].sum() < ROWS:
        return None
    name, option = column.cells.name, column.cells.option
    return _Reason(
        "counter",
        f"'{name}' counts the rows of each task in the order of the file, from {int(first[0])} to "
        f"{int(column.numbers.max())}.",
        f"`--id {option}` keeps it without learning from it; if it is the order in which rows were measured, "
        f"`--time {option}` says so; if it is a level of an experiment, leave it.",
    )


def _unique(column: _Column) -> _Reason | None:
    if not column.names or column.values < column.rows or not _too_dense_for_chance(column):
        return None
    name, option = column.cells.name, column.cells.option
    what = "whole number" if column.cells.column.numeric else "category"
    return _Reason(
        "unique",
        f"'{name}' is another {what} in each of its {counted(column.rows, 'row')}: it names them, and says nothing "
        "of new ones.",
        f"`--id {option}` keeps it without learning from it; `--ignore {option}` leaves it out.",
    )


def _too_dense_for_chance(column: _Column) -> bool:
    """Whether numbers drawn at random from the same range would have met each other; categories have no range."""
    if not column.cells.column.numeric:
        return True
    span = float(np.ptp(column.numbers)) + 1
    return column.rows * (column.rows - 1) / 2 / span >= CHANCE


def _names_blocks(column: _Column) -> _Reason | None:
    """Each value in one block of rows, and many of them in a task: P0, P0, P1, P1."""
    changes = np.diff(column.numbers) != 0
    if not column.names or changes.sum() >= column.values or column.rows - column.values < 5:
        return None
    dense = not column.cells.column.numeric or np.ptp(column.numbers) + 1 == column.values
    many = column.values >= max(ROWS, column.rows / BLOCK, 2 * len(np.unique(column.task)))
    if not dense or not many:
        return None
    name, option = column.cells.name, column.cells.option
    return _Reason(
        "blocks",
        f"'{name}' has {counted(column.values, 'value')} in {counted(column.rows, 'row')}, each in rows that follow "
        "each other: it names what was measured several times.",
        f"`--group {option}` keeps such rows together in training or test; `--id {option}` only stops it being learnt.",
    )


LOOKS: Final[tuple[Callable[[_Column], _Reason | None], ...]] = (
    *(_splits, _follows_the_file, _counts_within_tasks, _unique, _names_blocks),
)
