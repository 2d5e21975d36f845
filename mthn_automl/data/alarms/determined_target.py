"""A feature that determines a target, as one does that was computed from it.

A pair of rows that a feature puts side by side should have targets as unlike each other as any two rows, or somewhat
less. `told` is the share of the unlikeness that is gone: 0 for a shuffled feature, 1 where neighbours are as alike as
can be. Each row is compared with others alone, so that a feature of many values tells nothing by having them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees, percent
from mthn_automl.data.alarms.parts.columns import Cells, features_of
from mthn_automl.data.alarms.parts.ranks import ranks_of
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted

SEES: Final = Sees.ROWS
"""Whether a sample of the rows serves as well as all of them."""

PAIRS = 20
"""Fewest pairs of rows, or for classes, pairs that would be of two classes were the feature shuffled."""
REPEATS = 4
"""Rows a value, on average, from which on the rows of one value are compared with each other."""
TOLD_OF_RANKS, TOLD_OF_CLASSES = 0.999, 0.99
TRIMMED = 0.01
"""Share of pairs that may be of any targets: 1 / x has one place where neighbours are at opposite ends."""
LINEAR = 1e-9


@dataclass(frozen=True)
class _Target:
    """One target's ranks, or its classes.

    Attributes:
        values: (rows,).
        classes: whether two rows are alike only where they are equal.
    """

    values: FloatArray
    classes: bool

    def take(self, rows: IntArray) -> "_Target":
        return _Target(self.values[rows], self.classes)

    def told(self, neighbours: NDArray[np.bool_], *, least: float) -> float:
        """What is told of this target, whose rows are in order, where (rows - 1,) pairs of neighbours are compared.

        least: the sum of unlikeness that any order would leave.
        """
        pairs = self.unlike()[neighbours]
        chance = len(pairs) * self.by_chance()
        if len(pairs) < PAIRS or chance - least < (PAIRS if self.classes else 0) or chance <= least:
            return 0.0
        trimmed = 0 if self.classes else int(TRIMMED * len(pairs))
        left = np.partition(pairs, len(pairs) - trimmed - 1)[: len(pairs) - trimmed].sum()
        return 1 - max(float(left) - least, 0.0) / (chance - least)

    def unlike(self) -> FloatArray:
        """(rows - 1,) of each row and the next."""
        steps = np.diff(self.values)
        return (steps != 0).astype(float) if self.classes else steps**2

    def by_chance(self) -> float:
        """The mean over all pairs of rows."""
        rows = len(self.values)
        if self.classes:
            counts = np.unique(self.values, return_counts=True)[1]
            return float(1 - (counts * (counts - 1)).sum() / (rows * (rows - 1)))
        return float(2 * self.values.var() * rows / (rows - 1))

    def least(self) -> float:
        return float(_Target(np.sort(self.values), self.classes).unlike().sum())


@dataclass(frozen=True)
class _Found:
    told: float
    rows: NDArray[np.bool_]


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """Features that determine a target in the training rows."""
    rows = np.flatnonzero(~test)
    # Equal values lie next to each other in a random order: that of the file may be the order of the target.
    training = dataset.take(rows[np.random.default_rng(0).permutation(len(rows))])
    features = features_of(training)
    for name, target in zip(training.schema.targets, training.target.T, strict=False):
        counted_rows = _rows_that_count(target, bool(training.schema.classes))
        for cells in features:
            found = _looked_at(cells, target, counted_rows, bool(training.schema.classes))
            if found is not None:
                yield _alarm(name, target, cells, found)


def _rows_that_count(target: FloatArray, classes: bool) -> NDArray[np.bool_]:
    """(rows,) without those of a number that is most of the target: a feature may well tell where a count is 0."""
    known = np.isfinite(target)
    values, counts = np.unique(target[known], return_counts=True)
    if classes or len(values) <= 2 or 2 * counts.max() <= known.sum():
        return known
    return np.asarray(known & (target != values[counts.argmax()]))


def _looked_at(cells: Cells, target: FloatArray, rows: NDArray[np.bool_], classes: bool) -> _Found | None:
    """Among all rows, where that a cell is missing may tell something, and among those where it is known."""
    for chosen in (rows, rows & cells.known) if (rows & ~cells.known).any() else (rows,):
        if chosen.sum() > PAIRS:
            told = _told(cells, cells.values[chosen], target[chosen], classes)
            if told > 0:
                return _Found(told, chosen)
    return None


def _told(cells: Cells, feature: FloatArray | IntArray, target: FloatArray, classes: bool) -> float:
    """What the feature tells, where it is enough to determine the target; else 0."""
    classes = classes or len(np.unique(target)) <= 2
    whole = _Target(np.unique(target, return_inverse=True)[1].astype(float) if classes else ranks_of(target), classes)
    enough = TOLD_OF_CLASSES if classes else TOLD_OF_RANKS
    order = np.argsort(feature, kind="stable")
    ordered, moved = feature[order], whole.take(order)
    equal = (ordered[1:] == ordered[:-1]) | ((ordered[1:] != ordered[1:]) & (ordered[:-1] != ordered[:-1]))
    told = moved.told(np.ones_like(equal), least=whole.least()) if cells.column.numeric else 0.0
    if told >= enough and (classes or _one_to_one(feature, target)):
        return told
    if len(feature) >= REPEATS * (1 + (~equal).sum()):
        told = moved.told(equal, least=0.0)
        return told if told >= enough else 0.0
    return 0.0


def _one_to_one(feature: FloatArray | IntArray, target: FloatArray) -> bool:
    """Whether the target tells the feature too: a smooth curve over time, say, is no copy of the time."""
    back = _Target(ranks_of(feature), classes=False)
    moved = back.take(np.argsort(target, kind="stable"))
    return moved.told(np.ones(len(target) - 1, dtype=bool), least=back.least()) >= TOLD_OF_RANKS


def _alarm(name: str, target: FloatArray, cells: Cells, found: _Found) -> Alarm:
    rows = int(found.rows.sum())
    line = _line(cells.values[found.rows], target[found.rows]) if cells.column.numeric else None
    formula = "" if line is None else f"; '{name}' is {line[0]:.6g} times it" + _plus(line[1])
    return Alarm(
        name="determined_target",
        columns=(cells.name, name),
        sentence=(
            f"'{cells.name}' determines the target '{name}': in {counted(rows, 'training row')} it tells "
            f"{percent(found.told)} of how the target differs from row to row, where a shuffled column tells none"
            f"{formula}."
        ),
        advice=(
            f"If it is known only once the target is, `--ignore {cells.option}` leaves it out; if it names what was "
            f"measured several times, `--group {cells.option}` keeps such rows together."
        ),
        evidence={
            "target": name,
            "told": round(found.told, 6),
            "training_rows": rows,
            **({} if line is None else {"slope": line[0], "intercept": line[1]}),
        },
    )


def _line(feature: FloatArray | IntArray, target: FloatArray) -> tuple[float, float] | None:
    """Slope and intercept, where the target is the feature times a number, plus one."""
    if not np.isfinite(feature).all() or feature.std() == 0:
        return None
    centre, middle = feature.mean(), target.mean()
    slope = float(((feature - centre) * (target - middle)).sum() / ((feature - centre) ** 2).sum())
    intercept = float(middle - slope * centre)
    rest = np.abs(target - slope * feature - intercept).max()
    if rest > LINEAR * max(np.abs(target).max(), np.abs(slope * feature).max()):
        return None
    return slope, 0.0 if abs(intercept) <= LINEAR * np.abs(target).max() else intercept


def _plus(intercept: float) -> str:
    return f" {'plus' if intercept > 0 else 'minus'} {abs(intercept):.6g}" if intercept else ""
