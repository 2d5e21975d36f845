"""The search in time: every trial where it ended, and the lowest error so far."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.thinning import IN_ALL, beyond, drawn_of, thinned

WIDTH: Final = 620
HEIGHT: Final = 280
MOST: Final = 1_500
"""Trials that are drawn; of more these many, evenly taken, and all that were the best so far."""


def points(trials: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: complete trials, with the lowest error until then."""
    kept = trials[(trials["ending"] == "complete") & trials["cv_error"].notna()].reset_index(drop=True)
    kept = kept.assign(lowest=kept["cv_error"].cummin())
    leads = kept["cv_error"] < kept["lowest"].shift(fill_value=float("inf"))
    columns = ["architecture", "trial", "ended", "cv_error", "lowest", "parameters", IN_ALL]
    return thinned(kept, MOST, leads)[columns]


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    architectures = sorted(points["architecture"].unique())
    error_name = theme.spoken(metric, average)
    highest = theme.ceiling(points["cv_error"].to_numpy())
    outside = beyond(int((points["cv_error"] > highest).sum()), "trial")
    scale = theme.error_scale(float(points["cv_error"].min()), highest)
    base = alt.Chart(points).encode(x=alt.X("ended:Q", title="seconds of the run"))
    y = alt.Y("cv_error:Q", title=f"cross-validated {error_name}", scale=scale, axis=theme.axis(scale, "~r"))
    layers = [
        base.mark_line(interpolate="step-after", color=theme.INK, strokeWidth=1.3, clip=True).encode(
            y=alt.Y("lowest:Q", scale=scale)
        ),
        base.mark_point(filled=True, size=45, opacity=0.8, clip=True).encode(
            y=y,
            color=alt.Color("architecture:N", scale=theme.colours(architectures), legend=alt.Legend(title=None)),
            shape=alt.Shape("architecture:N", scale=theme.shapes(architectures), legend=alt.Legend(title=None)),
            tooltip=["architecture:N", "trial:Q", "ended:Q", alt.Tooltip("cv_error:Q", title=error_name)],
        ),
    ]
    return theme.finished(
        layers,
        title="The search: errors of trials as they ended",
        subtitle=["Line: the lowest so far.", *outside, *drawn_of(points, "trials")],
        width=WIDTH,
        height=HEIGHT,
    )
