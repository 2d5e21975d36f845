"""Each architecture's error with its interval: by cross-validation, which ranks, and on the test rows."""

from collections.abc import Mapping
from typing import Any, Final

import altair as alt
import numpy as np
import pandas as pd

from mthn_automl.report import theme
from mthn_automl.report.thinning import beyond
from mthn_automl.report.wording import TEST_COLUMNS

WIDTH: Final = 500
ROW: Final = 40
KINDS: Final = ("cross-validation", "test")
COLOURS: Final = ("#999999", "#0072B2")
USUAL: Final = "LightGBM's defaults"
"""The name of what stands below all that is ranked, and is not."""


def points(leaderboard: pd.DataFrame, average: str, usual: Mapping[str, Any] | None = None) -> pd.DataFrame:
    """The plotted numbers, from `leaderboard.csv`: two rows an architecture, without the errors that are missing.

    kind: `cross-validation`, low and high two standard errors away; or `test`, with its 95 % bootstrap interval.
    outside: the error lies beyond the axis and is drawn at its edge. average: what both errors are averages over.
    usual: the errors of LightGBM's defaults, of `summary.json`; None: they were not measured.
    """
    ranked = leaderboard[leaderboard["rank"].notna()]
    if usual is not None:
        beside = {name: usual.get(name) for name in ("cv_error", *TEST_COLUMNS[average])}
        last = {"architecture": USUAL, "rank": len(ranked) + 1, "cv_error_se": np.nan, **beside}
        ranked = pd.DataFrame([*ranked.to_dict("records"), last]).astype(dict.fromkeys(beside, float))
    reach = 2 * ranked["cv_error_se"]
    parts = [
        _of_kind(ranked, KINDS[0], ranked["cv_error"], ranked["cv_error"] - reach, ranked["cv_error"] + reach),
        _of_kind(ranked, KINDS[1], *(ranked[name] for name in TEST_COLUMNS[average])),
    ]
    both = pd.concat(parts, ignore_index=True)
    both = both[both["error"].notna()].sort_values(["rank", "kind"], ignore_index=True)
    both["outside"] = both["error"] > theme.ceiling(both["error"].to_numpy())
    return both


def _of_kind(ranked: pd.DataFrame, kind: str, error: pd.Series, low: pd.Series, high: pd.Series) -> pd.DataFrame:
    return ranked[["rank", "architecture"]].assign(kind=kind, error=error, low=low, high=high)


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    error_name = theme.spoken(metric, average)
    order = list(points.sort_values("rank")["architecture"].unique())
    scale = _scale(points)
    x, low = (
        alt.X(f"{column}:Q", title=error_name, scale=scale, axis=theme.axis(scale, "~r"))
        for column in ("error", "shown_low")
    )
    legend = alt.Legend(title=None, orient="top", direction="horizontal")
    # Vega cannot take the logarithm of an end at or below zero: such an end goes to the edge of the axis.
    drawn = points.assign(
        shown_low=points["low"].clip(lower=scale.domain[0]), shown_high=points["high"].clip(upper=scale.domain[1])
    )
    base = alt.Chart(drawn).encode(
        x=x,
        y=alt.Y("architecture:N", sort=order, title=None, axis=alt.Axis(labelLimit=300, ticks=False, domain=False)),
        yOffset=alt.YOffset("kind:N", sort=list(KINDS), scale=alt.Scale(paddingOuter=0.6)),
        color=alt.Color("kind:N", scale=alt.Scale(domain=list(KINDS), range=list(COLOURS)), legend=legend),
        tooltip=["architecture:N", "kind:N", alt.Tooltip("error:Q", title=error_name), "low:Q", "high:Q"],
    )
    within, outside = base.transform_filter("!datum.outside"), base.transform_filter("datum.outside")
    layers = [
        within.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2).encode(x=low, x2="shown_high:Q"),
        within.mark_point(filled=True, size=70, opacity=1),
        outside.mark_point(size=60, shape="triangle-right").encode(x=alt.value(WIDTH - 5)),
    ]
    title = f"Leaderboard: {error_name} of each architecture's best configuration"
    return theme.finished(layers, title=title, subtitle=_subtitle(points), width=WIDTH, height=ROW * len(order))


def _scale(points: pd.DataFrame) -> alt.Scale:
    """Room for all errors that are not outside, and for their intervals as far as these are not far longer."""
    shown = points[~points["outside"]]
    smallest = float(shown["error"].min())
    low = float(np.nanmin([smallest, shown["low"].min()]))
    high = float(np.nanmax([shown["error"].max(), theme.ceiling(shown[["error", "high"]].to_numpy().ravel())]))
    return theme.error_scale(max(low, smallest / 3) if smallest > 0 else low, high)


def _subtitle(points: pd.DataFrame) -> list[str]:
    lines = [
        "Ranked by cross-validation (± 2 standard errors over folds).",
        "Test rows were scored once, at the end (95 % bootstrap interval).",
        *(["LightGBM's defaults stand below and are not ranked."] if USUAL in set(points["architecture"]) else []),
    ]
    return [*lines, *beyond(int(points["outside"].sum()), "error", "as triangles at its edge")]
