"""Rows of identical features in several tasks, as where the same person answers in each.

Equal rows are common where there are few columns of few values. Three things tell persons from that: rows are equal
much more often than they were if the columns had nothing to do with each other; between tasks much more often than
within one; and the values could make more rows than there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees, percent
from mthn_automl.data.alarms.parts.columns import Cells, features_of, mostly_known, row_keys
from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted

SEES: Final = Sees.TASKS
GROUPS, ROWS, SHARE = 3, 10, 0.01
"""Fewest groups of equal rows, fewest rows in these, and the fewest of all rows."""
BEYOND_CHANCE = 5.0
BEYOND_CHANCE_ALONE = 100.0
"""The same where tasks are too small to say how often rows are equal within them."""
BEYOND_WITHIN = 3.0
EXPECTED = 5.0


@dataclass(frozen=True)
class _Equal:
    """How often two rows are equal.

    Attributes:
        between: share of the pairs of rows of two tasks.
        within: share of the pairs of rows of one task.
        pairs_within: how many of these there are.
    """

    between: float
    within: float
    pairs_within: float


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """Groups of rows with the same features in several tasks; none where what belongs together is kept together."""
    if dataset.group is not None:
        return
    features = features_of(dataset)
    if len(dataset) < ROWS or len(features) < 2 or len(np.unique(dataset.task)) < 2:
        return
    group = np.unique(row_keys((each.values for each in features), len(dataset)), return_inverse=True)[1]
    shared = (_tasks_of(group, dataset.task)[group] > 1) & mostly_known(features, len(dataset))
    if shared.sum() < max(ROWS, SHARE * len(dataset)) or len(np.unique(group[shared])) < GROUPS:
        return
    equal, chance = _equal(group, dataset.task), _by_chance(features)
    if chance is not None and _beyond_chance(equal, chance):
        yield _alarm(group[shared], dataset.task[shared], len(dataset), equal, chance)


def _tasks_of(group: IntArray, task: IntArray) -> IntArray:
    """(groups,) number of tasks in which each occurs."""
    tasks = int(task.max()) + 1
    return np.bincount(np.unique(group * tasks + task) // tasks)


def _equal(group: IntArray, task: IntArray) -> _Equal:
    tasks = int(task.max()) + 1
    cells = np.unique(group * tasks + task, return_counts=True)[1].astype(float)
    together, sizes = np.bincount(group).astype(float), np.bincount(task).astype(float)
    pairs_within = float((sizes * (sizes - 1)).sum() / 2)
    pairs_between = (len(group) ** 2 - (sizes**2).sum()) / 2
    between = ((together**2).sum() - (cells**2).sum()) / 2 / pairs_between
    within = (cells * (cells - 1)).sum() / 2 / max(pairs_within, 1)
    return _Equal(float(between), float(within), pairs_within)


def _by_chance(features: list[Cells]) -> float | None:
    """How often two rows were equal if the columns were independent; None where there are more rows than values make.

    Columns that never change say nothing, and one alone is equal as often as it is.
    """
    counts = [each for cells in features if len(each := np.bincount(cells.codes)) > 1]
    rows = len(features[0].values)
    if len(counts) < 2 or np.log([len(each) for each in counts]).sum() <= np.log(rows):
        return None
    return float(np.prod([(each * (each - 1.0)).sum() / (rows * (rows - 1.0)) for each in counts]))


def _beyond_chance(equal: _Equal, chance: float) -> bool:
    unsure = equal.between * equal.pairs_within < EXPECTED
    beyond = BEYOND_CHANCE_ALONE if unsure else BEYOND_CHANCE
    return equal.between > max(beyond * chance, BEYOND_WITHIN * equal.within)


def _alarm(group: IntArray, task: IntArray, rows: int, equal: _Equal, chance: float) -> Alarm:
    groups, tasks = len(np.unique(group)), len(np.unique(task))
    return Alarm(
        name="shared_rows",
        columns=(),
        sentence=(
            f"{counted(groups, 'group')} of rows have identical features in several tasks, with "
            f"{counted(len(group), 'row')} ({percent(len(group) / rows)}) in {counted(tasks, 'task')}, as where the "
            "same person answers in each; a row in one task may betray its twin in another."
        ),
        advice="`--group auto` keeps rows of identical features together in training or test.",
        evidence={
            "groups": groups,
            "rows": len(group),
            "tasks": tasks,
            "equal_between_tasks": equal.between,
            "equal_within_tasks": equal.within,
            "equal_by_chance": chance,
        },
    )
