"""Test rows that equal training rows, features and target.

By chance rows that are equal in all columns are far rarer than rows that are equal in all but one. Copies are not.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, percent
from mthn_automl.data.alarms.parts.columns import Keys, cell_keys, features_of, mostly_known, row_keys
from mthn_automl.data.dataset import Dataset, IntArray
from mthn_automl.data.names import counted

SAMPLED: Final = False
COPIES = 3
"""Fewest test rows that are copies."""
BEYOND_NEAR = 2.0
"""Times as many copies as rows that are equal in all columns but one."""
FINE = 0.99
"""Share of the targets of rows without copies that must differ, for a target to be a name of its row."""
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
    known = row_keys((each.values for each in features), len(dataset))
    parts = [cell_keys(each.values, salt) for salt, each in enumerate(features)]
    # Where no two rows have the same target but copies, that it is the same is no chance, whatever the features are.
    parts += [] if _is_fine(keys, keys - known) else [keys - known]
    if copied[rows].sum() > BEYOND_NEAR * _near(keys, parts, np.flatnonzero(~test), rows):
        yield _alarm(dataset, test, keys, copied)


def _near(keys: Keys, parts: list[Keys], training: IntArray, rows: IntArray) -> int:
    """How often one of `rows` equals a training row in all parts but one, over rows and parts."""
    equal = _matches(keys[training], keys[rows])
    rests = (keys - part for part in parts)
    return sum(int((_matches(rest[training], rest[rows]) > equal).sum()) for rest in rests)


def _is_fine(keys: Keys, target: Keys) -> bool:
    """Whether rows that are no copies hardly ever have the same target."""
    _, first, count = np.unique(keys, return_index=True, return_counts=True)
    own = target[first[count == 1]]
    return len(np.unique(own)) >= FINE * len(own)


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
