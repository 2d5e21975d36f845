"""The critical-difference picture: mean ranks on a line, and bars over those that are not shown to differ."""

from pathlib import Path

import altair as alt
import pandas as pd
from accuracy_statistics import Ranks

from mthn_automl.report import theme
from mthn_automl.report.figures import PNG_SCALE

WIDTH, STEP = 620, 26


def save(ranks: Ranks, folder: Path, own: str) -> None:
    """ranks.csv, ranks.svg and ranks.png."""
    points = lines(ranks)
    points.to_csv(folder / "ranks.csv", index=False)
    picture = chart(points, ranks, own)
    picture.save(folder / "ranks.svg")
    picture.save(folder / "ranks.png", scale_factor=PNG_SCALE)


def lines(ranks: Ranks) -> pd.DataFrame:
    """A row a method: `method`, `rank`, and `reach`, the rank up to which others are not shown to be worse."""
    mean = ranks.mean.rename("rank").rename_axis("method").reset_index()
    return mean.assign(reach=mean["rank"] + ranks.critical)


def bars(ranks: Ranks) -> pd.DataFrame:
    """A row a group: its first and last mean rank, at a height of its own."""
    rows = [
        {"low": float(ranks.mean[first]), "high": float(ranks.mean[last]), "height": number}
        for number, (first, last) in enumerate(ranks.groups, start=1)
    ]
    return pd.DataFrame(rows, columns=["low", "high", "height"])


def chart(points: pd.DataFrame, ranks: Ranks, own: str) -> alt.LayerChart:
    """A line a method, the best one the longest, so that no line crosses a name; bars join what is not told apart."""
    groups = bars(ranks)
    depth, above = len(points), len(groups) + 1
    placed = points.assign(depth=range(-depth, 0), zero=0, own=points["method"] == own)
    placed["label"] = [f"{name}  {rank:.2f}" for name, rank in zip(placed["method"], placed["rank"], strict=True)]
    x_scale = alt.Scale(domain=[0.8, 1.2 * depth], nice=False)
    x = alt.X(
        "rank:Q",
        title="mean rank (1 is best)",
        scale=x_scale,
        axis=alt.Axis(values=list(range(1, depth + 1)), format="d", grid=True),
    )
    y_scale = alt.Scale(domain=[-depth - 0.6, above + 0.4], nice=False)
    y = alt.Y("depth:Q", scale=y_scale, axis=None)
    colour = alt.condition("datum.own", alt.value(theme.PALETTE[1]), alt.value(theme.INK))
    base = alt.Chart(placed).encode(x=x)
    layers = [
        base.mark_rule(opacity=0.4).encode(y=y, y2="zero:Q", color=colour),
        base.mark_point(filled=True, size=60, opacity=1).encode(
            y=alt.Y("zero:Q", scale=y_scale, axis=None), color=colour
        ),
        base.mark_text(align="left", dx=5, fontSize=11).encode(y=y, text="label:N", color=colour),
        alt.Chart(groups)
        .mark_rule(strokeWidth=4, color=theme.FAINT)
        .encode(x=alt.X("low:Q", scale=x_scale), x2="high:Q", y=alt.Y("height:Q", scale=y_scale, axis=None)),
    ]
    said = "unknown" if pd.isna(ranks.p_value) else f"{ranks.p_value:.2g}"
    return theme.finished(
        layers,
        title=f"Mean ranks over {len(ranks.sets)} data sets",
        subtitle=[
            f"Bars: not shown to differ (Nemenyi, 5 %: critical difference {ranks.critical:.2f}). Friedman: p = {said}."
        ],
        width=WIDTH,
        height=STEP * (depth + above + 1),
    )
