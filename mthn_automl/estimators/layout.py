"""X, y, tasks and weights as one table, and metadata beside it, under names that fit chooses once."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_array, check_consistent_length

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.names import listed
from mthn_automl.errors import DataError, UsageError, did_you_mean

USUAL_TASK = "task"
THE_ONE_TASK = "all"
"""The name of the task where there is one only."""


@dataclass(frozen=True)
class Layout:
    """Names of the columns of the table.

    Attributes:
        features: the columns of X in their order; one that names tasks is among them where it stands there.
        task: the columns that name each row's task.
        tasks_from: columns of X, an array that is given beside it, or nothing, where all rows are one task.
        targets: the columns of y; none when rows are predicted.
        weight: the column of sample weights; None: there are none.
    """

    features: tuple[str, ...]
    task: tuple[str, ...]
    tasks_from: Literal["columns", "array", "nothing"]
    targets: tuple[str, ...] = ()
    weight: str | None = None

    @classmethod
    def of(cls, features: Sequence[str], task: Any, usual: str | Sequence[str] | None) -> "Layout":
        """task: as given to fit; usual: as given to the estimator.

        Raises:
            UsageError: a column is named that X does not have.
        """
        named = task if isinstance(task, str) else usual if task is None else None
        if task is not None and not isinstance(task, str):
            return cls(tuple(features), (_free(_name_of(task, USUAL_TASK), features),), "array")
        columns = (named,) if isinstance(named, str) else tuple(named or ())
        for name in columns:
            if name not in features:
                raise UsageError(f"task must name a column of X, however there is no '{name}'; {_hint(name, features)}")
        if not columns and USUAL_TASK in features:
            columns = (USUAL_TASK,)
        if columns:
            return cls(tuple(features), columns, "columns")
        return cls(tuple(features), (USUAL_TASK,), "nothing")

    def with_targets(self, names: Sequence[str], *, weighted: bool) -> "Layout":
        """With columns of y, and of weights where there are any, that are called otherwise than those of X."""
        taken = [*self.features, *self.task]
        targets: list[str] = []
        for name in names:
            targets.append(_free(name, [*taken, *targets]))
        return replace(self, targets=tuple(targets), weight=_free("weight", [*taken, *targets]) if weighted else None)

    def rows(self, X: pd.DataFrame, task: Any) -> pd.DataFrame:
        """The features, and the task of each row.

        Raises:
            DataError: the tasks of the rows are not known. UsageError: tasks where fit had none.
        """
        frame = X.set_axis(list(self.features), axis=1).reset_index(drop=True)
        if isinstance(task, str):
            if (task,) == self.task and self.tasks_from == "columns":
                return frame
            raise UsageError(
                f"task must be an array of names, a row each, however it is '{task}'; a column of X is named in fit, "
                "or when the estimator is made."
            )
        if task is None:
            return self._with_known_tasks(frame)
        if self.tasks_from == "nothing":
            raise UsageError("All rows were one task in fit, however task is given now; leave it out, or fit with it.")
        if len(self.task) > 1:
            raise UsageError(
                f"Tasks are named by the columns {listed(self.task)} of X, however task is given as an array; leave it "
                "out."
            )
        check_consistent_length(frame, task)
        names = np.asarray(task, dtype=object)
        if names.ndim != 1:
            raise DataError(f"There must be one task a row, however the shape of task is {names.shape}.")
        return frame.assign(**{self.task[0]: names})

    def _with_known_tasks(self, frame: pd.DataFrame) -> pd.DataFrame:
        if self.tasks_from == "array":
            raise DataError(
                "The task of each row must be given, as it was in fit, however task is None; give an array of names. "
                "Behind a pipeline or a search, set_predict_request(task=True) passes it on."
            )
        return frame if self.tasks_from == "columns" else frame.assign(**{self.task[0]: THE_ONE_TASK})

    def metadata(self, given: Any) -> pd.DataFrame | None:
        """A row a task, whose name is in the columns that name tasks, or else in the index.

        Raises:
            UsageError: no DataFrame. DataError: nothing in it names the tasks.
        """
        if given is None:
            return None
        if not isinstance(given, pd.DataFrame):
            raise UsageError(
                f"metadata must be a DataFrame, a row a task, however it is of type {type(given).__name__}; make one "
                "with the names of the tasks as its index."
            )
        if any(name in given.columns for name in self.task):
            return given
        if given.index.nlevels != len(self.task):
            raise DataError(
                f"metadata must name its tasks in the columns {listed(self.task)} or in the index, however it has "
                f"none of these columns, and the levels of its index are {given.index.nlevels}."
            )
        return given.reset_index(names=list(self.task))


def weights_of(given: Any, rows: Any) -> FloatArray | None:
    """(rows,) what each row counts.

    Raises:
        ValueError: no numbers, another length. DataError: below zero, or all zero.
    """
    if given is None:
        return None
    weight = np.asarray(check_array(given, ensure_2d=False, dtype=np.float64, input_name="sample_weight"))
    check_consistent_length(rows, weight)
    if weight.ndim != 1:
        raise DataError(f"sample_weight must have one number a row, however its shape is {weight.shape}.")
    if (weight < 0).any():
        raise DataError(f"Sample weights must not be below zero, however one is {weight.min():g}.")
    if not weight.any():
        raise DataError("Some rows must count, however every sample weight is zero.")
    return weight


def target_names(y: Any, count: int) -> list[str]:
    """As the columns of y are called, where they are."""
    if isinstance(y, pd.DataFrame):
        return [str(name) for name in y.columns]
    if count == 1:
        return [_name_of(y, "target")]
    return [f"target{index + 1}" for index in range(count)]


def _name_of(given: Any, usual: str) -> str:
    """Of a Series, the name it has."""
    name = given.name if isinstance(given, pd.Series) else None
    return name if isinstance(name, str) and name.strip() else usual


def _free(name: str, taken: Collection[str]) -> str:
    """The name, with as many underscores behind it as set it apart."""
    while name in taken:
        name += "_"
    return name


def _hint(name: str, features: Sequence[str]) -> str:
    return f"{did_you_mean(name, features)} An array of names may be given to fit in its place."
