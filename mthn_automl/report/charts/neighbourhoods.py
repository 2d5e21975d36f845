"""A map of the tasks by UMAP of their embeddings, of runs where that was installed."""

import altair as alt
import pandas as pd

from mthn_automl.report.charts import embeddings as principal

PLACES = {"umap_x": "x", "umap_y": "y"}


def points(embeddings: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers, as those of the principal components; empty where the run has no such map."""
    if not set(PLACES) <= set(embeddings):
        return pd.DataFrame()
    return principal.mapped(embeddings.drop(columns=["x", "y"]).rename(columns=PLACES), tasks, [])


def chart(points: pd.DataFrame, metric: str) -> alt.ConcatChart:
    """The picture of `points`; metric: its name."""
    said = (
        "UMAP keeps tasks with like networks together; how far groups lie apart, and how large they are, means nothing."
    )
    return principal.maps(points, metric, "Tasks by their embeddings: UMAP", said)
