"""What each column of the metadata is worth, beside a column of noise as the control."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.charts.ablation import WIDTH, compared, layers
from mthn_automl.tuning.ablation.names import NOISE, VARIANTS

ROW: Final = 26
MOST: Final = 40


def points(ablation: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers, from `ablation.csv`: single columns left out and alone, and the one of noise.

    Of very many columns those that change the error most.
    """
    first = ablation.head(1)[["architecture", "tasks"]].squeeze()
    own = (ablation[["architecture", "tasks"]] == first).all(axis=1)
    found = compared(ablation[own & ~ablation["variant"].isin(VARIANTS)])
    if (found["variant"] == NOISE).all():
        return found[:0]
    control = found["variant"] == NOISE
    largest = found[~control]["difference"].abs().nlargest(MOST).index
    return found[control | found.index.isin(largest)].reset_index(drop=True)


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    noise = points[points["variant"] == NOISE].head(1)
    control = [
        alt.Chart(noise).mark_rect(color=theme.FAINT, opacity=0.15).encode(x=alt.X("low:Q"), x2="high:Q"),
        alt.Chart(noise).mark_rule(color=theme.FAINT).encode(x="difference:Q"),
    ]
    return theme.finished(
        [*(control if len(noise) else []), *layers(points, metric, average)],
        title=f"What each column of the metadata is worth: {', '.join(points['architecture'].unique())}",
        subtitle=[
            "Columns left out, alone, and one of noise added (shaded: what a meaningless column does).",
            "Right of the line the error is higher. Corrected resampled 95 % intervals; p after Holm.",
        ],
        width=WIDTH,
        height=ROW * len(points),
    )
