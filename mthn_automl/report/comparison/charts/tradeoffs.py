"""What accuracy costs in parameters, in both runs: every trial, and the front of each as a step line."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.thinning import IN_ALL, drawn_of, thinned

WIDTH: Final = 620
HEIGHT: Final = 330
COLOURS: Final = ("#0072B2", "#D55E00")
SHAPES: Final = ("circle", "triangle-up")
MOST: Final = 1_500
"""Trials of both that are drawn beside those on the fronts; of more these many, evenly taken by their size."""


def points(tradeoffs: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers, of both runs: trials whose error is a number and on the axis; those without parameters at 1.

    tradeoffs: two tables as `tradeoff.csv`, told apart by `run`.
    """
    kept = tradeoffs[tradeoffs["cv_error"].notna()]
    kept = kept[kept["on_front"].astype(bool) | (kept["cv_error"] <= theme.ceiling(kept["cv_error"].to_numpy()))]
    kept = kept.assign(shown_parameters=kept["parameters"].clip(lower=1)).sort_values(["run", "shown_parameters"])
    columns = ["run", "architecture", "trial", "parameters", "shown_parameters", "cv_error", "on_front", IN_ALL]
    return thinned(kept, MOST, kept["on_front"].astype(bool))[columns]


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    runs, error_name = sorted(points["run"].unique()), theme.spoken(metric, average)
    x_scale = theme.log_scale(float(points["shown_parameters"].min()), float(points["shown_parameters"].max()))
    y_scale = theme.error_scale(float(points["cv_error"].min()), float(points["cv_error"].max()))
    legend = alt.Legend(title=None, orient="top")
    base = alt.Chart(points).encode(
        x=alt.X("shown_parameters:Q", title="parameters", scale=x_scale, axis=theme.axis(x_scale, "~s")),
        y=alt.Y("cv_error:Q", title=f"cross-validated {error_name}", scale=y_scale, axis=theme.axis(y_scale, "~r")),
        color=alt.Color("run:N", scale=alt.Scale(domain=runs, range=list(COLOURS[: len(runs)])), legend=legend),
        shape=alt.Shape("run:N", scale=alt.Scale(domain=runs, range=list(SHAPES[: len(runs)])), legend=legend),
        tooltip=["run:N", "architecture:N", "trial:Q", "parameters:Q", alt.Tooltip("cv_error:Q", title=error_name)],
    )
    front = base.transform_filter("datum.on_front")
    line = front.mark_line(interpolate="step-after", strokeWidth=1.6).encode(
        shape=alt.Undefined, order="shown_parameters:Q"
    )
    layers = [
        base.transform_filter("!datum.on_front").mark_point(filled=True, size=36, opacity=0.4),
        line,
        front.mark_point(filled=True, size=70, opacity=1),
    ]
    return theme.finished(
        layers,
        title=f"Error against size in both runs: cross-validated {error_name}",
        subtitle=[
            "Lines: the lowest error with so many parameters or fewer. Trials that diverged are left out.",
            *drawn_of(points, "trials"),
        ],
        width=WIDTH,
        height=HEIGHT,
    )
