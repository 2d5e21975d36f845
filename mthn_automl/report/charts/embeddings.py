"""A map of the tasks by the principal components of their embeddings, coloured by metadata and by errors."""

from collections.abc import Sequence
from typing import Final

import altair as alt
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from mthn_automl.report import theme
from mthn_automl.report.page.section import METADATA
from mthn_automl.report.thinning import drawn_of, thinned

SIDE: Final = 250
MOST_MAPS: Final = 6
MOST: Final = 500
"""Tasks on a map; of more these many, evenly taken."""

MOST_CATEGORIES: Final = 10
ERROR: Final = "error"


def points(embeddings: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers: places, neighbours, and up to so many columns to colour by, the error last."""
    return mapped(embeddings, tasks, ["x_share", "y_share"])


def mapped(embeddings: pd.DataFrame, tasks: pd.DataFrame, beside: Sequence[str]) -> pd.DataFrame:
    """As `points`, by the places in the columns x and y; beside: more columns.

    columns: how many there are to colour by, of which the first are kept.
    """
    errors = tasks.set_index(tasks["task"].astype(str))["error"]
    told = [name for name in embeddings.columns if name.startswith(METADATA)]
    kept = embeddings[["task", "x", "y", *beside, "nearest", "spread", *told[: MOST_MAPS - 1]]]
    return thinned(kept.assign(error=kept["task"].astype(str).map(errors), columns=len(told)), MOST)


HALF: Final = 0.5
"""Of the variance, which a map should hold."""


def chart(points: pd.DataFrame, metric: str) -> alt.ConcatChart:
    """The picture of `points`; metric: its name."""
    first = points.iloc[0]
    roughly = "" if first["x_share"] + first["y_share"] >= HALF else ", as far as so little of it tells,"
    said = (
        f"Principal components with {100 * first['x_share']:.0f} and {100 * first['y_share']:.0f} % of the variance; "
        f"near each other are{roughly} tasks with like embeddings. Each axis has a scale of its own."
    )
    return maps(points, metric, "Tasks by their embeddings: principal components", said)


def maps(points: pd.DataFrame, metric: str, title: str, said: str) -> alt.ConcatChart:
    """A map for each colouring of `points`; said: what their places mean."""
    shown = [name for name in points.columns if name.startswith(METADATA)] + [ERROR]
    columns, in_all = len(shown) - 1, int(points["columns"].max())
    said = said if columns == in_all else f"{said} Coloured by {columns} of {in_all} columns of the metadata."
    made = [_map(points, place, name, metric) for place, name in enumerate(shown)]
    joined = alt.concat(*made, columns=2).resolve_scale(color="independent")
    styled: alt.ConcatChart = theme.styled(
        joined.properties(title=theme.heading(title, [said, *drawn_of(points, "tasks")]))
    )
    return styled


def _map(points: pd.DataFrame, place: int, name: str, metric: str) -> alt.Chart:
    """One colouring. Columns are numbered, since their names may hold what Vega takes for a path."""
    heading = theme.spoken(metric) if name == ERROR else name.removeprefix(METADATA)
    drawn = points[["task", "x", "y", "nearest", "spread"]].assign(value=points[name])
    if name != ERROR and drawn["value"].dropna().isin([0, 1]).all():  # two kinds, and no scale; True is 1, too
        numbers = is_numeric_dtype(drawn["value"]) and not is_bool_dtype(drawn["value"])
        kinds = {1: "1", 0: "0"} if numbers else {1: "yes", 0: "no"}
        drawn["value"] = drawn["value"].astype(object).map(kinds.get, na_action="ignore")
    numeric = is_numeric_dtype(drawn["value"])
    colour = alt.Color("value:Q", title=None, scale=alt.Scale(scheme="viridis", reverse=name == ERROR))
    if name == ERROR and numeric:
        drawn["value"] = drawn["value"].clip(upper=theme.ceiling(drawn["value"].to_numpy()))
    if not numeric:
        usual = drawn["value"].value_counts().index[: MOST_CATEGORIES - 1]
        own = drawn["value"].isin(usual) | drawn["value"].isna()
        drawn["value"] = drawn["value"].where(own, "others").fillna("missing")
        names = sorted(drawn["value"].unique())
        colour = alt.Color(
            "value:N", title=None, scale=alt.Scale(domain=names, range=list(theme.PALETTE[: len(names)]))
        )
    bare = alt.Axis(labels=False, ticks=False, grid=False, title=None)
    made: alt.Chart = (
        alt.Chart(drawn, title=heading)
        .mark_point(filled=True, size=40, opacity=0.85)
        .encode(
            x=alt.X("x:Q", axis=bare, scale=alt.Scale(zero=False)),
            y=alt.Y("y:Q", axis=bare, scale=alt.Scale(zero=False)),
            color=colour,
            tooltip=["task:N", alt.Tooltip(f"value:{'Q' if numeric else 'N'}", title=heading), "nearest:N", "spread:Q"],
        )
        .properties(width=SIDE, height=SIDE)
    )
    return made
