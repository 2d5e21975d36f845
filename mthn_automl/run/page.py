"""The page of a run made again from its folder: no model, no Ray, no data."""

from pathlib import Path

import pandas as pd

from mthn_automl.analysis import ablation, leaderboard, tasks, tradeoff, trials
from mthn_automl.errors import RunError, UsageError
from mthn_automl.report.drawing import draw
from mthn_automl.run.folder import TABLES, RunFolder

TYPED = {
    "leaderboard": leaderboard.COLUMNS,
    "tradeoff": tradeoff.COLUMNS,
    "ablation": ablation.COLUMNS,
    "tasks": tasks.COLUMNS,
    "trials": trials.COLUMNS,
}
"""Types of columns, of those tables that every run with a summary has."""


def report(run: str | Path) -> Path:
    """Draw the figures and `report.html` of a run again, from the tables in its folder.

    Args:
        run: folder of a finished run, or of one that was stopped and has a summary.

    Returns:
        The path of the page.

    Raises:
        UsageError: the folder has no summary.
        FormatError: a table is damaged, or one that every run has is not there.
        RunError: the page cannot be drawn. Where that is a picture alone, the page says so in its place.

    Example:
        >>> report("mthn_runs/demo")  # doctest: +SKIP
    """
    folder = RunFolder(Path(run))
    if not folder.summary.exists():
        raise UsageError(f"{run} must be a finished run, however it has no summary.json; `mthn-automl resume {run}`.")
    missing = draw(folder.path, tables_of(folder), folder.read_summary())
    if missing is not None and missing.page:
        raise RunError(f"The page of {run} must be drawn, however {missing}.")
    return folder.page


def tables_of(folder: RunFolder) -> dict[str, pd.DataFrame]:
    """The tables that there are, by name. Raises FormatError: one is damaged, or one of every run is not there."""
    text = (folder.read_summary().get("embeddings") or {}).get("text", ())
    return {
        name: folder.read_table(f"{name}.csv", TYPED.get(name), text)
        for name in TABLES
        if name in TYPED or (folder.path / f"{name}.csv").exists()
    }
