"""Which settings mattered to the error of each architecture."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme

WIDTH: Final = 420
ROW: Final = 18
MOST: Final = 6
"""Settings of an architecture: the most telling."""


def points(importances: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: the settings that explain most of the variance of errors."""
    ordered = importances.sort_values(["architecture", "importance"], ascending=[True, False])
    kept = ordered.groupby("architecture").head(MOST).reset_index(drop=True)
    return kept.assign(setting=kept["architecture"] + ": " + kept["setting"])


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    architectures = sorted(points["architecture"].unique())
    bars = alt.Chart(points).encode(
        x=alt.X(
            "importance:Q",
            title=f"share of the variance of the {theme.spoken(metric, average)}",
            axis=alt.Axis(format="%"),
        ),
        y=alt.Y("setting:N", sort=list(points["setting"]), title=None, axis=alt.Axis(labelLimit=320, ticks=False)),
        color=alt.Color("architecture:N", scale=theme.colours(architectures), legend=None),
        tooltip=["setting:N", alt.Tooltip("importance:Q", format=".1%"), "trials:Q"],
    )
    return theme.finished(
        [bars.mark_bar()],
        title="Which settings mattered",
        subtitle=["Functional ANOVA over the complete trials of an architecture that has enough of them."],
        width=WIDTH,
        height=ROW * len(points),
    )
