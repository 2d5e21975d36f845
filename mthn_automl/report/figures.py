"""The figures of a run: each as SVG, as PNG, and as a CSV file of exactly what is plotted."""

import importlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mthn_automl.catalogue import members
from mthn_automl.report import charts
from mthn_automl.storage import write_bytes, write_text, writing

if TYPE_CHECKING:
    import altair as alt

PNG_SCALE: Final = 2.0  # pixels a point


@dataclass(frozen=True)
class Drawn:
    """A picture.

    Attributes:
        points: what is plotted.
        specification: Vega-Lite.
    """

    points: pd.DataFrame
    specification: Mapping[str, Any]


@dataclass(frozen=True)
class Undrawn:
    """A picture that could not be drawn, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"the picture '{self.name}' could not be drawn ({self.reason})"


Pictures = Mapping[str, Drawn | Undrawn]
"""By name."""


def drawn_from(
    tables: Mapping[str, pd.DataFrame],
    metric: str,
    room: ModuleType = charts,
    *,
    average: str = "rows",
    problem: str = "",
    usual: Mapping[str, Any] | None = None,
) -> dict[str, Drawn | Undrawn]:
    """Every picture of a room, by its name; those with nothing to plot, or without a table, are left out.

    A picture is a file there with two functions: `points`, whose arguments are the tables that it needs, gives what is
    plotted; `chart` draws it. Either may ask for `metric`, `average`, `problem` and `usual`, too.

    Args:
        tables: by name, as in the run's CSV files.
        metric: its name.
        room: `charts/`, or a package like it.
        average: what errors are averages over, `rows` or `tasks`.
        problem: its kind; empty: it is not known.
        usual: errors of LightGBM's defaults, as in `summary.json`; None: they were not measured.
    """
    asked = {"metric": metric, "average": average, "problem": problem, "usual": usual}
    drawn = {name: _drawn_picture(name, tables, asked, room) for name in picture_names(room)}
    return {name: each for name, each in drawn.items() if each is not None}


def drawn_picture(
    name: str, tables: Mapping[str, pd.DataFrame], metric: str, average: str = "rows"
) -> Drawn | Undrawn | None:
    """One of the pictures of a run, as of `drawn_from`; None where there is nothing to plot."""
    return _drawn_picture(name, tables, {"metric": metric, "average": average, "problem": "", "usual": None}, charts)


def _drawn_picture(
    name: str, tables: Mapping[str, pd.DataFrame], asked: Mapping[str, Any], room: ModuleType
) -> Drawn | Undrawn | None:
    try:
        picture = importlib.import_module(f"{room.__name__}.{name}")  # here, since Altair takes half a second
        needed = {each: tables.get(each, pd.DataFrame()) for each in _asked(picture.points) if each not in asked}
        if not all(map(len, needed.values())):
            return None
        points = picture.points(**needed, **{each: asked[each] for each in _asked(picture.points) if each in asked})
        if not len(points):
            return None
        chart = picture.chart(points, **{each: asked[each] for each in _asked(picture.chart)[1:]})
        return Drawn(points, _specification(chart))
    except Exception as error:  # a number that nobody has foreseen must not cost the page and all other pictures
        return Undrawn(name, _reason(error))


def _asked(function: Callable[..., Any]) -> list[str]:
    """Names of its arguments."""
    return list(inspect.signature(function).parameters)


def _reason(error: Exception) -> str:
    """On one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def save_figures(folder: Path, drawn: Pictures) -> list[Undrawn]:
    """Each as SVG, PNG and CSV into `folder`, which is made if need be; those that could not be drawn."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    saved = [each if isinstance(each, Undrawn) else _saved(folder, name, each) for name, each in drawn.items()]
    return [each for each in saved if each is not None]


def picture_names(room: ModuleType = charts) -> tuple[str, ...]:
    """All pictures, in alphabetical order."""
    return members(Path(room.__path__[0]))


def _saved(folder: Path, name: str, drawn: Drawn) -> Undrawn | None:
    """The pixels are made of the vectors, which takes a fraction of drawing the chart once more."""
    import vl_convert

    try:
        vectors: str = vl_convert.vegalite_to_svg(dict(drawn.specification), vl_version=vega_lite())
        pixels = vl_convert.svg_to_png(vectors, scale=PNG_SCALE)
    except Exception as error:  # as in `_drawn_picture`; what cannot be written is no fault of a picture, and is raised
        return Undrawn(name, _reason(error))
    write_text(folder / f"{name}.svg", vectors)
    write_bytes(folder / f"{name}.png", pixels)
    write_text(folder / f"{name}.csv", drawn.points.to_csv(index=False))
    return None


def _specification(chart: "alt.TopLevelMixin") -> dict[str, Any]:
    """Vega-Lite. It is not held against its schema, which takes longer than drawing it; tests draw every chart."""
    import altair as alt

    with alt.data_transformers.enable("default", max_rows=None):
        return chart.to_dict(validate=False)


def vega_lite() -> str:
    """The version that the charts are written for, as `6.1`."""
    import altair as alt

    return ".".join(alt.SCHEMA_VERSION.split(".")[:2])
