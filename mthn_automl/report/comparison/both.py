"""Two runs, and what was found out about them together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from mthn_automl.analysis.comparison import Same
from mthn_automl.report.page.section import Found

LETTERS: Final = ("A", "B")


@dataclass(frozen=True)
class Both:
    """What the page of two runs is made from.

    Attributes:
        runs: A and B.
        same: what they have in common.
        differences: the table of `analysis.comparison.differences`.
        task_gains: that of `analysis.comparison.task_gains`.
        options: that differ, with their values: option, A, B.
        made_with: versions and machines that differ: what, A, B.
    """

    runs: tuple[Found, Found]
    same: Same
    differences: pd.DataFrame
    task_gains: pd.DataFrame
    options: pd.DataFrame
    made_with: pd.DataFrame

    @property
    def metric(self) -> str:
        return self.runs[0].metric

    @property
    def average(self) -> str:
        return self.runs[0].average

    @property
    def lettered(self) -> list[tuple[str, Found]]:
        """Each run with what it is called on the page."""
        return list(zip(LETTERS, self.runs, strict=True))

    @property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """What the pictures need."""
        fronts = [each.table("tradeoff").assign(run=letter) for letter, each in self.lettered]
        return {
            "tradeoffs": pd.concat(fronts, ignore_index=True),
            "task_errors": self.task_errors,
            "task_gains": self.task_gains,
        }

    @property
    def task_errors(self) -> pd.DataFrame:
        """Tasks that both runs have, in the order of the first."""
        one, other = (each.table("tasks") for each in self.runs)
        if not len(one) or not len(other):
            return pd.DataFrame()
        kept = one[["task", "rows", "error"]].merge(other[["task", "error"]], on="task", suffixes=("_a", "_b"))
        return kept.assign(difference=kept["error_b"] - kept["error_a"])

    @property
    def architectures(self) -> pd.DataFrame:
        """A row an architecture, those of the one run beside those of the other."""
        sides = [_renamed(each, letter) for letter, each in self.lettered]
        joined = sides[0].merge(sides[1], on="architecture", how="outer", sort=False)
        joined = joined.sort_values(["rank A", "rank B"], ignore_index=True, na_position="last")
        joined["cv error, B less A"] = joined["cv error B"] - joined["cv error A"]
        names = [f"{told} {letter}" for told in SHOWN.values() if told != SHOWN["rank"] for letter in LETTERS]
        return joined[["architecture", *names[:2], "cv error, B less A", *names[2:]]]


SHOWN: Final = {
    "rank": "rank",
    "cv_error": "cv error",
    "test_error": "test error",
    "parameters": "parameters",
    "train_seconds": "seconds",
    "trials": "trials",
}


def _renamed(found: Found, letter: str) -> pd.DataFrame:
    """The leaderboard, with the error on test rows by the average that models are ranked by."""
    shown = {found.test_columns[0] if name == "test_error" else name: told for name, told in SHOWN.items()}
    board = found.table("leaderboard").reindex(columns=["architecture", *shown])
    return board.rename(columns={name: f"{told} {letter}" for name, told in shown.items()})
