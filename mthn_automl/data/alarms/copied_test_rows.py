"""Test rows that equal training rows, features and target.

By chance rows that are equal in all columns are far rarer than rows that are equal in all but one. Copies are not.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees, percent
from mthn_automl.data.alarms.parts.columns import Keys, cell_keys, features_of, mostly_known, row_keys
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted

SEES: Final = Sees.TASKS
COPIES = 3
"""Fewest test rows that are copies."""
BEYOND_NEAR = 2.0
"""Times as many copies as rows that are equal in all columns but one."""
LOOKED_AT = 2_000
"""Test rows of which near copies are looked for."""


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """Test rows of which there is a copy among the training rows."""
    features = features_of(dataset)
    columns = [*(each.values for each in features), *dataset.target.T]
    if not test.any() or test.all() or not columns:
        return
    keys = row_keys(columns, len(dataset))
    copied = np.isin(keys, keys[~test]) & test & mostly_known(features, len(dataset))
    if copied.sum() < COPIES:
        return
    rows = np.flatnonzero(test)[:: -(-int(test.sum()) // LOOKED_AT)]
    near = _near(columns, keys, np.flatnonzero(~test), rows)
    if copied[rows].sum() > BEYOND_NEAR * near:
        yield _alarm(dataset, test, keys, copied)


def _near(columns: list[FloatArray | IntArray], keys: Keys, training: IntArray, rows: IntArray) -> int:
    """How often one of `rows` equals a training row in all columns but one, over rows and columns."""
    equal, near = _matches(keys[training], keys[rows]), 0
    for salt, values in enumerate(columns):
        rest = keys - cell_keys(values, salt)
        near += int((_matches(rest[training], rest[rows]) > equal).sum())
    return near


def _matches(among: Keys, keys: Keys) -> IntArray:
    """(keys,) how often each occurs."""
    ordered = np.sort(among)
    return np.searchsorted(ordered, keys, side="right") - np.searchsorted(ordered, keys, side="left")


def _alarm(dataset: Dataset, test: NDArray[np.bool_], keys: Keys, copied: NDArray[np.bool_]) -> Alarm:
    own = keys + cell_keys(dataset.task.astype(np.int64), -1 & 0xFFFF)
    same, rows = int((np.isin(own, own[~test]) & copied).sum()), int(copied.sum())
    return Alarm(
        name="copied_test_rows",
        columns=(),
        sentence=(
            f"{rows:,} of {counted(int(test.sum()), 'test row')} ({percent(rows / int(test.sum()))}) "
            f"{'equals' if rows == 1 else 'equal'} a training row in all features and the target, {same:,} of them one "
            f"of the same task and {rows - same:,} one of another task only: a model can answer these from memory."
        ),
        advice=(
            "Leave copies out of the data, or keep them together in training or test: `--group auto` does so with rows "
            "of identical features."
        ),
        evidence={
            "copied_test_rows": rows,
            "of_the_same_task": same,
            "of_another_task": rows - same,
            "test_rows": int(test.sum()),
        },
    )
