"""Each task's error in one run against its error in the other."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.thinning import IN_ALL, drawn_of, thinned

SIDE: Final = 330
MOST: Final = 1_500


def points(task_errors: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: tasks of both runs whose error is defined in both."""
    kept = task_errors[task_errors["error_a"].notna() & task_errors["error_b"].notna()]
    return thinned(kept.sort_values("error_a"), MOST)[["task", "rows", "error_a", "error_b", IN_ALL]]


def chart(points: pd.DataFrame, metric: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    both, error_name = points[["error_a", "error_b"]].to_numpy().ravel(), theme.spoken(metric)
    highest = theme.ceiling(both)
    scale = theme.error_scale(float(both.min()), highest)
    ends = pd.DataFrame({"error_a": scale.domain, "error_b": scale.domain})
    x = alt.X("error_a:Q", title=f"{error_name} of the task in A", scale=scale, axis=theme.axis(scale, "~r"))
    y = alt.Y("error_b:Q", title=f"{error_name} of the task in B", scale=scale, axis=theme.axis(scale, "~r"))
    outside = int((points[["error_a", "error_b"]] > highest).any(axis=1).sum())
    beyond = [f"Beyond the axes: {outside} tasks."] if outside else []
    marks = alt.Chart(points).mark_point(filled=True, size=45, opacity=0.7, clip=True, color="#0072B2")
    layers = [
        alt.Chart(ends).mark_line(color=theme.INK, strokeDash=[4, 3], strokeWidth=1).encode(x=x, y=y),
        marks.encode(x=x, y=y, tooltip=["task:N", "rows:Q", "error_a:Q", "error_b:Q"]),
    ]
    return theme.finished(
        layers,
        title="Tasks: their errors in both runs",
        subtitle=[
            "Each point a task, out of fold; below the line B's answer is better.",
            *beyond,
            *drawn_of(points, "tasks"),
        ],
        width=SIDE,
        height=SIDE,
    )
