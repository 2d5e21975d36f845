"""Asynchronous successive halving over epochs: who is stopped at a rung, decided from paired losses.

Source: Li et al.: A System for Massively Parallel Hyperparameter Tuning, MLSys 2020 (its stopping variant). There a
trial is stopped when its error is outside of the best share at its rung; here it must also be shown to be
worse than the last one inside, by a one-sided Wilcoxon signed-rank test over cells (rows of one task in one fold)
and in every fold, so that noise alone seldom stops a trial. Only trials of one architecture are compared: an epoch
of another costs and teaches something else.
"""

import math
import warnings
from bisect import insort
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.logarithm import ADDED
from mthn_automl.data.scoring import metric_named
from mthn_automl.received import typed
from mthn_automl.tuning.plan import Plan

BEST_SHARE, SPACING = 1 / 3, 2
"""Of the trials at a rung, which go on whatever the test says; epochs of a rung over those of the one before."""

SIGNIFICANCE = 0.002
"""At it, 1 to 3 of 100 trials that differ in their seeds alone were stopped at any rung (hypernetwork, Robot Arm, 20
tasks, one fold and three); at .05, 14 to 21, since the cells of a network share its luck."""

FEWEST_COMPARED, MANY_CELLS = 2, 200
"""Trials that must have been at a rung before one can be stopped there; one is enough where there are many cells. On
loss curves of eight data sets 24 of 39 second trials fell behind the first in every fold at a rung; the two of these
that ended ahead of it were on the data with the fewest rows and cells."""

FEWEST_STEPS = 80
"""Of the optimiser before the first rung: earlier, losses say more of learning rates than of what they lead to."""

MOST_GROUPS = 200
"""Groups of tasks in a fold; more would cost memory and time and decide nothing."""


@dataclass(frozen=True)
class Rung:
    """What one trial shows at a rung.

    Attributes:
        epoch: after which it shows it.
        error: over all rows or tasks, as the search averages, of the metric's row loss.
        cells: (folds, groups of tasks) the same by fold and group, NaN where a fold has no rows of a group.
        parameters: of the model that would be saved.
    """

    epoch: int
    error: float
    cells: FloatArray
    parameters: int


def rung_epochs(max_epochs: int, steps_an_epoch: float, check_every: int) -> tuple[int, ...]:
    """Epochs of the rungs: max_epochs / SPACING^k, as whole numbers of checks, none before FEWEST_STEPS steps."""
    first = max(check_every, math.ceil(FEWEST_STEPS / max(steps_an_epoch, 1.0)))
    epochs, found = max_epochs / SPACING, list[int]()
    while epochs >= first:
        found.append(max(1, round(epochs / check_every)) * check_every)
        epochs /= SPACING
    return tuple(sorted({each for each in found if first <= each < max_epochs}))


def with_rungs(plan: Plan, rows: int) -> Plan:
    """The plan with rungs for data of so many rows that are not test rows."""
    training = rows * (plan.folds - 1) / plan.folds if plan.folds > 1 else rows
    schedule = plan.schedule
    rungs = rung_epochs(schedule.max_epochs, training / schedule.batch, schedule.check_every)
    return replace(plan, schedule=replace(schedule, rungs=rungs))


class CellLosses:
    """Losses by fold and group of tasks of predictions for the rows of a search, fold (rows,): -1 is never scored."""

    def __init__(self, dataset: Dataset, fold: IntArray, metric: str, average: str) -> None:
        self.rows = np.flatnonzero(fold >= 0)
        self.target, self.average = dataset.target[self.rows], average
        self.weight = None if dataset.weight is None else dataset.weight[self.rows]
        self.groups = min(len(dataset.tasks), MOST_GROUPS)
        self.folds = int(fold.max()) + 1
        self.cell = fold[self.rows] * self.groups + dataset.task[self.rows] % self.groups
        self.metric = metric_named(metric if metric in ADDED else dataset.schema.kind.loss_metric)

    def of(self, prediction: FloatArray, epoch: int, parameters: int) -> Rung:
        """prediction: (all rows, outputs), on the target's own scale."""
        scores = self.metric.prepare(self.target, prediction[self.rows], self.weight)
        cells = scores.by_group(self.cell, self.folds * self.groups)
        error = float(scores.weighted(np.ones((1, len(self.rows))))[0]) if self.average == "rows" else _mean(cells)
        return Rung(epoch, error, cells.reshape(self.folds, self.groups), parameters)


