"""What each task gains by the other run's answer, on the same rows out of the same folds."""

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.charts import gains


def points(task_gains: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: the tasks that gain least by B, and those that gain most."""
    return gains.points(task_gains)


def chart(points: pd.DataFrame, metric: str, problem: str) -> alt.LayerChart:
    """The picture of `points`; metric, problem: what losses are of."""
    return gains.drawn(
        points,
        title="What each task gains by B",
        said=("Right of the line B's answer is better", theme.told_by(metric, problem)),
        axis=f"{theme.loss_of(metric, problem)} in A less that in B, a row",
        findings=("B better", "A better"),
    )
