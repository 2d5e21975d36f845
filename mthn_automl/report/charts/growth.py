"""What more tasks cost: parameters of each architecture's best model over the number of tasks."""

from typing import Final

import altair as alt
import numpy as np
import pandas as pd

from mthn_automl.report import theme

WIDTH: Final = 620
HEIGHT: Final = 300
FARTHEST: Final = 100
"""Times the tasks of the data, up to which the lines are drawn."""

PLACES: Final = 25
FLAT: Final = "Flat: what has no number of a task's own. The rows that kernels and trees keep are counted as they are."
"""The line below the title where a task is free of charge."""


def points(leaderboard: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: of each ranked architecture, parameters = those today + marginal x (tasks - tasks today).

    Today there are the tasks that were trained on.
    """
    today = int((tasks["rows"] > 0).sum())  # others were held out: the models do not know them
    ranked = leaderboard[leaderboard["rank"].notna()]
    counts = np.unique([*np.geomspace(1, max(FARTHEST * today, 1), PLACES).astype(np.int64), today])
    lines = [
        pd.DataFrame(
            {
                "architecture": row["architecture"],
                "tasks": counts,
                "parameters": row["parameters"] + row["marginal_parameters"] * (counts - today),
                "marginal": row["marginal_parameters"],
                "today": counts == today,
            }
        )
        for row in ranked.to_dict("records")
    ]
    joined = pd.concat(lines, ignore_index=True)
    return joined[joined["parameters"] > 0].reset_index(drop=True)


def chart(points: pd.DataFrame, metric: str) -> alt.LayerChart:
    """The picture of `points`."""
    architectures = sorted(points["architecture"].unique())
    x_scale = theme.log_scale(1.0, float(points["tasks"].max()))
    y_scale = theme.log_scale(float(points["parameters"].min()), float(points["parameters"].max()))
    base = alt.Chart(points).encode(
        x=alt.X("tasks:Q", title="tasks", scale=x_scale, axis=theme.axis(x_scale, "~s")),
        y=alt.Y("parameters:Q", title="parameters", scale=y_scale, axis=theme.axis(y_scale, "~s")),
        color=alt.Color("architecture:N", scale=theme.colours(architectures), legend=alt.Legend(title=None)),
        tooltip=["architecture:N", "tasks:Q", "parameters:Q", alt.Tooltip("marginal:Q", title="for one more task")],
    )
    shape = alt.Shape("architecture:N", scale=theme.shapes(architectures), legend=alt.Legend(title=None))
    layers = [
        base.mark_line(strokeWidth=1.6),
        base.transform_filter("datum.today").mark_point(filled=True, size=60, opacity=1).encode(shape=shape),
    ]
    return theme.finished(
        layers,
        title="What more tasks cost: parameters over the number of tasks",
        subtitle=[
            "Marks: the tasks of these data. Lines: the same settings for fewer and for more tasks.",
            *([FLAT] if (points["marginal"] == 0).any() else []),
        ],
        width=WIDTH,
        height=HEIGHT,
    )
