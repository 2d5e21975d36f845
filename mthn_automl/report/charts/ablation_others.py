"""What the metadata are worth to the further architectures of the answer."""

import altair as alt
import pandas as pd

from mthn_automl.report.charts.ablation import compared, drawn_as, of_kinds


def points(ablation: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers, from `ablation.csv`: all architectures but the one that gives the verdict."""
    first, tasks = ablation["architecture"].iloc[0], ablation["tasks"].iloc[0]
    others = (ablation["architecture"] != first) & (ablation["tasks"] == tasks)
    return compared(of_kinds(ablation[others]))


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    return drawn_as(points, metric, average, "What the metadata are worth to others", "on the same folds and seeds")
