"""Numbers of tasks by their names, for rows that come without a DataFrame."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from mthn_automl.data.dataset import IntArray, TaskTable
from mthn_automl.data.metadata import extend_tasks
from mthn_automl.data.names import canonical
from mthn_automl.deployment.one_row import is_missing
from mthn_automl.errors import DataError

_WHOLE = re.compile(r"-?\d+")
NEVER_SEEN = -1
"""As the number of a task: one that was never seen."""


class TaskNumbers:
    """Numbers of tasks by their names, for rows that come without a DataFrame."""

    def __init__(self, tasks: TaskTable, spare: TaskTable) -> None:
        self._tasks, self._spare = tasks, spare
        self._known = {name: number for number, name in enumerate(tasks.names)}
        self._described = frozenset(spare.names)
        self._named_by_numbers = any(_WHOLE.fullmatch(name) for name in tasks.names)

    def find(self, task: object) -> int | str:
        """The number of a known task; of another its name where its metadata are known, else ''.

        Tasks that give the same are predicted alike.

        Raises:
            DataError: None or NaN.
        """
        number = self._known.get(task) if isinstance(task, str) else None
        if number is not None:
            return number
        name = _checked(task)
        return self._known.get(name, name if name in self._described else "")

    def extended(self, new: Sequence[str]) -> TaskTable:
        """The tasks of training, then the new ones with such metadata as are known."""
        return extend_tasks(self._tasks, self._spare, new)[0] if new else self._tasks

    def of_rows(self, task: ArrayLike) -> tuple[IntArray, TaskTable]:
        """(rows,) numbers, and the tasks they count.

        Raises:
            DataError: not one name or number a row, a number that no task has, None or NaN.
        """
        given = _one_dimension(task)
        if given.ndim != 1:
            raise DataError(f"There must be one task a row, however the shape of the tasks is {given.shape}.")
        if np.issubdtype(given.dtype, np.integer) and not self._named_by_numbers:
            return self._numbers(given)
        return self._names(given)

    def _numbers(self, given: IntArray) -> tuple[IntArray, TaskTable]:
        wrong = (given < NEVER_SEEN) | (given >= len(self._tasks))
        if wrong.any():
            raise DataError(
                f"Numbers of tasks must lie between 0 and {len(self._tasks) - 1}, or be {NEVER_SEEN} for a task never "
                f"seen, however there is {given[wrong][0]}; `tasks` of the model lists the names in order."
            )
        new = given == NEVER_SEEN
        return np.where(new, len(self._tasks), given).astype(np.int64), self.extended([""] if new.any() else [])

    def _names(self, given: np.ndarray) -> tuple[IntArray, TaskTable]:
        names, place = given.tolist(), None
        if given.dtype.kind in "iu":  # text is looked up faster than sorted, numbers the other way round
            distinct, place = np.unique(given, return_inverse=True)
            names = distinct.tolist()
        found = list(map(self._known.get, names))
        new: dict[str, int] = {}
        for index in [index for index, number in enumerate(found) if number is None]:
            known = self.find(names[index])
            found[index] = known if isinstance(known, int) else new.setdefault(known, len(self._tasks) + len(new))
        numbers = np.array(found, dtype=np.int64)
        return numbers if place is None else numbers[place], self.extended(list(new))


def _one_dimension(task: ArrayLike) -> np.ndarray:
    """As an array of objects where NumPy would write numbers and gaps as text."""
    try:
        given = np.asarray(task)
    except ValueError:
        raise DataError("There must be one task a row, however they are nested; give a list of names.") from None
    return np.asarray(task, dtype=object) if given.dtype.kind == "U" and not isinstance(task, np.ndarray) else given


def _checked(task: object) -> str:
    """The name of a task as in data that were read."""
    if is_missing(task):
        raise DataError("Every row must name its task, however there is one without; fill it in.")
    if not pd.api.types.is_scalar(task) or isinstance(task, bytes):
        raise DataError(f"A task must be given by its name, however there is {task!r}.")
    return canonical(task)
