"""The figures of a run: each as SVG, as PNG, and as a CSV file of exactly what is plotted."""

import importlib
import inspect
from collections.abc import Mapping
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


def drawn_from(tables: Mapping[str, pd.DataFrame], metric: str, room: ModuleType = charts) -> dict[str, Drawn]:
    """Every picture of a room, by its name; those with nothing to plot, or without a table, are left out.

    A picture is a file there with two functions: `points`, whose arguments are the tables that it needs, gives what is
    plotted; `chart` draws it.

    Args:
        tables: by name, as in the run's CSV files.
        metric: its name.
        room: `charts/`, or a package like it.
    """
    drawn = {name: drawn_picture(name, tables, metric, room) for name in picture_names(room)}
    return {name: each for name, each in drawn.items() if each is not None}


def drawn_picture(
    name: str, tables: Mapping[str, pd.DataFrame], metric: str, room: ModuleType = charts
) -> Drawn | None:
    """One of the pictures, as of `drawn_from`; None where there is nothing to plot."""
    picture = importlib.import_module(f"{room.__name__}.{name}")  # here, since Altair takes half a second
    needed = [tables.get(each, pd.DataFrame()) for each in inspect.signature(picture.points).parameters]
    points = picture.points(*needed) if all(map(len, needed)) else pd.DataFrame()
    return Drawn(points, _specification(picture.chart(points, metric))) if len(points) else None


def save_figures(folder: Path, drawn: Mapping[str, Drawn]) -> list[Path]:
    """Each as SVG, PNG and CSV into `folder`, which is made if need be; the files written."""
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return [path for name, each in drawn.items() for path in _saved(folder / name, each)]


def picture_names(room: ModuleType = charts) -> tuple[str, ...]:
    """All pictures, in alphabetical order."""
    return members(Path(room.__path__[0]))


def _saved(stem: Path, drawn: Drawn) -> list[Path]:
    """The pixels are made of the vectors, which takes a fraction of drawing the chart once more."""
    import vl_convert

    svg, png, csv = (stem.with_suffix(suffix) for suffix in (".svg", ".png", ".csv"))
    vectors: str = vl_convert.vegalite_to_svg(dict(drawn.specification), vl_version=vega_lite())
    write_text(svg, vectors)
    write_bytes(png, vl_convert.svg_to_png(vectors, scale=PNG_SCALE))
    write_text(csv, drawn.points.to_csv(index=False))
    return [svg, png, csv]


def _specification(chart: "alt.TopLevelMixin") -> dict[str, Any]:
    """Vega-Lite. It is not held against its schema, which takes longer than drawing it; tests draw every chart."""
    import altair as alt

    with alt.data_transformers.enable("default", max_rows=None):
        return chart.to_dict(validate=False)


def vega_lite() -> str:
    """The version that the charts are written for, as `6.1`."""
    import altair as alt

    return ".".join(alt.SCHEMA_VERSION.split(".")[:2])
