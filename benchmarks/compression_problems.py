"""Problems of 20 tasks, 38 training, 12 validation and 450 test rows each, as in the paper's protocol on Robot Arm."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.problems import Frames, planted, robot_arm
from mthn_automl.data.read import read_dataset

TASKS, TRAINING, VALIDATION, TEST = 20, 38, 12, 450


@dataclass(frozen=True)
class Part:
    """One split. known: rows to train on; fold (known rows,): 0 where they validate, else -1."""

    known: Dataset
    fold: IntArray
    test: Dataset


def own_problem(make: Callable[..., Frames], seed: int) -> Part:
    """The same problem whatever the seed, which deals its rows."""
    data, meta = make(tasks=TASKS, rows=TRAINING + VALIDATION + TEST, seed=0)
    data = data.sample(frac=1.0, random_state=seed, ignore_index=True)
    place = data.groupby("task").cumcount().to_numpy()
    role = np.select([place < TRAINING, place < TRAINING + VALIDATION], ["train", "vali"], "test")
    return _part(read_dataset(data, meta), np.arange(len(data)), role)


def authors_robot_arm(folder: Path, seed: int) -> Part:
    """Rows that the split does not name are not used."""
    split = pd.read_csv(folder / "splits" / f"seed{seed}.csv")
    dataset = read_dataset(folder / "data.csv", folder / "meta.csv")
    return _part(dataset, split["row"].to_numpy(), split["split"].to_numpy(dtype=object))


PROBLEMS = {"robot_arm": partial(own_problem, robot_arm), "planted": partial(own_problem, planted)}


def _part(dataset: Dataset, rows: IntArray, role: np.ndarray) -> Part:
    known = role != "test"
    fold = np.where(role[known] == "vali", 0, -1)
    return Part(dataset.take(rows[known]), fold, dataset.take(rows[~known]))
