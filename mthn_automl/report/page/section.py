"""What a section of the page is made of, and what it is made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from mthn_automl.report.theme import ENSEMBLE
from mthn_automl.report.wording import TEST_COLUMNS

METADATA: Final = "metadata:"
"""Before the names of columns of the metadata, in the table of embeddings."""

MOST_ROWS: Final = 1_000
"""Of a table on the page: beyond them a browser is slow to open it, and the CSV file has them all."""


@dataclass(frozen=True)
class Found:
    """What a run has found, as its folder holds it.

    Attributes:
        name: of the run.
        summary: summary.json.
        tables: by the names of their files, without ending; those that there are.
    """

    name: str
    summary: Mapping[str, Any]
    tables: Mapping[str, pd.DataFrame]

    @property
    def metric(self) -> str:
        return str(self.summary["metric"])

    @property
    def average(self) -> str:
        """What errors are averages over: `rows` or `tasks`."""
        return str(self.summary["average"])

    @property
    def test_columns(self) -> tuple[str, str, str]:
        """What the error on the test rows and its interval are called in tables and summary."""
        return TEST_COLUMNS[self.average]

    @property
    def limits(self) -> dict[str, float]:
        """What was asked for, by name."""
        return {name: float(limit) for name, limit in self.summary["limits"].items() if limit is not None}

    @property
    def architectures(self) -> set[str]:
        """Those that the answer is made of."""
        best, members = str(self.summary["best"]["architecture"]), self.summary["ensemble"]
        return {str(trial).rpartition("-")[0] for trial in members} if best == ENSEMBLE and members else {best}

    def table(self, name: str) -> pd.DataFrame:
        """Empty where there is none."""
        return self.tables.get(name, pd.DataFrame())


@dataclass(frozen=True)
class Listing:
    """A table on the page, which can be sorted and filtered.

    Attributes:
        title: of it.
        rows: its cells, in the columns to be shown.
        file: of the run folder, that has all of it; empty: it is on this page alone.
    """

    title: str
    rows: pd.DataFrame
    file: str = ""

    @property
    def shown(self) -> pd.DataFrame:
        return self.rows.head(MOST_ROWS)

    @property
    def left_out(self) -> int:
        return max(len(self.rows) - MOST_ROWS, 0)


@dataclass(frozen=True)
class Section:
    """A part of the page under a heading.

    Attributes:
        title: the heading.
        sentences: what there is to say, a paragraph each.
        pictures: names of files in `report/charts`; those that have nothing to plot are left out.
        listings: tables.
        alarms: sentences that must not be overlooked, before all others.
        advice: what to do next, as a list.
    """

    title: str
    sentences: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    listings: tuple[Listing, ...] = ()
    alarms: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """For links to it."""
        return "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())
