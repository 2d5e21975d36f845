"""The data sets of the comparison: which half each is in, which rows are tested, and the files a method is given."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.new_rows import read_rows
from mthn_automl.data.read import read_dataset
from mthn_automl.data.splits import within_tasks

HALVES: Final = {
    "development": (
        *("cubic", "algorithms", "bodyweight", "radon"),
        *("verbagg_items", "pbc_patients", "soup_tasters", "nyc_flights"),
    ),
    "confirmation": (
        *("robot_arm", "water_quality", "gapminder_le", "earthquake"),
        *("verbagg_persons", "star_classes", "texas_maize", "guatemala_prenatal"),
    ),
}
"""Chosen before anything was tuned: what is tuned may look at the errors of the first half alone."""

PROBLEM: Final = {"soup_tasters": "multiclass"}
"""What a user would have to say: classes that are written as numbers."""

TEST_FRACTION: Final = 0.2


@dataclass(frozen=True)
class Given:
    """One data set under one split, as files that any tool can be given; texts are those of the files of the set.

    Attributes:
        train, test: tables of rows, in the order of data.csv, without rows that the split does not name.
        meta: the table of tasks; None where there is none.
        problem: as `--problem` takes it.
        rows: (test rows,) their numbers in data.csv.
        tasks: (test rows,) numbers of their tasks, the same in all splits.
    """

    train: str
    test: str
    meta: str | None
    problem: str
    rows: tuple[int, ...]
    tasks: tuple[int, ...]

    def dataset(self) -> Dataset:
        """The training rows, encoded."""
        return read_dataset(self.train, self.meta, problem=self.problem)

    def tested(self, known: Dataset) -> Dataset:
        """The test rows that have a target, encoded as the training rows `known` were."""
        return read_rows(self.test, schema=known.schema, tasks=known.tasks, spare=known.spare, need_target=True)


def listed(wanted: str) -> list[str]:
    """Data sets by the name of a half, `all`, or names separated by commas."""
    halves: dict[str, tuple[str, ...]] = {**HALVES, "all": sum(HALVES.values(), ())}
    found = [name for part in wanted.split(",") for name in halves.get(part.strip(), (part.strip(),))]
    return list(dict.fromkeys(found))


def names(wanted: str, folder: Path) -> list[str]:
    """As `listed`; each is a folder of `folder`.

    Raises:
        ValueError: there is no such data set.
    """
    found = listed(wanted)
    missing = [name for name in found if not (folder / name / "data.csv").exists()]
    if missing:
        raise ValueError(f"Each data set must be a folder with a data.csv, however {folder / missing[0]} has none.")
    return found


def written(folder: Path, split: int, into: Path) -> Given:
    """The rows of one split written as files. folder: of the data set."""
    table = pd.read_csv(folder / "data.csv", dtype=str, keep_default_na=False)
    problem, meta = PROBLEM.get(folder.name, "auto"), folder / "meta.csv"
    train, test = split_rows(folder, split, len(table), problem)
    for name, rows in (("train", train), ("test", test)):
        table.iloc[rows].to_csv(into / f"{name}.csv", index=False)
    task = np.unique(table["task"].to_numpy(dtype=object), return_inverse=True)[1][test]
    return Given(
        *(str(into / f"{name}.csv") for name in ("train", "test")),
        str(meta) if meta.exists() else None,
        problem,
        tuple(test.tolist()),
        tuple(task.tolist()),
    )


def split_rows(folder: Path, split: int, count: int, problem: str) -> tuple[IntArray, IntArray]:
    """Numbers of the training rows and of the test rows: by splits/seed<k>.csv, or a fifth of each task."""
    file = folder / "splits" / f"seed{split}.csv"
    if file.exists():
        named = pd.read_csv(file).sort_values("row")
        tested = (named["split"] == "test").to_numpy()
        return named["row"].to_numpy()[~tested], named["row"].to_numpy()[tested]
    dataset = read_dataset(folder / "data.csv", folder / "meta.csv", problem=problem)
    sealed = np.zeros(count, dtype=bool)
    sealed[dataset.row[within_tasks.seal(dataset, TEST_FRACTION, split)]] = True
    return np.flatnonzero(~sealed), np.flatnonzero(sealed)


def given(stored: dict[str, Any]) -> Given:
    """What `vars` of one gave, through JSON."""
    return Given(**{name: tuple(each) if isinstance(each, list) else each for name, each in stored.items()})