def _mean(cells: FloatArray) -> float:
    return float(np.nanmean(cells))


class Rungs:
    """Trials of one architecture by the rung that they reached.

    Attributes:
        epochs: of the rungs, in rising order.
        several: whether the number of parameters is an objective; trials are then compared with no larger ones only, so
            that small ones are not stopped for being less accurate than large ones.
        seen: by epoch, what each trial showed there, by number.
    """

    def __init__(self, epochs: Sequence[int], *, several: bool = False) -> None:
        self.epochs, self.several = tuple(epochs), several
        self.seen: dict[int, dict[int, Rung]] = {epoch: {} for epoch in self.epochs}
        self._ranked: dict[int, list[tuple[float, int]]] = {epoch: [] for epoch in self.epochs}

    def note(self, number: int, rung: Rung) -> None:
        """A trial has reached a rung."""
        if rung.epoch in self.seen:
            self._keep(number, rung.epoch, rung)

    def finish(self, number: int, last: Rung) -> None:
        """A trial has finished: what it ended with stands at all rungs that it did not reach."""
        for epoch in self.epochs:
            if number not in self.seen[epoch]:
                self._keep(number, epoch, last)

    def _keep(self, number: int, epoch: int, rung: Rung) -> None:
        before = self.seen[epoch].get(number)
        if before is not None:
            self._ranked[epoch].remove((before.error, number))
        self.seen[epoch][number] = rung
        insort(self._ranked[epoch], (rung.error, number))

    def index(self, epoch: int) -> int:
        """Which rung, counted from 1."""
        return self.epochs.index(epoch) + 1

    def reason_to_stop(self, number: int, rung: Rung) -> str:
        """Why a trial is stopped at the rung; empty where it goes on. `note` has nothing to do with it."""
        ranked = self._compared_with(number, rung)
        if len(ranked) < (1 if np.isfinite(rung.cells).sum() >= MANY_CELLS else FEWEST_COMPARED):
            return ""
        last = ranked[math.ceil((len(ranked) + 1) * BEST_SHARE) - 1]
        other = self.seen[rung.epoch][last]
        if rung.error <= other.error:
            return ""
        p_value = p_value_of_worse(rung.cells, other.cells)
        if p_value >= SIGNIFICANCE:
            return ""
        return (
            f"worse than trial {last}, the last of the best third, at rung {self.index(rung.epoch)} of "
            f"{len(self.epochs)} (epoch {rung.epoch}, p = {p_value:.2g})"
        )

    def _compared_with(self, number: int, rung: Rung) -> list[int]:
        """Numbers of the others at the rung, the lowest error first."""
        others = [other for _, other in self._ranked.get(rung.epoch, ()) if other != number]
        if not self.several:
            return others
        return [other for other in others if self.seen[rung.epoch][other].parameters <= rung.parameters]


def p_value_of_worse(ours: FloatArray, theirs: FloatArray) -> float:
    """Whether losses (folds, groups) are above others, paired by cell: p of the one-sided Wilcoxon signed-rank test.

    1 unless they are above in every fold: the cells of a fold share their networks, and with them the luck of these.
    """
    from scipy.stats import wilcoxon

    difference = ours - theirs
    known = difference[np.isfinite(difference)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        folds = np.nanmean(difference, axis=1)
    if not known.any() or not (folds > 0).all():
        return 1.0
    return float(wilcoxon(known, alternative="greater").pvalue)


def rung_to_json(rung: Rung) -> dict[str, Any]:
    """NaN becomes null."""
    cells = [[None if math.isnan(cell) else cell for cell in row] for row in rung.cells.tolist()]
    return {"epoch": rung.epoch, "error": rung.error, "parameters": rung.parameters, "cells": cells}


def rung_from_json(stored: Mapping[str, Any]) -> Rung:
    """What `rung_to_json` made. Raises ValueError, which names the field: it is none of these."""
    cells = np.array(typed(stored["cells"], list[list[float | None]]), dtype=np.float64)
    return typed({**stored, "cells": cells}, Rung)
