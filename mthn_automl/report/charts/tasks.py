"""The tasks: each one's error against its rows."""

from collections.abc import Mapping
from typing import Any, Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.thinning import IN_ALL, beyond, drawn_of, thinned

WIDTH: Final = 620
HEIGHT: Final = 300
MOST: Final = 1_500
"""Tasks that are drawn; of more these many, evenly taken from the lowest error to the highest."""

SHARING: Final = {"helps": "#0072B2", "not shown": "#999999", "harms": "#D55E00", "not compared": "#cccccc"}
COLUMNS: Final = ("task", "rows", "error", "own_error", "classical_error", "gain", "helped", "harmed", IN_ALL)


def points(tasks: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: tasks whose error is defined."""
    kept = tasks[tasks["error"].notna()].sort_values("error", ignore_index=True)
    return thinned(kept, MOST)[list(COLUMNS)]


def chart(points: pd.DataFrame, metric: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    error_name = theme.spoken(metric)
    finding = points.assign(
        place=range(1, len(points) + 1),
        sharing=[_sharing(row) for row in points.to_dict("records")],
    )
    shown = theme.ceiling(points["error"].to_numpy())
    y_scale = theme.error_scale(float(points["error"].min()), shown)
    base = alt.Chart(finding).encode(
        x=_x(points),
        y=alt.Y("error:Q", title=f"cross-validated {error_name}", scale=y_scale, axis=theme.axis(y_scale, "~r")),
        color=alt.Color(
            "sharing:N",
            scale=alt.Scale(domain=list(SHARING), range=list(SHARING.values())),
            legend=alt.Legend(title="sharing with other tasks"),
        ),
        tooltip=["task:N", "rows:Q", alt.Tooltip("error:Q", title=error_name), "own_error:Q", "classical_error:Q"],
    )
    outside = beyond(int((points["error"] > shown).sum()), "task")
    return theme.finished(
        [base.mark_point(filled=True, size=45, opacity=0.75, clip=True)],
        title=f"Tasks: {error_name} of each",
        subtitle=["Each point a task, on rows that were not trained on.", *outside, *drawn_of(points, "tasks")],
        width=WIDTH,
        height=HEIGHT,
    )


def _sharing(task: Mapping[Any, Any]) -> str:
    if pd.isna(task["own_error"]):
        return "not compared"
    return "harms" if task["harmed"] else "helps" if task["helped"] else "not shown"


def _x(points: pd.DataFrame) -> alt.X:
    """Rows; where all tasks have equally many, the order of the errors."""
    fewest, most = float(points["rows"].min()), float(points["rows"].max())
    if fewest == most:
        return alt.X("place:Q", title=f"tasks from the lowest error to the highest; all have {most:.0f} rows")
    scale = theme.log_scale(max(fewest, 1.0), most)
    return alt.X("rows:Q", title="rows of the task in training", scale=scale, axis=theme.axis(scale, "~s"))
