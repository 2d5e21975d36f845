"""The hypernetwork's compression: size of the embedding and rank, against error, from the trials that were run."""

import json
from typing import Any, Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.thinning import IN_ALL, beyond, drawn_of, thinned

WIDTH: Final = 620
HEIGHT: Final = 280
HYPERNETWORK: Final = "hypernetwork"
EMBEDDING: Final = "embedding_size"
MOST: Final = 800
FEWEST: Final = 4
"""Trials, before they are drawn."""


def points(trials: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: complete trials of the hypernetwork, with how its weights were compressed.

    Those that read the metadata alone have no embedding whose size could be drawn. outside: the error lies beyond the
    axis, as those of diverged trials do, and is not drawn.
    """
    kept = trials[(trials["architecture"] == HYPERNETWORK) & (trials["ending"] == "complete")]
    kept = kept[kept["cv_error"].notna() & kept["settings"].map(json.loads).map(_has_embedding)]
    kept = kept.assign(outside=kept["cv_error"] > theme.ceiling(kept["cv_error"].to_numpy()))
    kept = thinned(kept, MOST)
    rows = [_row(each) for each in kept.to_dict("records")]
    return pd.DataFrame(rows if len(rows) >= FEWEST else [], columns=list(_row({"settings": "{}"})))


def _has_embedding(settings: dict[str, Any]) -> bool:
    return settings.get(EMBEDDING) is not None


def _row(trial: dict[Any, Any]) -> dict[str, Any]:
    settings = json.loads(trial["settings"])
    rank = settings.get("compression_rank")
    return {
        "trial": trial.get("trial"),
        EMBEDDING: settings.get(EMBEDDING),
        "compression": settings.get("compression"),
        "rank": "none" if rank is None else str(rank),
        "parameters": trial.get("parameters"),
        "cv_error": trial.get("cv_error"),
        "outside": trial.get("outside"),
        IN_ALL: trial.get(IN_ALL),
    }


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    error_name, within = theme.spoken(metric, average), points[~points["outside"]]
    x_scale = theme.log_scale(float(points["embedding_size"].min()), max(float(points["embedding_size"].max()), 2.0))
    y_scale = theme.error_scale(float(within["cv_error"].min()), float(within["cv_error"].max()))
    kinds = sorted(points["compression"].unique())
    marks = alt.Chart(within).encode(
        x=alt.X("embedding_size:Q", title="numbers in an embedding", scale=x_scale, axis=theme.axis(x_scale, "d")),
        y=alt.Y("cv_error:Q", title=f"cross-validated {error_name}", scale=y_scale, axis=theme.axis(y_scale, "~r")),
        color=alt.Color(
            "compression:N",
            scale=alt.Scale(domain=kinds, range=list(theme.PALETTE[: len(kinds)])),
            legend=alt.Legend(title="weights"),
        ),
        size=alt.Size("parameters:Q", scale=alt.Scale(type="log", range=[30, 300]), legend=alt.Legend(format="~s")),
        tooltip=["trial:Q", "embedding_size:Q", "compression:N", "rank:N", "parameters:Q", "cv_error:Q"],
    )
    return theme.finished(
        [marks.mark_point(filled=True, opacity=0.75)],
        title="The hypernetwork: embedding and compression against error",
        subtitle=[
            "Each point a complete trial; all other settings differ, too.",
            *beyond(int(points["outside"].sum()), "trial"),
            *drawn_of(points, "trials"),
        ],
        width=WIDTH,
        height=HEIGHT,
    )
