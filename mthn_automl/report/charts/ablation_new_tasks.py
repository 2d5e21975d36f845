"""What the metadata are worth for tasks that no model has trained on."""

import altair as alt
import pandas as pd

from mthn_automl.analysis.ablation import HELD_OUT
from mthn_automl.report.charts.ablation import compared, drawn_as, of_kinds


def points(ablation: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers, from `ablation.csv`: folds of whole tasks, where the search had others."""
    if ablation["tasks"].iloc[0] == HELD_OUT:
        return ablation[:0]
    return compared(of_kinds(ablation[ablation["tasks"] == HELD_OUT]))


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    return drawn_as(
        points, metric, average, "What the metadata are worth for tasks never seen", "on folds of whole tasks"
    )
