"""What one training gave for every preference: error against the size of a task's network."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.wording import TEST_COLUMNS

WIDTH: Final = 620
HEIGHT: Final = 330


def points(preferences: pd.DataFrame, average: str) -> pd.DataFrame:
    """The plotted numbers, from `preferences.csv`: preferences whose error is a number, in their order.

    error: over rows or over tasks, as average says.
    """
    kept = preferences.assign(error=preferences[TEST_COLUMNS[average][0]])
    kept = kept[kept["error"].notna()]
    return kept.sort_values(["architecture", "preference"], ignore_index=True)


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    architectures = sorted(points["architecture"].unique())
    sizes, errors = points["parameters_per_task_network"], points["error"]
    x_scale = theme.log_scale(float(sizes.min()), float(sizes.max()))
    y_scale = theme.error_scale(float(errors.min()), float(errors.max()))
    error_name = theme.spoken(metric, average)
    title = "parameters of one task's network that are in use"
    base = alt.Chart(points).encode(
        x=alt.X("parameters_per_task_network:Q", title=title, scale=x_scale, axis=theme.axis(x_scale, "~s")),
        y=alt.Y("error:Q", title=f"test {error_name}", scale=y_scale, axis=theme.axis(y_scale, "~r")),
        color=alt.Color("architecture:N", scale=theme.colours(architectures), legend=None),
        tooltip=["architecture:N", "preference:Q", "parameters_per_task_network:Q", "error:Q"],
    )
    layers = [
        base.mark_line(strokeWidth=1.5).encode(order="preference:Q", detail="architecture:N"),
        base.mark_point(filled=True, size=50, opacity=1),
    ]
    subtitle = ["A point a preference from 0, the smallest error (right), to 1, the smallest network (left)."]
    return theme.finished(
        layers,
        title="One training, every preference between error and size",
        subtitle=subtitle,
        width=WIDTH,
        height=HEIGHT,
    )
