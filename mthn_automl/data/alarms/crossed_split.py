"""Test rows that the user has named, and that share groups with training rows, or come before them.

Ways that draw test rows keep groups together, and later rows last; rows that a column or a file names may not be so.
"""

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.alarms.parts.alarm import Alarm, Sees, percent
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.names import counted

SEES: Final = Sees.TASKS


def find(dataset: Dataset, test: NDArray[np.bool_]) -> Iterator[Alarm]:
    """By group, and by time."""
    if not test.any() or test.all():
        return
    if dataset.keys.groups_asked and dataset.group is not None:
        crossed = test & np.isin(dataset.group, dataset.group[~test])
        if crossed.any():
            yield _of_groups(dataset, test, crossed)
    if dataset.keys.time is not None:
        earlier = test & _before_training(dataset, test)
        if earlier.any():
            yield _of_times(test, earlier)


def _before_training(dataset: Dataset, test: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(rows,) true where a training row of the same task is later; of a task that has none, where all of them are."""
    time = dataset.keys.time
    assert time is not None
    known = ~test & np.isfinite(time)
    last = np.full(1 + int(dataset.task.max()), -np.inf)
    last[np.bincount(dataset.task[~test], minlength=len(last)) == 0] = time[known].min(initial=np.inf)
    np.maximum.at(last, dataset.task[known], time[known])
    return np.asarray(time < last[dataset.task])


def _of_groups(dataset: Dataset, test: NDArray[np.bool_], crossed: NDArray[np.bool_]) -> Alarm:
    assert dataset.group is not None
    rows, groups = int(crossed.sum()), len(np.unique(dataset.group[crossed]))
    return Alarm(
        name="crossed_split",
        columns=(),
        sentence=(
            f"{rows:,} of {counted(int(test.sum()), 'test row')} ({percent(rows / int(test.sum()))}) "
            f"{'is' if rows == 1 else 'are'} of {counted(groups, 'group')} that training rows are of, too, though "
            "--group asks that groups are kept together: their error is not that on groups never seen."
        ),
        advice=(
            "Name test rows by whole groups in --split or --test, or leave both out, so that whole groups are drawn."
        ),
        evidence={"kind": "group", "rows": rows, "groups": groups, "test_rows": int(test.sum())},
    )


def _of_times(test: NDArray[np.bool_], earlier: NDArray[np.bool_]) -> Alarm:
    rows = int(earlier.sum())
    return Alarm(
        name="crossed_split",
        columns=(),
        sentence=(
            f"{rows:,} of {counted(int(test.sum()), 'test row')} ({percent(rows / int(test.sum()))}) "
            f"{'comes' if rows == 1 else 'come'} before training rows of the same task, or before all of them, though "
            "--time asks for later ones: their error is not that on what comes later."
        ),
        advice="Name later rows in --split or --test, or leave both out, so that each task's last rows are held out.",
        evidence={"kind": "time", "rows": rows, "test_rows": int(test.sum())},
    )
