"""Error against what a model costs otherwise: a task's network, one more task, seconds of training, latency."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.thinning import IN_ALL, beyond, drawn_of, thinned

WIDTH: Final = 260
HEIGHT: Final = 180
COSTS: Final = {
    "parameters_per_task_network": "parameters of one task's network",
    "marginal_parameters": "parameters of one more task",
    "train_seconds": "seconds of training",
    "predict_us_per_row": "microseconds a predicted row",
}
MOST: Final = 400
"""Trials in each picture beside the best; of more these many, evenly taken."""

SMALLEST: Final = {"parameters_per_task_network": 1.0, "marginal_parameters": 1.0}
"""What a logarithmic axis shows instead of none."""


def points(tradeoff: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: a row a trial and cost.

    best: nothing with the same cost or less has an error as low, of trials that may be on a front. outside: the error
    lies beyond the axis, as those of diverged trials do, and is not drawn.
    """
    kept = tradeoff[tradeoff["cv_error"].notna()]
    kept = kept.assign(outside=kept["cv_error"] > theme.ceiling(kept["cv_error"].to_numpy()))
    parts = [_of_cost(kept, name) for name in COSTS if name in kept]
    columns = ["architecture", "trial", "cv_error", "cost", "amount", "best", "outside", "none", IN_ALL]
    return pd.concat(parts, ignore_index=True)[columns] if parts and len(kept) else pd.DataFrame(columns=columns)


def _of_cost(kept: pd.DataFrame, name: str) -> pd.DataFrame:
    amount = kept[name].clip(lower=SMALLEST.get(name))
    none = kept[name] == 0
    may = kept["within_limits"].astype(bool) & ~kept["stopped_by_time"].astype(bool)
    part = kept[["architecture", "trial", "cv_error", "outside"]].assign(
        cost=COSTS[name], amount=amount, may=may, none=none
    )
    part = part[part["amount"] > 0].sort_values(["amount", "cv_error"])
    lowest = part["cv_error"].where(part["may"]).cummin().ffill().shift(fill_value=float("inf"))
    part = part.assign(best=part["may"] & (part["cv_error"] < lowest.fillna(float("inf"))))
    return thinned(part, MOST, part["best"])


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.FacetChart:
    """The picture of `points`; metric: its name."""
    architectures = sorted(points["architecture"].unique())
    error_name = theme.spoken(metric, average)
    within = points.loc[~points["outside"], "cv_error"]
    y_scale = theme.error_scale(float(within.min()), float(within.max()))
    base = (
        alt.Chart()
        .transform_filter("!datum.outside")
        .encode(
            x=alt.X(
                "amount:Q", title=None, scale=alt.Scale(type="log", nice=True), axis=alt.Axis(format="~s", tickCount=5)
            ),
            y=alt.Y("cv_error:Q", title=f"cross-validated {error_name}", scale=y_scale, axis=theme.axis(y_scale, "~r")),
            tooltip=["architecture:N", "trial:Q", "cost:N", "amount:Q", alt.Tooltip("cv_error:Q", title=error_name)],
        )
    )
    marks = base.mark_point(filled=True, size=40, opacity=0.8).encode(
        color=alt.Color("architecture:N", scale=theme.colours(architectures), legend=alt.Legend(title=None)),
        shape=alt.Shape("architecture:N", scale=theme.shapes(architectures), legend=alt.Legend(title=None)),
    )
    front = base.transform_filter("datum.best").mark_line(
        interpolate="step-after", strokeWidth=1.3, color=theme.INK, clip=True
    )
    one = points[points["cost"] == points["cost"].iloc[0]]
    outside = beyond(int(one["outside"].sum()), "trial in each")
    none = ["None, on a logarithmic axis, is drawn at 1."] if points["none"].any() else []
    subtitle = ["Line: the lowest error at that cost or less.", *none, *outside, *drawn_of(one, "trials in each")]
    layered = alt.layer(front, marks).properties(width=WIDTH, height=HEIGHT)
    styled: alt.FacetChart = theme.styled(
        layered.facet(facet=alt.Facet("cost:N", title=None, sort=list(COSTS.values())), columns=2, data=points)
        .resolve_scale(x="independent")
        .properties(title=theme.heading("Error against other costs", subtitle))
    )
    return styled
