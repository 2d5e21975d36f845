"""What sharing is worth to each task: the answer's loss beside that of a network of the task's own."""

from typing import Final

import altair as alt
import pandas as pd

from mthn_automl.report import theme

WIDTH: Final = 430
ROW: Final = 18
MOST: Final = 20
"""Tasks at either end; those between gain and lose least."""


def points(tasks: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: the tasks that gain least, and those that gain most."""
    kept = tasks[tasks["gain_low"].notna()].sort_values("gain", ignore_index=True)
    ends = kept if len(kept) <= 2 * MOST else pd.concat([kept.head(MOST), kept.tail(MOST)], ignore_index=True)
    return ends[["task", "rows", "gain", "gain_low", "gain_high", "q_value", "helped", "harmed"]]


def chart(points: pd.DataFrame, metric: str, problem: str) -> alt.LayerChart:
    """The picture of `points`; metric, problem: what losses are of."""
    return drawn(
        points,
        title="What sharing is worth, task by task",
        said=("Right of the line the answer is better", theme.told_by(metric, problem)),
        axis=f"{theme.loss_of(metric, problem)} of its own network less that of the answer, a row",
        findings=("helped", "harmed"),
    )


def drawn(
    points: pd.DataFrame, *, title: str, said: tuple[str, str], axis: str, findings: tuple[str, str]
) -> alt.LayerChart:
    """Gains with their intervals, a row a task.

    said: what the side of the line means, and of which losses gains are, where that must be said. axis: what a gain is.
    findings: what tasks are called that gain, and lose.
    """
    gain, loss = findings
    told = [loss if row.harmed else gain if row.helped else "not shown" for row in points.itertuples()]
    table = points.assign(finding=told)
    scale = alt.Scale(domain=[gain, "not shown", loss], range=["#0072B2", "#999999", "#D55E00"])
    base = alt.Chart(table).encode(
        y=alt.Y("task:N", sort=list(table["task"]), title=None, axis=alt.Axis(labelLimit=200, ticks=False)),
        color=alt.Color("finding:N", scale=scale, legend=alt.Legend(title=None, orient="top")),
        tooltip=["task:N", "rows:Q", "gain:Q", "gain_low:Q", "gain_high:Q", "q_value:Q"],
    )
    x = alt.X("gain:Q", title=axis)
    layers = [
        alt.Chart(pd.DataFrame({"gain": [0.0]})).mark_rule(color=theme.INK, strokeDash=[4, 3]).encode(x=x),
        base.mark_rule(strokeWidth=2).encode(x=alt.X("gain_low:Q"), x2="gain_high:Q"),
        base.mark_point(filled=True, size=45, opacity=1).encode(x=x),
    ]
    cut = [f"The {MOST} at either end."] if len(points) == 2 * MOST else []
    return theme.finished(
        layers,
        title=title,
        subtitle=[f"{said[0]}; 95 % intervals; colours after correction for many.", *filter(None, said[1:]), *cut],
        width=WIDTH,
        height=ROW * len(table),
    )
