"""Intervals around predicted numbers: conformal, from the residuals of rows that were predicted unseen."""

from dataclasses import dataclass
from numbers import Real
from typing import Any, Final, Literal

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.names import counted
from mthn_automl.deployment.calibration.scale import Scale, fitted
from mthn_automl.deployment.calibration.scores import Scores, mass_of_rows, mass_of_tasks
from mthn_automl.errors import UsageError

USUAL_LEVEL: Final = 0.9
"""At which widths are compared, and coverage is stated."""

Source = Literal["measured", "estimated", "unknown"]
"""How far off predictions for tasks never seen are: by tasks that were held out whole; by models that knew other rows
of the task, asked as if they did not know it, which is an estimate and no guarantee; or nobody knows."""


@dataclass(frozen=True)
class Residuals:
    """What was predicted of rows that were not seen, and what was true.

    Attributes:
        target: (rows, targets), NaN where missing.
        prediction: (rows, targets).
        task: (rows,) numbers of the tasks.
        weight: (rows,) what each row counts; None: all count alike.
    """

    target: FloatArray
    prediction: FloatArray
    task: IntArray
    weight: FloatArray | None = None

    def of_target(self, index: int) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
        """Absolute residuals, predictions, tasks and weights, 1 in the mean, of the rows that have a target."""
        rows = np.flatnonzero(~np.isnan(self.target[:, index]))
        weight = np.ones(len(rows)) if self.weight is None else self.weight[rows] / self.weight[rows].mean()
        prediction = self.prediction[rows, index]
        return np.abs(self.target[rows, index] - prediction), prediction, self.task[rows], weight


@dataclass(frozen=True)
class TargetIntervals:
    """Of one target.

    Attributes:
        scale: in which the scores of both are counted.
        known: scores of rows of tasks that training knew; None: there are none.
        new: scores of rows of tasks that it did not know; None: there are none.
        rows: that `known` is made of, or `new` where there is no other.
        new_tasks: whose rows `new` is made of.
    """

    scale: Scale
    known: Scores | None
    new: Scores | None
    rows: int
    new_tasks: int

    def half_width(self, prediction: FloatArray, task: IntArray, level: float, tasks: int) -> FloatArray:
        """(rows,) of the interval around predictions; NaN where there are too few rows, or tasks, for the level.

        tasks: of training; those numbered beyond them are new.
        """
        halves = [self._value(level, new=new) for new in (False, True)]
        half = np.array([np.nan if each is None else each for each in halves])
        return np.asarray(half[(task >= tasks).astype(np.int64)] * self.scale.of_rows(prediction, task))

    def quantile(self, level: float, *, new: bool) -> float:
        """Half of an interval's width, in units of the scale; new: of a row whose task was never seen.

        Raises:
            UsageError: there are too few rows, or tasks, for the level.
        """
        value = self._value(level, new=new)
        if value is None:
            raise UsageError(self.lacking(level, new=new))
        return value

    def lacking(self, level: float, *, new: bool) -> str:
        """Why there is no interval; empty where there is one. new: of a row whose task was never seen."""
        if self._value(level, new=new) is not None:
            return ""
        scores = self._scores(new=new)
        most = 0.0 if scores is None else np.floor(1000 * scores.highest_level) / 1000
        what, instead = (f"at most {most:g}", "a lower one, or for ") if most > 0 else ("none at all", "")
        found = f"{counted(self.rows, 'row')} predicted unseen"
        if new:
            found = f"{counted(self.new_tasks, 'task')} predicted as never seen"
        return (
            f"The level of an interval must be one that the model's residuals can support, {what} by {found}, "
            f"however it is {level:g}; ask for {instead}predictions alone."
        )

    def _scores(self, *, new: bool) -> Scores | None:
        return self.new if new else self.known or self.new

    def _value(self, level: float, *, new: bool) -> float | None:
        scores = self._scores(new=new)
        return None if scores is None else scores.quantile(level)


