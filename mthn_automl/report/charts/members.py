"""What the ensemble is made of: the weight of each member."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme

WIDTH: Final = 420
ROW: Final = 28


def points(members: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: a row a member, the heaviest first; `member` names its trial."""
    named = members["architecture"] + "-" + members["trial"].astype(str)
    return members.assign(member=named).sort_values("weight", ascending=False, ignore_index=True)


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    architectures = sorted(points["architecture"].unique())
    order = list(points["member"])
    base = alt.Chart(points).encode(
        x=alt.X("weight:Q", title="weight", scale=alt.Scale(domain=[0.0, 1.1 * float(points["weight"].max())])),
        y=alt.Y("member:N", sort=order, title=None, axis=alt.Axis(labelLimit=300, ticks=False, domain=False)),
        tooltip=[
            "member:N",
            "weight:Q",
            alt.Tooltip("cv_error:Q", title=theme.spoken(metric, average)),
            "parameters:Q",
        ],
    )
    colour = alt.Color("architecture:N", scale=theme.colours(architectures), legend=None)
    layers = [
        base.mark_bar().encode(color=colour),
        base.mark_text(align="left", dx=4, fontSize=11, color=theme.INK).encode(
            text=alt.Text("weight:Q", format=".2f")
        ),
    ]
    return theme.finished(
        layers,
        title="The ensemble: the weight of each of its trials",
        subtitle=["The prediction is the weighted mean; weights were chosen on rows that the members had not seen."],
        width=WIDTH,
        height=ROW * len(order),
    )
