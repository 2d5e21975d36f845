"""Two runs side by side: whether they predicted the same rows, and how far their errors differ on these."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal

import numpy as np
import pandas as pd

from mthn_automl.analysis.predicted import PROBABILITY, Predicted
from mthn_automl.analysis.statistics import bootstrap_difference
from mthn_automl.analysis.tasks import FALSE_DISCOVERIES, benjamini_hochberg, gains
from mthn_automl.data.metrics.parts.scores import Means, Scores, first
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import Metric, error_by_task, metric_named

ANSWER: Final = "the answer"
OUT_OF_FOLD, TEST = "out_of_fold", "test"
ROLES: Final = {TEST: "test rows", "test_new_rows": "test rows of known tasks", OUT_OF_FOLD: "rows out of fold"}
"""Of predictions, in words; those of the test rows first, since nothing was chosen by them."""

PAIRED: Final[dict[str, str]] = {
    "architecture": "str",
    "role": "str",
    "error_a": "float64",
    "error_b": "float64",
    "difference": "float64",
    "low": "float64",
    "high": "float64",
    "rows": "int64",
    "tasks": "int64",
}


@dataclass(frozen=True)
class Side:
    """One of the two runs, as far as its predictions and its rows go.

    Attributes:
        answer: the architecture, or `ensemble`, that is its answer.
        predictions: as in `predictions.parquet`.
        split: as in `splits.parquet`.
        inputs: a hash of the content of each of its files, by the name of the option; None: it was not given.
    """

    answer: str
    predictions: pd.DataFrame
    split: pd.DataFrame
    inputs: Mapping[str, str | None]

    def of(self, architecture: str, role: str) -> pd.DataFrame:
        """Its predictions of one architecture and role, in the order of the rows."""
        name = self.answer if architecture == ANSWER else architecture
        table = self.predictions
        return table[(table["architecture"] == name) & (table["role"] == role)].sort_values("row", ignore_index=True)


@dataclass(frozen=True)
class Same:
    """What two runs have in common.

    Attributes:
        data, metadata: the content of the files.
        folds: every row that is not a test row, and the fold that it is in.
        rows: roles of predictions in which both answers predicted the same rows, of the same tasks and targets.
    """

    data: bool
    metadata: bool
    folds: bool
    rows: frozenset[str]

    @property
    def paired(self) -> tuple[str, ...]:
        """Roles in which errors can be compared row by row: out of fold, these must be of models of the same folds."""
        return tuple(role for role in ROLES if role in self.rows and (role != OUT_OF_FOLD or self.folds))


def same_of(one: Side, other: Side) -> Same:
    """That tasks and targets are those of the other run, row by row, is looked up and not taken from the hashes."""
    return Same(
        data=one.inputs["data"] == other.inputs["data"],
        metadata=one.inputs["meta"] == other.inputs["meta"],
        folds=_folds(one.split).equals(_folds(other.split)),
        rows=frozenset(role for role in ROLES if _same_rows(one.of(ANSWER, role), other.of(ANSWER, role))),
    )


def _folds(split: pd.DataFrame) -> pd.DataFrame:
    """Rows that are no test rows, by their number."""
    kept = split.loc[split["role"] == "train", ["row", "task", "fold"]].sort_values("row", ignore_index=True)
    return kept.astype({"task": str})


def _same_rows(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Of tables sorted by row: the same numbers, tasks, targets and classes; there must be some."""
    if not len(one) or len(one) != len(other):
        return False
    return _told(one).equals(_told(other)) and _classes(one) == _classes(other)


def _told(table: pd.DataFrame) -> pd.DataFrame:
    targets = [name for name in table if name == "target" or str(name).startswith("target_")]
    return table[["row", "task", *targets]].astype({"task": str})


def _classes(table: pd.DataFrame) -> list[str]:
    return [str(name) for name in table if str(name).startswith(PROBABILITY) and table[name].notna().any()]


def differences(
    one: Side, other: Side, same: Same, *, metric: str, average: Literal["rows", "tasks"], seed: int = 0
) -> pd.DataFrame:
    """Errors of both on the rows that both predicted unseen: the answers, then every architecture that both have.

    difference: error_b - error_a, so that below zero the other run is better; low, high: its 95 % percentile bootstrap
    interval over tasks, or over rows where there is one task alone.

    Args:
        same: what they have in common; roles that cannot be paired are left out.
        average: what errors are averages over.
        seed: of the bootstrap.
    """
    compared = partial(_compared, metric=metric_named(metric), average=average, seed=seed)
    rows = [
        {"architecture": name, "role": role, **compared(pair)} for name, role, pair in _pairs(one, other, same.paired)
    ]
    return pd.DataFrame(rows, columns=list(PAIRED)).astype(PAIRED)


Pair = tuple[Predicted, Predicted]


def _pairs(one: Side, other: Side, roles: tuple[str, ...]) -> Iterator[tuple[str, str, Pair]]:
    both = set(one.predictions["architecture"]) & set(other.predictions["architecture"])
    for name in (ANSWER, *sorted(both)):
        for role in roles:
            found = one.of(name, role), other.of(name, role)
            if _same_rows(*found):
                yield name, role, _predicted(found)


def _predicted(tables: tuple[pd.DataFrame, pd.DataFrame]) -> Pair:
    one, other = (Predicted.of(each, each["architecture"].iloc[0], each["role"].iloc[0]) for each in tables)
    return one, other


def _compared(pair: Pair, *, metric: Metric, average: str, seed: int) -> dict[str, Any]:
    """Tasks are drawn, and all rows of a task with it."""
    task = np.unique(pair[0].task.astype(str), return_inverse=True)[1]
    tasks = int(task.max()) + 1
    if average == "tasks":
        errors = [error_by_task(metric, each.target, each.prediction, task, each.weight) for each in pair]
        known = ~np.isnan(errors).any(axis=0)
        scores: list[Scores] = [Means(each[known][:, None], first) for each in errors]
        count, unit = int(known.sum()), None
    else:
        scores = [metric.prepare(each.target, each.prediction, each.weight) for each in pair]
        count, unit = len(task), task if tasks > 1 else None
    before, after = (float(each.weighted(np.ones((1, count)))[0]) for each in scores)
    low, high = bootstrap_difference(scores[0], scores[1:], count, seed=seed, unit=unit)
    return {
        "error_a": before,
        "error_b": after,
        "difference": after - before,
        "low": low,
        "high": high,
        "rows": len(task),
        "tasks": tasks,
    }


def task_gains(one: Side, other: Side, same: Same, *, metric: str, problem: Problem) -> pd.DataFrame:
    """What each task gains by the other run: its rows' losses in the first less those in the other, out of fold.

    Intervals, p-values and corrected ones are as in `tasks.csv`; empty where the rows cannot be paired.
    """
    if OUT_OF_FOLD not in same.paired:
        return pd.DataFrame()
    first_run, second_run = _predicted((one.of(ANSWER, OUT_OF_FOLD), other.of(ANSWER, OUT_OF_FOLD)))
    found = gains(second_run, first_run, metric, problem).rename_axis("task").reset_index()
    found["rows"] = found["task"].map(pd.Series(first_run.task.astype(str)).value_counts())
    found["q_value"] = benjamini_hochberg(found["p_value"].to_numpy())
    discovered = found["q_value"] < FALSE_DISCOVERIES
    return found.assign(helped=discovered & (found["gain"] > 0), harmed=discovered & (found["gain"] < 0))
