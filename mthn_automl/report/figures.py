"""The figures of a run: each as SVG, as PNG, and as a CSV file of exactly what is plotted."""

import importlib
import inspect
from collections.abc import Mapping
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from mthn_automl.catalogue import members
from mthn_automl.report import charts
from mthn_automl.storage import write_bytes, write_text, writing

if TYPE_CHECKING:
    import altair as alt

PNG_SCALE: Final = 2.0  # pixels a point


def save_figures(folder: Path, tables: Mapping[str, pd.DataFrame], metric: str) -> list[Path]:
    """Draw every picture of `charts/` into `folder`, which is made if need be.

    A picture is a file there with two functions: `points`, whose arguments are the tables that it needs, gives what is
    plotted; `chart` draws it. One with nothing to plot gives no figure.

    Args:
        tables: by name, as in the run's CSV files.
        metric: its name.

    Returns:
        The files written.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name in picture_names():
        found = drawn_from(name, tables, metric)
        if found is not None:
            written += _saved(folder / name, *found)
    return written


def picture_names() -> tuple[str, ...]:
    """All pictures, in alphabetical order."""
    return members(Path(charts.__path__[0]))


def drawn_from(name: str, tables: Mapping[str, pd.DataFrame], metric: str) -> "tuple[pd.DataFrame, Any] | None":
    """What is plotted in the picture of that name, and its chart; None where there is nothing to plot.

    Imported here, since Altair takes half a second.
    """
    picture = importlib.import_module(f"{charts.__name__}.{name}")
    needed = [tables.get(each, pd.DataFrame()) for each in inspect.signature(picture.points).parameters]
    points = picture.points(*needed) if all(map(len, needed)) else pd.DataFrame()
    return (points, picture.chart(points, metric)) if len(points) else None


def _saved(stem: Path, points: pd.DataFrame, chart: "alt.TopLevelMixin") -> list[Path]:
    import altair as alt

    svg, png, csv = (stem.with_suffix(suffix) for suffix in (".svg", ".png", ".csv"))
    with alt.data_transformers.enable("default", max_rows=None):
        chart.save(vectors := StringIO(), format="svg")
        chart.save(pixels := BytesIO(), format="png", scale_factor=PNG_SCALE)
    write_text(svg, vectors.getvalue())
    write_bytes(png, pixels.getvalue())
    write_text(csv, points.to_csv(index=False))
    return [svg, png, csv]
