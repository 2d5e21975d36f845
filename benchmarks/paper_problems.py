"""The paper's four problems with its splits: rows to train on, rows to stop by, rows to test on."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.new_rows import read_rows
from mthn_automl.data.problems import cubic, robot_arm
from mthn_automl.data.read import read_dataset

SPLITS: Final = {
    "cubic": ("seed", 3),
    "robot_arm": ("seed", 3),
    "algorithms": ("seed", 3),
    "water_quality": ("paper", 5),
}
"""How the files of the splits begin, and on how many of them the paper's code was run."""

PROBLEMS: Final = tuple(SPLITS)
SIZES: Final = {"cubic": (8, 2, 490), "robot_arm": (38, 12, 450)}
"""Rows a task to train on, to stop by and to test on; of 20 tasks."""


@dataclass(frozen=True)
class Split:
    """fold (rows,) of `known`: 0 where a row decides when to stop, -1 where it trains."""

    known: Dataset
    fold: IntArray
    test: Dataset


def split_of(problem: str, seed: int, folder: Path | None) -> Split | None:
    """One split.

    folder: the authors' problems, each with data.csv, meta.csv and splits/seed<k>.csv (Water Quality: paper<k>.csv),
    whose columns are row and split (train, vali, test); None: a problem of our own from the same formula, or None where
    there is no formula.
    """
    if folder is not None:
        return _of_authors(folder / problem, f"{SPLITS[problem][0]}{seed}")
    if problem not in SIZES:
        return None
    training, stopping, test = SIZES[problem]
    make = {"cubic": cubic, "robot_arm": robot_arm}[problem]
    data, meta = make(tasks=20, rows=training + stopping + test, seed=seed)
    place = data.groupby("task").cumcount()
    kind = np.select([place < training, place < training + stopping], ["train", "vali"], "test")
    return _split(data, meta, pd.Series(kind, index=data.index))


def _of_authors(folder: Path, split: str) -> Split:
    data, meta = (pd.read_csv(folder / f"{name}.csv") for name in ("data", "meta"))
    return _split(data, meta, pd.read_csv(folder / "splits" / f"{split}.csv").set_index("row")["split"])


def _split(data: pd.DataFrame, meta: pd.DataFrame, kind: pd.Series) -> Split:
    rows = data.loc[kind.index].reset_index(drop=True)
    used = kind.to_numpy()
    known = read_dataset(rows[used != "test"].reset_index(drop=True), meta, problem="regression")
    test = read_rows(
        rows[used == "test"].reset_index(drop=True),
        schema=known.schema,
        tasks=known.tasks,
        spare=known.spare,
        need_target=True,
    )
    fold = np.where(used[used != "test"] == "vali", 0, -1).astype(np.int64)
    return Split(known, fold, test)
