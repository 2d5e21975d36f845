"""What a model of a task's own is worth beside the answer, over the rows of the task."""

import math
from typing import Final

import altair as alt
import numpy as np
import pandas as pd

from mthn_automl.analysis.breakeven import FEWEST_IN_A_PART, advantages
from mthn_automl.analysis.statistics import CONFIDENCE
from mthn_automl.report import theme
from mthn_automl.report.thinning import IN_ALL, beyond, thinned

WIDTH: Final = 620
HEIGHT: Final = 260
MOST_GROUPS: Final = 8
MOST: Final = 800
"""Tasks that are drawn one by one; the means are of all."""

TASK, GROUP = "task", "mean"


def points(tasks: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: a point a task, and groups of tasks of about as many rows with their means.

    ahead: by how much the answer's error is lower than that of the task's own model, over the mean of both; low, high:
    of a group, the 95 % interval of the mean.
    """
    rows, ahead = advantages(tasks)
    groups = min(MOST_GROUPS, len(rows) // FEWEST_IN_A_PART)
    columns = ["kind", "rows", "ahead", "low", "high", "tasks", IN_ALL]
    if groups < 2 or rows[0] == rows[-1]:
        return pd.DataFrame(columns=columns)
    single = thinned(pd.DataFrame({"kind": TASK, "rows": rows, "ahead": 2 * ahead}), MOST)
    edges = np.unique(np.quantile(rows, np.linspace(0, 1, groups + 1)[1:-1]))
    of_group = np.searchsorted(edges, rows, side="left")
    means = [_mean(rows[of_group == each], 2 * ahead[of_group == each]) for each in np.unique(of_group)]
    return pd.concat([single, pd.DataFrame(means)], ignore_index=True).reindex(columns=columns)


def _mean(rows: np.ndarray, ahead: np.ndarray) -> dict[str, object]:
    """Of a group of tasks."""
    from scipy.stats import t  # half a second to import

    count = len(rows)
    reach = math.nan
    if count > 1:
        reach = float(t.ppf((1 + CONFIDENCE) / 2, count - 1) * ahead.std(ddof=1) / math.sqrt(count))
    middle, mean = float(np.exp(np.log(np.maximum(rows, 1)).mean())), float(ahead.mean())
    return {"kind": GROUP, "rows": middle, "ahead": mean, "low": mean - reach, "high": mean + reach, "tasks": count}


def chart(points: pd.DataFrame, metric: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    single_tasks, in_all = int((points["kind"] == TASK).sum()), int(points[IN_ALL].max())
    cut = [f"Drawn one by one are {single_tasks:,} of {in_all:,} tasks; means are of all."]
    drawn = points.assign(rows=points["rows"].clip(lower=1))
    scale = theme.log_scale(float(drawn["rows"].min()), float(drawn["rows"].max()))
    x = alt.X("rows:Q", title="rows of the task in training", scale=scale, axis=theme.axis(scale, "~s"))
    most = _most(points)
    y = alt.Y(
        "ahead:Q",
        title=f"how far the answer is ahead in {theme.spoken(metric)}",
        axis=alt.Axis(format="%"),
        scale=alt.Scale(domain=[-most, most]),
    )
    outside = int((points["ahead"].abs() > most).sum())
    base = alt.Chart(drawn).encode(x=x)
    single, group = (base.transform_filter(f"datum.kind == '{kind}'") for kind in (TASK, GROUP))
    layers = [
        single.mark_point(filled=True, size=22, opacity=0.3, clip=True, color=theme.FAINT).encode(y=y),
        alt.Chart(pd.DataFrame({"ahead": [0.0]})).mark_rule(color=theme.INK, strokeDash=[4, 3]).encode(y=y),
        group.mark_rule(strokeWidth=2, color="#0072B2").encode(y=alt.Y("low:Q"), y2="high:Q"),
        group.mark_point(filled=True, size=80, opacity=1, color="#0072B2").encode(
            y=y, tooltip=["rows:Q", alt.Tooltip("ahead:Q", format=".1%"), "tasks:Q"]
        ),
    ]
    return theme.finished(
        layers,
        title="From how many rows a network of a task's own pays",
        subtitle=[
            "Small: tasks. Large: means of tasks of about as many rows, with 95 % intervals.",
            "Above the line the answer is better than single_task, in shares of the mean of both errors.",
            *beyond(outside, "task"),
            *(cut if single_tasks < in_all else []),
        ],
        width=WIDTH,
        height=HEIGHT,
    )


def _most(points: pd.DataFrame) -> float:
    """Of the axis: room for nine in ten tasks, and for the means with their intervals."""
    single = points["kind"] == TASK
    ends = points.loc[~single, ["ahead", "low", "high"]].abs().max().max()
    return max(float(points.loc[single, "ahead"].abs().quantile(0.9)), 1.1 * float(ends), 0.01)
