"""Metadata that are a statistic of their task's target: its mean, its first value, its number of rows.

What was known before the rows were measured differs from a statistic at least by the luck of these rows, which its
standard error says. What was computed from the rows does not.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees
from mthn_automl.data.alarms.parts.columns import Cells, features_of, metadata_of
from mthn_automl.data.alarms.parts.statistics import Statistic, statistics_of
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted

SEES: Final = Sees.TASKS
TASKS_EQUAL, TASKS_LINEAR, VALUES = 5, 8, 5
"""Fewest tasks in which a column equals a statistic, or is a line through it, and fewest values of both for a line."""
CHANCE = 14.0
"""How unlikely it must be that a column is so by chance: a probability of exp(-14), about one in a million."""
NORMAL = 4.75
"""What a normal variable falls below, with the sign turned, with that probability."""
LUCK = 0.05
"""Most that an equal column may differ from a statistic: a share of the variance that is the luck of the rows."""
CORRELATION = 0.95
EXACT = 1e-12
SHIFTS = 20


@dataclass(frozen=True)
class _Match:
    """A statistic that a column is.

    Attributes:
        equal: it is the statistic itself; else a line through it.
        left: the variance in which they differ, as a share of the luck of the rows.
    """

    statistic: Statistic
    equal: bool
    left: float
    correlation: float
    tasks: int


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """Numbers of tasks, among the metadata or constant within each task, that a target gives; the best match of each.

    Test rows count: it is their target that such a column betrays.
    """
    if len(dataset) == 0 or dataset.target.shape[1] == 0:
        return
    statistics = list(statistics_of(dataset))
    for cells in (*metadata_of(dataset), *_constant_within_tasks(dataset)):
        if cells.column.numeric:
            numbers = cells.values.astype(float)
            found = [match for each in statistics if (match := _match(numbers, each)) is not None]
            if found:
                yield _alarm(cells, min(found, key=lambda match: (not match.equal, match.left)))


def _constant_within_tasks(dataset: Dataset) -> Iterator[Cells]:
    """Numeric features that are metadata in all but name, one cell a task; gaps do not count."""
    tasks, task = len(dataset.tasks), dataset.task
    if len(dataset) < 2 * len(np.unique(task)):
        return
    for cells in features_of(dataset):
        if not cells.column.numeric:
            continue
        known, of_task = cells.known, np.full(tasks, np.nan)
        of_task[task[known]] = cells.values[known]
        if (cells.values[known] == of_task[task[known]]).all():
            yield Cells(cells.column, of_task)


def _match(column: FloatArray, statistic: Statistic) -> _Match | None:
    known = np.isfinite(column) & np.isfinite(statistic.values) & np.isfinite(statistic.error)
    if known.sum() < TASKS_EQUAL:
        return None
    column, values, luck = column[known], statistic.values[known], statistic.error[known] ** 2
    correlation = _correlation(column, values)
    if _is_equal(column, values, luck):
        left = float(((column - values) ** 2).sum() / luck.sum()) if luck.any() else 0.0
        return _Match(statistic, True, left, correlation, len(column))
    rest = _left_of_line(column, values, luck)
    if statistic.line and abs(correlation) >= CORRELATION and rest is not None:
        return _Match(statistic, False, rest, correlation, len(column))
    return None


def _correlation(one: FloatArray, other: FloatArray) -> float:
    one, other = one - one.mean(), other - other.mean()
    scale = np.sqrt((one**2).sum() * (other**2).sum())
    return float((one * other).sum() / scale) if scale > 0 else 0.0


def _is_equal(column: FloatArray, values: FloatArray, luck: FloatArray) -> bool:
    """Up to the decimals of the column, where it would hardly agree with the statistics of other tasks."""
    near = _rounding(column) + EXACT * np.abs(values)
    differ = np.abs(column - values)
    if (differ > near).any() or (differ**2).sum() > LUCK * luck.sum() + (EXACT * np.abs(values).max()) ** 2:
        return False
    shifts = range(1, min(len(column), SHIFTS + 1))
    hits = sum(int((np.abs(column - np.roll(values, shift)) <= near).sum()) for shift in shifts)
    return -len(column) * float(np.log((hits + 1) / (len(column) * len(shifts) + 1))) >= CHANCE


def _rounding(column: FloatArray) -> float:
    """Half a unit of the last decimal that is written."""
    for decimals in range(10):
        scaled = column * 10.0**decimals
        if np.abs(scaled - np.round(scaled)).max() <= 1e-6:
            return 0.5 * 10.0**-decimals * (1 + 1e-6)
    return float(1e-9 * np.abs(column).max())


def _left_of_line(column: FloatArray, values: FloatArray, luck: FloatArray) -> float | None:
    """What a line leaves, as a share of the luck of the rows, where luck would hardly leave so little."""
    tasks = len(column)
    if tasks < TASKS_LINEAR or min(len(np.unique(column)), len(np.unique(values))) < VALUES:
        return None
    centred, moved = column - column.mean(), values - values.mean()
    rest = moved - (centred * moved).sum() / (centred**2).sum() * centred
    if (rest**2).sum() <= EXACT * (moved**2).sum():
        return 0.0
    if luck.sum() == 0:
        return None
    left = float((rest**2).sum() / (tasks - 2) / luck.mean())
    freedom = min(tasks - 2.0, luck.sum() ** 2 / max((luck**2).sum(), 1e-300))
    return left if left <= _lowest_by_luck(freedom) else None


def _lowest_by_luck(freedom: float) -> float:
    """The share of a variance below which its estimate hardly falls (Wilson and Hilferty's approximation)."""
    if freedom < 1:
        return 0.0
    width = 2 / (9 * freedom)
    return max(1 - width - NORMAL * float(np.sqrt(width)), 0.0) ** 3


def _alarm(cells: Cells, match: _Match) -> Alarm:
    statistic, tasks = match.statistic, counted(match.tasks, "task")
    if match.equal:
        how = f"equals {statistic.name} of '{statistic.of}', up to its decimals, in all {tasks} that have both"
    else:
        how = (
            f"is a line through {statistic.name} of '{statistic.of}' (correlation {match.correlation:.6f} over "
            f"{tasks}, and they differ by {np.sqrt(match.left):.2g} times what the luck of a task's rows would leave)"
        )
    return Alarm(
        name="metadata_statistic",
        columns=(cells.name, statistic.of),
        sentence=f"'{cells.name}' {how}: it was probably computed from the rows, the test rows among them.",
        advice=f"`--ignore {cells.option}` leaves it out; keep it if it is known before any row is measured.",
        evidence={
            "statistic": statistic.name,
            "of": statistic.of,
            "equal": int(match.equal),
            "correlation": match.correlation,
            "left": match.left,
            "tasks": match.tasks,
        },
    )
