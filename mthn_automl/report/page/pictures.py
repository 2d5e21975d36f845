"""The pictures of the page: the specifications of the charts, made so that a browser can zoom and narrow them."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from mthn_automl.report import theme
from mthn_automl.report.figures import Drawn

QUANTITATIVE: Final = "quantitative"
ZOOMED: Final = "Drag to move, Shift and wheel to zoom, double click to reset."
ENLARGED: Final = "Point at a mark for its numbers; Enlarge fills the window."


@dataclass(frozen=True)
class Picture:
    """A chart of `report/charts` for the page.

    Attributes:
        name: of its file.
        title: what it shows.
        description: what stands below the title, and what somebody who cannot see it is told.
        specification: Vega-Lite, without configuration.
        points: what is plotted, as CSV.
        hint: what can be done with it.
    """

    name: str
    title: str
    description: str
    specification: Mapping[str, Any]
    points: str
    hint: str


def picture(name: str, drawn: Drawn) -> Picture:
    """A figure of the run made ready for the page."""
    given = deepcopy(dict(drawn.specification))
    given.pop("config", None)  # colours and type are those of the page, light or dark
    heading = given.pop("title")
    unit = next(_zoomable(given), None)
    if unit is not None:
        unit["params"] = [*unit.get("params", []), _grid(unit)]
    subtitle = " ".join(heading.get("subtitle", []))
    given["description"] = f"{heading['text']}. {subtitle}"
    hint = ENLARGED if unit is None else ZOOMED
    return Picture(name, heading["text"], subtitle, given, drawn.points.to_csv(index=False), hint)


def _zoomable(specification: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Views of one mark with a numeric axis of data, outermost first; a small multiple is zoomed by enlarging it."""
    if "facet" in specification or "concat" in specification:
        return
    if "layer" in specification:
        for each in specification["layer"]:
            yield from _zoomable(each)
    elif _numeric_axes(specification):
        yield specification


def _numeric_axes(unit: Mapping[str, Any]) -> list[str]:
    axes = {axis: unit.get("encoding", {}).get(axis, {}) for axis in ("x", "y")}
    return [axis for axis, each in axes.items() if each.get("type") == QUANTITATIVE and "field" in each]


def _grid(unit: Mapping[str, Any]) -> dict[str, Any]:
    """Dragging moves the axes; the wheel zooms while Shift is held, so that the page can be scrolled past."""
    select = {"type": "interval", "encodings": _numeric_axes(unit), "zoom": "wheel![event.shiftKey]"}
    return {"name": "grid", "select": select, "bind": "scales"}


def neutral_colours() -> str:
    """JSON: what is ink, faint and paper in the pictures, which a dark page draws otherwise."""
    return json.dumps({theme.INK: "--ink", theme.FAINT: "--faint", "white": "--paper"})