@dataclass(frozen=True)
class Intervals:
    """What a model needs to state intervals.

    Attributes:
        targets: of each.
        tasks: of training.
        new_tasks: how those of tasks never seen were found.
    """

    targets: tuple[TargetIntervals, ...]
    tasks: int
    new_tasks: Source

    def __post_init__(self) -> None:
        if any(len(each.scale.task) not in (0, self.tasks) for each in self.targets):
            raise ValueError(f"there must be a scale for each of {self.tasks} tasks, or none")

    def bounds(
        self, prediction: FloatArray, task: IntArray, level: float, least: float = -np.inf
    ) -> tuple[FloatArray, FloatArray]:
        """(rows, targets) lower and upper ends, within which a target lies with a probability of `level` at least.

        That is over rows like those of training, and over tasks where they were never seen.

        Args:
            prediction: (rows, targets).
            task: (rows,) those from `tasks` on were never seen.
            level: in (0, 1).
            least: the least value that a target can have.

        Raises:
            UsageError: no such level, or too few rows or tasks for it, so that no row has an interval.
        """
        low, high = self.ends(prediction, task, level, least)
        if len(task) and np.isnan(low).all():
            raise UsageError(self.lacking(level, new=bool((task >= self.tasks).all()))[0])
        return low, high

    def ends(
        self, prediction: FloatArray, task: IntArray, level: float, least: float = -np.inf
    ) -> tuple[FloatArray, FloatArray]:
        """As `bounds`, with NaN for all rows that have no interval.

        Raises:
            UsageError: no such level.
        """
        check_level(level)
        halves = [
            each.half_width(prediction[:, index], task, level, self.tasks) for index, each in enumerate(self.targets)
        ]
        half = np.stack(halves, axis=1)
        return np.maximum(prediction - half, least), np.maximum(prediction + half, least)

    def lacking(self, level: float, *, new: bool) -> tuple[str, ...]:
        """Of each target, as of `TargetIntervals`."""
        return tuple(each.lacking(level, new=new) for each in self.targets)


def check_level(level: Any) -> None:
    """Raises UsageError: it is no probability between 0 and 1."""
    number = isinstance(level, Real) and not isinstance(level, bool)
    if not number or not 0.0 < level < 1.0:
        shown = _shown(level)
        raise UsageError(f"The level of an interval must lie between 0 and 1, such as 0.9, however it is {shown}.")


def _shown(level: Any) -> str:
    """A number in a few digits, what is none as Python writes it."""
    if isinstance(level, int) and abs(level) >= 1e9:
        return "a whole number of ten digits or more"
    return f"{float(level):g}" if isinstance(level, Real) else f"{level!r}"[:60]


def intervals_of(
    known: Residuals | None, new: Residuals | None, tasks: int, *, counts: bool, source: Source
) -> Intervals:
    """Intervals from residuals of rows of known tasks, of tasks as if never seen, or of both.

    counts: whether residuals may grow with the prediction, which is never negative.
    """
    targets = (known or new or _NOTHING).target.shape[1]
    return Intervals(tuple(_of_target(known, new, index, tasks, counts) for index in range(targets)), tasks, source)


_NOTHING = Residuals(np.empty((0, 0)), np.empty((0, 0)), np.empty(0, dtype=np.int64))


def _of_target(known: Residuals | None, new: Residuals | None, index: int, tasks: int, counts: bool) -> TargetIntervals:
    scale, scores, rows = Scale(), None, 0
    if known is not None:
        scale, scores, rows = _known(*known.of_target(index), tasks, counts)
    if new is None:
        return TargetIntervals(scale, scores, None, rows, 0)
    residual, prediction, task, weight = new.of_target(index)
    if known is None:
        rows = len(residual)
        if rows and counts and np.isfinite(residual).all():
            scale, _ = fitted(residual, prediction, task, weight, tasks, counts=True, by_task=False)
    of_new = residual / scale.of_rows(prediction, np.full(len(task), tasks))
    found = Scores.of(of_new, mass_of_tasks(task, weight)) if len(residual) else None
    return TargetIntervals(scale, scores, found, rows, len(np.unique(task)))


def _known(
    residual: FloatArray, prediction: FloatArray, task: IntArray, weight: FloatArray, tasks: int, counts: bool
) -> tuple[Scale, Scores | None, int]:
    """The scale by task is taken where it makes intervals shorter on average."""
    if len(residual) == 0:
        return Scale(), None, 0
    mass, options = mass_of_rows(weight), list[tuple[float, Scale, Scores]]()
    candidates = [(Scale(), np.ones_like(residual))]
    if np.isfinite(residual).all():
        candidates += [
            fitted(residual, prediction, task, weight, tasks, counts=counts, by_task=each) for each in (False, True)
        ]
    for scale, own in candidates:
        scores = Scores.of(residual / own, mass)
        if scores is not None:
            options.append((_width(scores, own, weight), scale, scores))
    if not options:
        return Scale(), None, len(residual)
    _, scale, best = min(options, key=lambda each: each[0])
    return scale, best, len(residual)


def _width(scores: Scores, own: FloatArray, weight: FloatArray) -> float:
    """Mean half width at the usual level; where rows are too few for it, at the highest that there is."""
    half = scores.quantile(min(USUAL_LEVEL, scores.highest_level))
    assert half is not None
    return half * float(np.average(own, weights=weight))
