"""The picture of the weight generators: test error against parameters, a line a generator, a picture a problem."""

from pathlib import Path

import altair as alt
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.figures import PNG_SCALE

WIDTH, HEIGHT = 620, 380


def save(table: pd.DataFrame, folder: Path) -> None:
    """compression.csv, and compression_<problem>.svg and .png."""
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "compression.csv", index=False)
    for problem, points in table.groupby("problem"):
        picture = chart(points, str(problem))
        picture.save(folder / f"compression_{problem}.svg")
        picture.save(folder / f"compression_{problem}.png", scale_factor=PNG_SCALE)


def chart(points: pd.DataFrame, problem: str) -> alt.LayerChart:
    """A point a size, with the range of its splits; errors beyond the axis are cut off."""
    generators = list(points["generator"].unique())
    x_scale = theme.log_scale(float(points["parameters"].min()), float(points["parameters"].max()))
    y_scale = theme.error_scale(float(points["low"].min()), theme.ceiling(points["high"].to_numpy()))
    base = alt.Chart(points).encode(
        x=alt.X("parameters:Q", title="trainable parameters", scale=x_scale, axis=theme.axis(x_scale, "~s")),
        color=alt.Color("generator:N", sort=generators, scale=theme.colours(generators), legend=alt.Legend(title=None)),
    )
    y = alt.Y("test_mse:Q", title="test MSE", scale=y_scale, axis=theme.axis(y_scale, "~g"))
    layers = [
        base.mark_rule(opacity=0.35, clip=True).encode(
            y=alt.Y("low:Q", scale=y_scale, axis=theme.axis(y_scale, "~g"), title="test MSE"), y2="high:Q"
        ),
        base.mark_line(strokeWidth=1.5, clip=True).encode(y=y, order="parameters:Q"),
        base.mark_point(filled=True, size=55, opacity=1, clip=True).encode(y=y),
    ]
    return theme.finished(
        layers,
        title=f"Weight generators on {problem.replace('_', ' ')}: error against size",
        subtitle=["Points: mean over splits and networks. Thin lines: the range of the splits' means."],
        width=WIDTH,
        height=HEIGHT,
    )
