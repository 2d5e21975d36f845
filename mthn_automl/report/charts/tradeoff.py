"""Error against parameters: a point a trial, the front as a step line, each architecture's best named."""

import math
from collections.abc import Sequence
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.names import counted
from mthn_automl.report import theme
from mthn_automl.report.labels import GAP, Box, room_for
from mthn_automl.report.thinning import drawn_of, thinned

WIDTH: Final = 620
HEIGHT: Final = 330
EDGE: Final = 6  # pixels from the top, where trials beyond the axis are drawn
FEWEST_PARAMETERS: Final = 1  # a logarithm cannot be drawn of none
MOST_SHOWN: Final = 0.75
"""Of the errors, that lie within the axis at the least."""

ROOM: Final = 1.25
"""Times the largest of these errors, up to which others lie within the axis, too."""

MOST: Final = 1_500
"""Trials that are drawn beside the front and the best; of more these many, evenly taken."""


def points(tradeoff: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers, from `tradeoff.csv`: trials whose error is a number.

    best: the lowest error of its architecture. outside: the error lies above the axis and is drawn at its edge; the
    axis ends where `_highest` has it.
    shown_parameters: at least 1, for the logarithm.
    """
    kept = tradeoff.loc[tradeoff["cv_error"].notna(), ["architecture", "trial", "parameters", "cv_error", "on_front"]]
    kept = kept.sort_values(["architecture", "trial"], ignore_index=True)
    kept["best"] = kept.index.isin(kept.groupby("architecture")["cv_error"].idxmin())
    kept["outside"] = kept["cv_error"] > _highest(kept)
    kept["shown_parameters"] = kept["parameters"].clip(lower=FEWEST_PARAMETERS)
    return thinned(kept, MOST, kept["best"] | kept["on_front"].astype(bool))


def _highest(kept: pd.DataFrame) -> float:
    """The largest error worth room: those of the front, of each architecture's best and of three in four trials."""
    told = kept.loc[kept["best"] | kept["on_front"].astype(bool), "cv_error"]
    needed = max(told.max(), kept["cv_error"].quantile(MOST_SHOWN))
    return min(theme.ceiling(kept["cv_error"].to_numpy()), ROOM * float(needed))


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    architectures = sorted(points["architecture"].unique())
    x_scale, y_scale = _scales(points)
    error_name = theme.spoken(metric, average)
    x = alt.X("shown_parameters:Q", title="parameters", scale=x_scale, axis=theme.axis(x_scale, "~s"))
    y = alt.Y("cv_error:Q", title=f"cross-validated {error_name}", scale=y_scale, axis=theme.axis(y_scale, "~r"))
    shape = alt.Shape("architecture:N", scale=theme.shapes(architectures), legend=None)
    base = alt.Chart(points).encode(
        x=x,
        color=alt.Color("architecture:N", scale=theme.colours(architectures), legend=None),
        tooltip=["architecture:N", "trial:Q", "parameters:Q", alt.Tooltip("cv_error:Q", title=error_name)],
    )
    within = base.transform_filter("!datum.outside").encode(y=y, shape=shape)
    leaders, names = _names(points, x, y)
    layers = [
        within.transform_filter("!datum.best").mark_point(filled=True, size=36, opacity=0.45),
        _front(points, x, y),
        base.transform_filter("datum.outside").mark_point(size=45, shape="triangle-up").encode(y=alt.value(EDGE)),
        *leaders,
        within.transform_filter("datum.best").mark_point(filled=True, size=130, opacity=1, stroke="white"),
        *names,
    ]
    title = f"Error against size: cross-validated {error_name} of every complete trial"
    return theme.finished(layers, title=title, subtitle=_subtitle(points), width=WIDTH, height=HEIGHT)


def _subtitle(points: pd.DataFrame) -> list[str]:
    lines = [
        "Large and named: each architecture's best trial. Line: the lowest error with so many parameters or fewer."
    ]
    outside, none = int(points["outside"].sum()), int((points["parameters"] < FEWEST_PARAMETERS).sum())
    if outside:
        lines.append(f"Beyond the axis, as triangles at its upper edge: {outside:,} of {_points(points)}.")
    if none:
        lines.append(f"With no parameters, drawn at 1: {counted(none, 'trial')}.")
    return lines + drawn_of(points, "trials")


def _points(points: pd.DataFrame) -> str:
    """How many there are: of trials, and perhaps of ensembles."""
    return counted(len(points), "point" if (points["architecture"] == theme.ENSEMBLE).any() else "trial")


def _scales(points: pd.DataFrame) -> tuple[alt.Scale, alt.Scale]:
    shown = points.loc[~points["outside"], "cv_error"]
    sizes = points["shown_parameters"]
    return theme.log_scale(float(sizes.min()), float(sizes.max())), theme.error_scale(shown.min(), shown.max())


def _front(points: pd.DataFrame, x: alt.X, y: alt.Y) -> alt.Chart:
    line: alt.Chart = (
        alt.Chart(points)
        .transform_filter("datum.on_front")
        .mark_line(interpolate="step-after", strokeWidth=1.3, color=theme.INK, clip=True)
        .encode(x=x, y=y, order="shown_parameters:Q")
    )
    return line


def _names(points: pd.DataFrame, x: alt.X, y: alt.Y) -> tuple[list[alt.Chart], list[alt.Chart]]:
    """Lines to the best trials whose names had to stand off, and the names, white edges first."""
    x_scale, y_scale = _scales(points)
    at = pd.DataFrame({"x": _pixels(x_scale, points["shown_parameters"], WIDTH)})
    at["y"] = np.maximum(HEIGHT - _pixels(y_scale, points["cv_error"], HEIGHT), EDGE)
    best = points[points["best"]].sort_values("cv_error")
    spots = [(float(at["x"][row]), float(at["y"][row])) for row in best.index]
    trials = [Box.around(x, y, 6) for x, y in zip(at["x"], at["y"], strict=True)]
    avoided = trials + _steps(at[points["on_front"]].sort_values("x"))
    texts = [str(each) for each in best["architecture"]]
    boxes = room_for(spots, texts, width=WIDTH, height=HEIGHT, avoided=avoided)
    placed = list(zip(best.index, spots, boxes, strict=True))
    height = {row: alt.value(EDGE) if points["outside"][row] else y for row in best.index}
    leaders = [
        _leader(points.loc[[row]], spot, box, x, height[row])
        for row, spot, box in placed
        if math.dist(spot, box.nearest(*spot)) > GAP
    ]
    names = [
        _text(points.loc[[row]], spot, box, x, height[row], **style)
        for row, spot, box in placed
        for style in ({"stroke": "white", "strokeWidth": 3, "color": "white"}, {"color": theme.INK})
    ]
    return leaders, names


def _steps(corners: pd.DataFrame) -> list[Box]:
    """The front's horizontal and vertical pieces, as thin boxes."""
    xs, ys = corners["x"].to_list(), corners["y"].to_list()
    flat = [Box(x, y - 2, end, y + 2) for x, y, end in zip(xs, ys, xs[1:], strict=False)]
    return flat + [Box(end - 2, y, end + 2, lower) for y, end, lower in zip(ys, xs[1:], ys[1:], strict=False)]


def _leader(point: pd.DataFrame, spot: tuple[float, float], box: Box, x: alt.X, y: Any) -> alt.Chart:
    """From a point to its name, both in pixels from the point, so that they move with it.

    y: of its error, or a value in pixels.
    """
    to_x, to_y = (end - start for end, start in zip(box.nearest(*spot), spot, strict=True))
    y2 = "cv_error:Q" if isinstance(y, alt.Y) else y
    line: alt.Chart = (
        alt.Chart(point)
        .mark_rule(color=theme.FAINT, strokeWidth=0.8, clip=True, x2Offset=to_x, y2Offset=to_y)
        .encode(x=x, y=y, x2="shown_parameters:Q", y2=y2)
    )
    return line


def _text(point: pd.DataFrame, spot: tuple[float, float], box: Box, x: alt.X, y: Any, **style: Any) -> alt.Chart:
    dx, dy = (box.left + box.right) / 2 - spot[0], (box.top + box.bottom) / 2 - spot[1]
    drawn: alt.Chart = (
        alt.Chart(point)
        .mark_text(align="center", baseline="middle", fontSize=11, fontWeight="bold", dx=dx, dy=dy, **style)
        .encode(text="architecture:N", x=x, y=y)
    )
    return drawn


def _pixels(scale: alt.Scale, values: Sequence[float] | pd.Series, length: float) -> FloatArray:
    """Where values lie along an axis, as the picture will have it."""
    low, high = scale.domain
    points = np.asarray(values, dtype=np.float64)
    if scale.type == "log":
        return np.asarray(np.log(points / low) / math.log(high / low) * length)
    return np.asarray((points - low) / (high - low) * length)
