"""The task that makes most of the error on the test rows, where one does."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from mthn_automl.analysis.predicted import compared_by
from mthn_automl.data.names import counted
from mthn_automl.data.schema import Problem
from mthn_automl.report.page.section import Found
from mthn_automl.report.theme import loss_of, spoken
from mthn_automl.report.wording import digits, percent

MOST: Final = 0.5
"""Of the loss of all test rows, from which a task is named."""

OUT_OF_PROPORTION: Final = 1.5
"""Times its share of the rows, which the share of its loss must be, too: a task of most rows makes most of the loss."""

SAME: Final = 1e-3
"""The share by which the error that is made of those of the tasks may differ from the test error, at the most."""

ROOTS: Final = frozenset({"rmse", "rmsle"})
"""Metrics that are roots of means over rows."""


@dataclass(frozen=True)
class Heaviest:
    """A task that makes most of the loss of the test rows.

    Attributes:
        task: its name.
        loss: what the losses are called.
        share: of the loss of all test rows.
        rows, of_rows: its test rows, and all.
        error: on all test rows, as `name` calls it.
        without: the same on all but those of this task.
    """

    task: str
    loss: str
    share: float
    rows: int
    of_rows: int
    name: str
    error: float
    without: float

    @property
    def sentence(self) -> str:
        """For what is said of the tasks."""
        rows = f"{self.rows:,} of {counted(self.of_rows, 'row')}"
        return (
            f"On the test rows one task, {self.task}, with {rows}, makes {percent(self.share)} of the {self.loss}: the "
            f"{self.name} of all test rows is {digits(self.error)}, and {digits(self.without)} without this task."
        )

    @property
    def advice(self) -> str:
        """What to look at."""
        return (
            f"Look at the {counted(self.rows, 'test row')} of {self.task}: {percent(self.share)} of the {self.loss} on "
            f"the test rows is made there; without this task the test {self.name} is {digits(self.without)} and not "
            f"{digits(self.error)}."
        )


def heaviest(found: Found) -> Heaviest | None:
    """None where no task makes so much of it, or the test error is not made of those of the tasks by their rows alone.

    Of errors over tasks each task counts once, and its loss is its error.
    """
    table, error = found.table("tasks"), found.summary["best"].get(found.test_columns[0])
    if not error or not len(table) or not _of_rows(found):
        return None
    table = table[table["test_error"].notna()]
    power = 2 if found.metric in ROOTS and not _of_tasks(found) else 1
    rows = table["test_rows"].to_numpy(dtype=np.float64)
    weight = np.minimum(rows, 1.0) if _of_tasks(found) else rows
    loss = weight * table["test_error"].to_numpy(dtype=np.float64) ** power
    if not loss.sum() > 0 or not math.isclose((loss.sum() / weight.sum()) ** (1 / power), error, rel_tol=SAME):
        return None
    place = int(loss.argmax())
    share = float(loss[place] / loss.sum())
    if share <= max(MOST, OUT_OF_PROPORTION * weight[place] / weight.sum()):
        return None
    others = np.arange(len(loss)) != place
    return Heaviest(
        task=str(table["task"].iloc[place]),
        loss=_loss(found),
        share=share,
        rows=int(rows[place]),
        of_rows=int(rows.sum()),
        name=spoken(found.metric, found.average),
        error=float(error),
        without=float((loss[others].sum() / weight[others].sum()) ** (1 / power)),
    )


def _of_tasks(found: Found) -> bool:
    return found.average == "tasks"


def _of_rows(found: Found) -> bool:
    """Whether the metric is a function of one mean over rows."""
    return compared_by(found.metric, Problem(found.summary["problem"])) == found.metric


def _loss(found: Found) -> str:
    return "sum of the errors of tasks" if _of_tasks(found) else loss_of(found.metric, found.summary["problem"])
