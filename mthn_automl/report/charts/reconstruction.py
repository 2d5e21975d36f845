"""How well each column of the metadata can be told from embeddings that never saw it."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.analysis.ablation import SIGNIFICANT
from mthn_automl.report import theme

WIDTH: Final = 420
ROW: Final = 24


def points(reconstruction: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: R² of each column, beside that of the tasks permuted."""
    ordered = reconstruction.sort_values("r2", ascending=False, ignore_index=True)
    shown = ordered["p_value_holm"] < SIGNIFICANT
    return ordered.assign(finding=shown.map({True: "more than chance", False: "not shown"}))


def chart(points: pd.DataFrame, metric: str) -> alt.LayerChart:
    """The picture of `points`."""
    drawn = points.assign(shown_r2=points["r2"].clip(lower=-0.2))
    scale = alt.Scale(domain=["more than chance", "not shown"], range=["#0072B2", "#999999"])
    base = alt.Chart(drawn).encode(
        y=alt.Y("column:N", sort=list(drawn["column"]), title=None, axis=alt.Axis(labelLimit=300, ticks=False)),
        tooltip=["column:N", "r2:Q", "null_r2:Q", "p_value_holm:Q", "tasks:Q"],
    )
    x = alt.X("shown_r2:Q", title="R² for tasks that were left out", scale=alt.Scale(domain=[-0.2, 1.0]))
    layers = [
        base.mark_bar().encode(
            x=x, color=alt.Color("finding:N", scale=scale, legend=alt.Legend(title=None, orient="top"))
        ),
        base.mark_tick(thickness=2, color=theme.INK).encode(x=alt.X("null_r2:Q")),
    ]
    return theme.finished(
        layers,
        title="What embeddings know of the metadata",
        subtitle=[
            "Of networks that were never shown them. Tick: the mean with tasks permuted, which is chance.",
        ],
        width=WIDTH,
        height=ROW * len(drawn),
    )
