"""The figures of a run: each as SVG, as PNG, and as a CSV file of exactly what is plotted."""

import importlib
import inspect
from collections.abc import Iterator, Mapping
from io import BytesIO, StringIO
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

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
    for name, picture in _pictures():
        points = picture.points(*(tables[each] for each in inspect.signature(picture.points).parameters))
        if len(points):
            written += _saved(folder / name, points, picture.chart(points, metric))
    return written


def _pictures() -> Iterator[tuple[str, ModuleType]]:
    """Imported here, since Altair takes half a second."""
    for name in members(Path(charts.__path__[0])):
        yield name, importlib.import_module(f"{charts.__name__}.{name}")


def _saved(stem: Path, points: pd.DataFrame, chart: "alt.LayerChart") -> list[Path]:
    import altair as alt

    svg, png, csv = (stem.with_suffix(suffix) for suffix in (".svg", ".png", ".csv"))
    with alt.data_transformers.enable("default", max_rows=None):
        chart.save(vectors := StringIO(), format="svg")
        chart.save(pixels := BytesIO(), format="png", scale_factor=PNG_SCALE)
    write_text(svg, vectors.getvalue())
    write_bytes(png, pixels.getvalue())
    write_text(csv, points.to_csv(index=False))
    return [svg, png, csv]
