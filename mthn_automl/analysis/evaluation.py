"""Every metric of a problem on rows that a model has not seen: over rows, over tasks, by task and by target."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd

from mthn_automl.analysis.sealed import SealedErrors, sealed_errors
from mthn_automl.analysis.statistics import bootstrap_interval
from mthn_automl.data import metrics
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, Table
from mthn_automl.data.scoring import Metric, metric_named
from mthn_automl.errors import UsageError

COLUMNS: Final = (
    *("metric", "error", "low", "high", "error_tasks", "low_tasks", "high_tasks", "undefined_tasks", "rows"),
    *("new_rows_error", "new_rows_low", "new_rows_high"),
    *("new_tasks_error", "new_tasks_low", "new_tasks_high"),
)
MOST_RESAMPLES, FEWEST_RESAMPLES = 1000, 200
DRAWS_BY_TASK: Final = 20_000_000
"""Of all tasks and rows together, for one metric."""


@dataclass(frozen=True)
class Evaluated:
    """Rows with their targets, and what a model predicted for them.

    Attributes:
        rows: with targets; classes that training never saw are numbered on from those it did.
        prediction: (rows, outputs).
        known_tasks: of training; those numbered beyond them were never seen.
        seed: of the bootstrap.
        metric: the one that comes first.
    """

    rows: Dataset
    prediction: FloatArray
    known_tasks: int
    seed: int
    metric: str

    @cached_property
    def metrics(self) -> tuple[str, ...]:
        """Those that suit the problem and these targets, by name.

        Raises:
            UsageError: the one asked for is not among them.
        """
        problem, known = self.rows.schema.problem, self.rows.target[~np.isnan(self.rows.target)]
        found = [metric_named(name) for name in metrics.names()]
        fitting = [each.name for each in found if problem in each.problems and (known >= each.least).all()]
        if self.metric not in fitting:
            raise UsageError(
                f"The metric must suit the problem and the targets, however '{self.metric}' does not; these do: "
                f"{', '.join(fitting)}."
            )
        return (self.metric, *(name for name in fitting if name != self.metric))

    @cached_property
    def errors(self) -> pd.DataFrame:
        """A row a metric, lower is better; with 95 % bootstrap intervals as in `leaderboard.csv`.

        Over rows, drawn one by one, or as groups or tasks where whole ones of these are new; over tasks (`_tasks`),
        the mean of their own errors, tasks drawn. `rows` are those that are counted.
        """
        return pd.DataFrame([self._line(metric_named(name)) for name in self.metrics], columns=list(COLUMNS))

    def _line(self, metric: Metric) -> dict[str, Any]:
        rows, prediction = self._counted(metric)
        line: dict[str, Any] = {"metric": metric.name, "rows": len(rows)}
        if not len(rows):
            return line
        found = sealed_errors(prediction, 0.0, rows, metric.name, self.seed, known_tasks=self.known_tasks)
        line |= {name: getattr(found, name) for name in COLUMNS[1:8]}
        return {**line, **_of_some(found, "new_rows"), **_of_some(found, "new_tasks")}

    def _counted(self, metric: Metric) -> tuple[Dataset, FloatArray]:
        """The rows that a metric can count, with a probability of zero for classes that training never saw."""
        classes = len(self.rows.schema.classes)
        if not classes or not (self.rows.target >= classes).any():
            return self.rows, self.prediction
        if metric.counts_unseen:
            beyond = int(self.rows.target.max()) + 1 - classes
            return self.rows, np.hstack([self.prediction, np.zeros((len(self.rows), beyond))])
        known = np.flatnonzero(self.rows.target[:, 0] < classes)
        return self.rows.take(known), self.prediction[known]

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """A row a task, in the order of their numbers: name, whether training knew it, rows, and each metric.

        Of each metric the error over the task's rows and its interval (`_low`, `_high`), rows drawn.
        """
        present, counts = np.unique(self.rows.task, return_counts=True)
        table = pd.DataFrame(
            {
                "task": [self.rows.tasks.names[task] for task in present],
                "trained": present < self.known_tasks,
                "rows": counts,
            }
        )
        columns = [self._by_task(metric_named(name), len(present)) for name in self.metrics]
        return pd.concat([table, *(each.reindex(present).reset_index(drop=True) for each in columns)], axis=1)

    def _by_task(self, metric: Metric, tasks: int) -> pd.DataFrame:
        rows, prediction = self._counted(metric)
        resamples = int(np.clip(500_000 // tasks, FEWEST_RESAMPLES, MOST_RESAMPLES))
        lines = {}
        order = np.argsort(rows.task, kind="stable")
        present, first = np.unique(rows.task[order], return_index=True)
        for task, some in zip(present.tolist(), np.split(order, first[1:]), strict=True):
            asked, answer = rows.take(some), prediction[some]
            low, high = bootstrap_interval(
                metric,
                asked.target,
                answer,
                asked.task,
                "rows",
                seed=self.seed,
                weight=asked.weight,
                unit=asked.group,
                resamples=resamples,
                limit=DRAWS_BY_TASK * len(some) // len(rows),
            )
            lines[task] = (metric.function(asked.target, answer, asked.weight), low, high)
        names = [metric.name, f"{metric.name}_low", f"{metric.name}_high"]
        return pd.DataFrame.from_dict(lines, orient="index", columns=names)

    @cached_property
    def targets(self) -> pd.DataFrame:
        """A row a target and metric, of several targets; over the rows that have the target."""
        names = self.rows.schema.targets
        lines = (
            [self._of_target(index, metric_named(name)) for index in range(len(names)) for name in self.metrics]
            if len(names) > 1
            else []
        )
        return pd.DataFrame(lines, columns=["target", "metric", "error", "low", "high", "rows"])

    def _of_target(self, index: int, metric: Metric) -> dict[str, Any]:
        known = np.flatnonzero(~np.isnan(self.rows.target[:, index]))
        rows, answer = self.rows.take(known), self.prediction[known][:, [index]]
        target, unit = rows.target[:, [index]], rows.task if (rows.task >= self.known_tasks).any() else rows.group
        low, high = bootstrap_interval(
            metric, target, answer, rows.task, "rows", seed=self.seed, weight=rows.weight, unit=unit
        )
        error = metric.function(target, answer, rows.weight)
        name = self.rows.schema.targets[index]
        return {"target": name, "metric": metric.name, "error": error, "low": low, "high": high, "rows": len(rows)}


def _of_some(found: SealedErrors, kind: str) -> dict[str, float]:
    some = getattr(found, kind)
    if some is None:
        return {}
    return {f"{kind}_error": some.error, f"{kind}_low": some.low, f"{kind}_high": some.high}


def joined(pieces: Sequence[Dataset]) -> Dataset:
    """What errors need of the rows of all pieces, which count their tasks alike; at least one."""
    last, rows = pieces[-1], sum(map(len, pieces))
    weights = [each.weight for each in pieces if each.weight is not None]
    groups = [each.group for each in pieces if each.group is not None]
    return replace(
        last,
        features=Table(np.empty((rows, 0)), np.empty((rows, 0), dtype=np.int64)),
        task=np.concatenate([each.task for each in pieces]),
        target=np.concatenate([each.target for each in pieces]),
        row=np.concatenate([each.row for each in pieces]),
        weight=np.concatenate(weights) if weights else None,
        group=np.concatenate(groups) if groups else None,
        exposure=None,
        id=None,
    )
