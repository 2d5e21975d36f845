"""The stored results: one JSON a data set, split, method and time, with the losses of its test rows beside it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from accuracy_methods import METHODS

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.scoring import error_over_rows, error_over_tasks, metric_named
from mthn_automl.storage import read_json, replacing, write_json

LOSSES: Final = np.dtype([("row", "<i8"), ("task", "<i4"), ("loss", "<f8")])
"""Of a test row: its number in data.csv, that of its task, and its squared error or log loss."""

ROOTED: Final = frozenset({"rmse"})
"""Metrics that are the root of the mean of their rows' losses; others are the mean."""


@dataclass(frozen=True)
class Key:
    """What a cell is of. seconds: None for a method that does not heed the time."""

    dataset: str
    split: int
    method: str
    seconds: float | None

    @classmethod
    def of(cls, dataset: str, split: int, method: str, seconds: float) -> "Key":
        return cls(dataset, split, method, seconds if METHODS[method].timed else None)

    def path(self, output: Path) -> Path:
        time = "" if self.seconds is None else f"-{self.seconds:g}s"
        return output / "cells" / self.dataset / f"{self.method}-split{self.split}{time}.json"


@dataclass(frozen=True)
class Cell:
    """What was found.

    Attributes:
        dataset, split, method, seconds: its key.
        failure: why there is no error; None: there is one.
        metric: `rmse` or `log_loss`.
        error: of the test rows, pooled.
        error_tasks: the mean of the tasks' own.
        cv_error: what the method says of itself, in the same metric.
        used: seconds from the start of its process until the test rows were predicted.
        rows: that it was given to learn from.
        test_rows: that it was scored on.
        notes: sentences.
        versions: of the packages that matter.
        commit: of this repository, where it is known; of a changed tree it ends in `+`.
        details: whatever else the method told.
    """

    dataset: str
    split: int
    method: str
    seconds: float | None
    failure: str | None = None
    metric: str | None = None
    error: float | None = None
    error_tasks: float | None = None
    cv_error: float | None = None
    used: float | None = None
    rows: int | None = None
    test_rows: int | None = None
    notes: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    commit: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> Key:
        return Key(self.dataset, self.split, self.method, self.seconds)


def store(output: Path, cell: Cell, losses: np.ndarray | None = None) -> None:
    """The losses first: a cell that is there is whole."""
    path = cell.key.path(output)
    path.parent.mkdir(parents=True, exist_ok=True)
    if losses is not None:
        with replacing(path.with_suffix(".npy")) as file:
            np.save(file, losses, allow_pickle=False)
    write_json(path, asdict(cell))


def read(output: Path, key: Key) -> Cell | None:
    """None where it has not been made yet."""
    path = key.path(output)
    return Cell(**read_json(path)) if path.exists() else None


def losses_of(output: Path, key: Key) -> np.ndarray:
    """(test rows,) of LOSSES, sorted by row."""
    return np.sort(np.load(key.path(output).with_suffix(".npy"), allow_pickle=False), order="row")


def scored(
    metric: str, target: FloatArray, prediction: FloatArray, task: IntArray, rows: Sequence[int] | IntArray
) -> tuple[float, float, np.ndarray]:
    """The error over rows, over tasks, and the losses of the rows.

    Args:
        target, prediction, task: (n, d), (n, outputs), (n,).
        rows: (n,) their numbers in data.csv.
    """
    measure = metric_named(metric)
    losses = np.zeros(len(target), LOSSES)
    alone = measure.prepare(target, prediction).by_group(np.arange(len(target)), len(target))
    losses["row"], losses["task"] = rows, task
    losses["loss"] = alone**2 if metric in ROOTED else alone
    error = error_over_rows(measure, target, prediction)
    return error, error_over_tasks(measure, target, prediction, task)[0], losses


def table(cells: Sequence[Cell]) -> pd.DataFrame:
    """A row a cell, without its details."""
    rows = [
        {name: each for name, each in asdict(cell).items() if name not in {"details", "versions"}} for cell in cells
    ]
    for row in rows:
        row["notes"] = " ".join(row["notes"])
    return pd.DataFrame(rows, columns=[name for name in Cell.__annotations__ if name not in {"details", "versions"}])
