"""Of very many marks as many as a browser draws at once, with a sentence that says so."""

from typing import Final

import pandas as pd

from mthn_automl.data.names import counted

IN_ALL: Final = "in_all"
"""The column that says how many there were, of which those in the table are drawn."""


def thinned(table: pd.DataFrame, most: int, kept: "pd.Series[bool] | None" = None) -> pd.DataFrame:
    """At most so many rows, at even distances in their order, and beside them all those that `kept` names."""
    step = max(len(table) / most, 1.0)
    places = {int(place * step) for place in range(min(len(table), most))}
    if kept is not None:
        places |= set(kept.to_numpy().nonzero()[0].tolist())
    return table.iloc[sorted(places)].assign(**{IN_ALL: len(table)}).reset_index(drop=True)


def beyond(count: int, noun: str, where: str = "") -> list[str]:
    """A line below a title for marks that lie beyond the axis; none where none does. where: they are drawn instead.

    Example:
        >>> beyond(1, "task")
        ['Beyond the axis: 1 task.']
        >>> beyond(2, "error", "as triangles at its edge")
        ['Beyond the axis, as triangles at its edge: 2 errors.']
    """
    drawn = f", {where}" if where else ""
    return [f"Beyond the axis{drawn}: {counted(count, noun)}."] if count else []


def drawn_of(points: pd.DataFrame, what: str) -> list[str]:
    """A line below a title; none where all are drawn.

    Example:
        >>> drawn_of(pd.DataFrame({"in_all": [9000, 9000]}), "trials")
        ['Drawn are 2 of 9,000 trials, evenly taken.']
    """
    in_all = int(points[IN_ALL].max())
    return [f"Drawn are {len(points):,} of {in_all:,} {what}, evenly taken."] if len(points) < in_all else []
