"""Rows of which no interval can be stated at the level asked for, or a mere estimate, counted over all pieces."""

from collections.abc import Iterator

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.names import counted
from mthn_automl.data.schema import Schema
from mthn_automl.deployment.calibration.intervals import Intervals, check_level
from mthn_automl.errors import UsageError

KINDS = ("tasks that training has seen", "tasks that training has not seen")
ESTIMATE = (
    "an estimate and no guarantee, by known tasks that the model was not told: they may hold less often than they say; "
    "a search with --holdout-tasks measures them"
)
"""What intervals of tasks never seen are where the model's residuals of such are estimated."""


def refuse_level(intervals: Intervals | None, schema: Schema, level: float | None) -> None:
    """Raise a UsageError where a level is asked for and it is none, or a model of this schema states no intervals."""
    if level is None:
        return
    check_level(level)
    if schema.classes:
        raise UsageError(
            "An interval must be one of numbers, however this model predicts classes; their probabilities say how "
            "sure it is."
        )
    if intervals is None:
        raise UsageError(
            "An interval needs a model that keeps residuals of rows it had not seen, however this one has none: "
            "it has no calibration.json, or is asked at another preference; `mthn-automl search` makes one."
        )


class Unstated:
    """Rows whose low and high are missing, or estimated, and why.

    Args:
        intervals: of the model; None: it states none.
        level: that is asked for; None: no intervals are.
    """

    def __init__(self, intervals: Intervals | None, level: float | None) -> None:
        self._asked = None if intervals is None or level is None else (intervals, level)
        self.begin()

    def begin(self) -> None:
        """Count from the first row on."""
        self._rows = np.zeros(len(KINDS), dtype=np.int64)

    def enter(self, task: IntArray) -> None:
        """Count rows. task: (rows,) as of `Intervals.bounds`."""
        if self._asked is not None:
            self._rows += np.bincount(task >= self._asked[0].tasks, minlength=len(KINDS))

    def refuse(self) -> None:
        """Raise a UsageError where there are rows, and none of them has an interval."""
        reasons = [each for rows, each in zip(self._rows, self._reasons, strict=True) if rows]
        if reasons and all(map(all, reasons)):
            raise UsageError(reasons[0][0])

    @property
    def notes(self) -> tuple[str, ...]:
        """On the rows of known tasks, and on the others, where they lack an interval, or have an estimate."""
        found = []
        for kind, rows, reasons in self._lacking():
            missing = list(filter(None, reasons))
            part = "" if len(missing) == len(reasons) else f" of {len(missing)} of {len(reasons)} targets"
            said = f"{counted(rows, 'row')} of {kind}: there is no interval{part}, so that low and high"
            found.append(f"{said} are missing. {missing[0]}")
        return (*found, *self._estimated())

    @property
    def reason(self) -> str:
        """Why those that lack an interval do; empty where all have one."""
        return " ".join(next(filter(None, reasons)) for _, _, reasons in self._lacking())

    def _lacking(self) -> Iterator[tuple[str, int, tuple[str, ...]]]:
        """Kind, number, and reasons by target of those rows that are there and lack an interval."""
        for kind, rows, reasons in zip(KINDS, self._rows.tolist(), self._reasons, strict=True):
            if rows and any(reasons):
                yield kind, rows, reasons

    def _estimated(self) -> Iterator[str]:
        rows, reasons = int(self._rows[1]), self._reasons[1]
        if rows and not all(reasons) and self._asked is not None and self._asked[0].new_tasks == "estimated":
            yield f"{counted(rows, 'row')} of {KINDS[1]}: their intervals are {ESTIMATE}."

    @property
    def _reasons(self) -> list[tuple[str, ...]]:
        """Of each kind, by target."""
        if self._asked is None:
            return [(), ()]
        intervals, level = self._asked
        return [intervals.lacking(level, new=new) for new in (False, True)]
