"""Searches on tiny data by the real command, one for each kind of problem, and what they leave."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pandas as pd

from mthn_automl import catalogue
from mthn_automl.data.problems import planted
from mthn_automl.tuning import plan
from tests.command import Ended, in_process

USUAL = [name for name in catalogue.names() if catalogue.read(name).usual]
FEW = ["hypernetwork", "ridge"]


@dataclass(frozen=True)
class Case:
    """A search.

    Attributes:
        words: options of the command.
        names: of the architectures, each of which has one trial.
        ablated: whether the worth of the metadata is measured.
        test: rows: sealed within each task; file: in a file of their own; none: there are none.
    """

    words: tuple[str, ...]
    names: list[str]
    metric: str = "rmse"
    average: str = "rows"
    ablated: bool = False
    test: str = "rows"


def few(*words: str) -> tuple[str, ...]:
    return (*words, "--architectures", ",".join(FEW))


META = ("--meta", "meta.csv")
CASES = {
    "regression": Case(META, USUAL, ablated=True),
    "multiclass": Case(few(*META, "--average", "tasks"), FEW, metric="log_loss", average="tasks", ablated=True),
    "binary": Case(few(*META, "--no-metadata", "--test-fraction", "0"), FEW, metric="log_loss", test="none"),
    "several": Case(few(*META, "--test", "test.csv", "--no-ablation", "--weight", "counts"), FEW, test="file"),
    "ordinal": Case(few(*META, "--problem", "ordinal", "--no-ablation"), FEW, metric="log_loss"),
    "count": Case(few(*META, "--offset", "hours", "--no-ablation"), FEW, metric="poisson_deviance"),
    "one_task": Case(few("--metric", "r2"), FEW, metric="r2"),
}


@dataclass(frozen=True)
class Finished:
    """A search that ended with exit code 0, and what it left."""

    name: str
    case: Case
    folder: Path
    ended: Ended

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / f"{name}.csv")

    def json(self, name: str) -> dict[str, Any]:
        return json.loads((self.folder / name).read_text())

    @property
    def data(self) -> Path:
        return self.folder.parent / f"{self.name}.csv"

    @cached_property
    def members(self) -> dict[str, float]:
        """The weight of each trial in the ensemble; none where there is none."""
        return self.json("summary.json")["ensemble"] or {}

    @property
    def saved(self) -> list[str]:
        """What has a row in the leaderboard, predictions and a model."""
        return [*self.case.names, *(["ensemble"] if self.members else [])]

    @cached_property
    def stored(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / "predictions.parquet")

    def predictions(self, role: str, architecture: str) -> pd.DataFrame:
        chosen = (self.stored["role"] == role) & (self.stored["architecture"] == architecture)
        return self.stored[chosen].reset_index(drop=True).dropna(axis=1, how="all")


def frames() -> tuple[pd.DataFrame, pd.DataFrame]:
    """5 tasks of 16 rows and their metadata, with words and gaps in both; task 4 is not described, 5 has no rows."""
    data, meta = planted(6, 16)
    data["word"] = np.where(np.arange(len(data)) % 3 == 0, "p", "q")
    data.loc[::11, "x1"] = np.nan
    meta["kind"] = ["u", "v", "u", "v", None, "u"]
    meta.loc[1, "m1"] = np.nan
    columns = ["task", "x1", "x2", "word", "target"]
    return data.loc[data["task"] != "5", columns].reset_index(drop=True), meta[meta["task"] != "4"]


def multiclass(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(target=pd.cut(data["target"], [-9, -0.5, 0.5, 9], labels=["low", "mid", "high"]).astype(str))


def ordinal(data: pd.DataFrame) -> pd.DataFrame:
    return data.assign(target=np.digitize(data["target"], [-1.0, -0.3, 0.3, 1.0]) + 1)


def count(data: pd.DataFrame) -> pd.DataFrame:
    hours = 1.0 + np.arange(len(data)) % 4
    return data.assign(target=np.random.default_rng(0).poisson(hours * np.exp(data["target"])), hours=hours)


def several(data: pd.DataFrame) -> pd.DataFrame:
    """Two targets, the second of which two rows of five miss, and rows that count for one to three."""
    number = np.arange(len(data))
    second = (data["x2"] ** 2 - data["target"]).where(number % 5 > 1)
    return data.rename(columns={"target": "target1"}).assign(target2=second, counts=1 + number % 3)


def new_rows() -> pd.DataFrame:
    """Rows of a known task, of one of which only the metadata are known, and of one never heard of."""
    data = planted(6, 16, seed=1)[0].iloc[:9].copy()
    return data.assign(word="q", hours=2.0, task=["0", "5", "never"] * 3)


def write_files(folder: Path) -> None:
    data, meta = frames()
    tables = {
        "regression": data,
        "binary": data.assign(target=np.where(data["target"] > 0, "yes", "no")),
        "multiclass": multiclass(data),
        "ordinal": ordinal(data),
        "count": count(data),
        "several": several(data),
        "one_task": data[data["task"] == "0"],
        "test": several(new_rows()),
        "meta": meta,
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)


def run_case(folder: Path, name: str, output: str, *words: object) -> Finished:
    """A search by the real command, with trials of at most 40 epochs."""
    case = CASES[name]
    always = ("--runner", "local", "--folds", 2, "--seeds", 1, "--trials", len(case.names), "--output", output)
    with patch.object(plan, "STEPS_WANTED", 40):
        ended = in_process(folder, "search", f"{name}.csv", *case.words, *always, *words)
    assert ended.code == 0, ended.err
    return Finished(name, case, folder / output, ended)
