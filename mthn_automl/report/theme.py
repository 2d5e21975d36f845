"""What all pictures share: colours, type, and axes that one wild number cannot ruin."""

import math
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import altair as alt
import numpy as np

from mthn_automl import catalogue
from mthn_automl.analysis.predicted import compared_by
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.schema import Problem
from mthn_automl.data.scoring import metric_named
from mthn_automl.report.wording import OVER

# Okabe and Ito's colours (2008) without yellow, which vanishes on white, then five of Tol's: one each for what is
# usually searched.
PALETTE: Final = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#666666",
    "#882255",
    "#999933",
    "#332288",
    "#44AA99",
    "#AA4499",
)
ENSEMBLE: Final = "ensemble"
SHAPES: Final = ("circle", "square", "diamond", "triangle-right", "cross")
INK: Final = "#222222"
FAINT: Final = "#666666"
LOG_FROM: Final = 20.0  # an axis is logarithmic where the largest shown number is so many times the smallest
SPOKEN: Final = {"rmse": "RMSE", "mse": "MSE", "mae": "MAE", "r2": "R²", "roc_auc": "ROC AUC", "f1": "F1"}
LOSSES: Final = {
    **dict.fromkeys(("rmse", "mse"), "squared error"),
    "rmsle": "squared logarithmic error",
    "mae": "absolute error",
    "accuracy": "count of wrong predictions",
}
"""What metrics are means of, or roots of such means, where they are not called so themselves."""

FONT: Final = "Helvetica, Arial, Liberation Sans, sans-serif"


def ceiling(errors: FloatArray | Sequence[float]) -> float:
    """The largest error worth room on an axis: beyond it lie diverged trials.

    The largest one within two interquartile ranges of the logarithms above their upper quartile, or within half as
    much again as that quartile.
    """
    known = np.asarray(errors, dtype=np.float64)
    known = known[np.isfinite(known)]
    if len(known) == 0:
        return 1.0
    logs = np.log(np.maximum(known, np.finfo(np.float64).tiny))
    lower, upper = np.quantile(logs, [0.25, 0.75])
    return float(known[logs <= upper + max(2 * (upper - lower), np.log(1.5))].max())


def error_scale(low: float, high: float) -> alt.Scale:
    """An axis from low to high, logarithmic where they are far apart, with a little air at both ends."""
    if low > 0 and high / low > LOG_FROM:
        return log_scale(low, high)
    air = (high - low) * 0.07 or abs(high) * 0.1 or 1.0
    return alt.Scale(domain=[low - air, high + air], nice=False, zero=False)


def log_scale(low: float, high: float) -> alt.Scale:
    """A logarithmic axis from low to high with a little air at both ends."""
    air = max((high / low) ** 0.06, 1.1)
    return alt.Scale(type="log", domain=[low / air, high * air], nice=False)


def axis(scale: alt.Scale, number_format: str) -> alt.Axis:
    """Ticks fit for the scale: on a logarithmic one at 1, 2 and 5, or over four decades and more at 1."""
    if scale.type != "log":
        return alt.Axis(format=number_format, tickCount=7)
    low, high = scale.domain
    steps = (1,) if high / low > 1e4 else (1, 2, 5)
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [step * 10.0**decade for decade in decades for step in steps]
    return alt.Axis(format=number_format, values=[tick for tick in ticks if low <= tick <= high])


def spoken(metric: str, average: str = "rows") -> str:
    """An error as it stands beside an axis: `RMSE`, `log loss`, `1 − accuracy`, `RMSE over tasks`."""
    return f"{'1 − ' if metric_named(metric).is_score else ''}{_name(metric)}{OVER[average]}"


def _name(metric: str) -> str:
    return SPOKEN.get(metric, metric.replace("_", " "))


def told_by(metric: str, problem: str) -> str:
    """Which losses of single rows are compared where the metric has none, as a sentence; empty where it has.

    problem: its kind; empty: it is not known, and nothing is said.

    Example:
        >>> told_by("roc_auc", "binary")
        'Losses are those of log loss, since ROC AUC is of no single row.'
    """
    losses = compared_by(metric, Problem(problem)) if problem else metric
    return (
        "" if losses == metric else f"Losses are those of {_name(losses)}, since {_name(metric)} is of no single row."
    )


def loss_of(metric: str, problem: str) -> str:
    """What the loss of a single row is called, by which tasks are compared.

    problem: its kind; empty: it is not known.

    Example:
        >>> loss_of("rmse", "regression"), loss_of("roc_auc", "binary")
        ('squared error', 'log loss')
    """
    if not problem:
        return LOSSES.get(metric, "loss")
    losses = compared_by(metric, Problem(problem))
    return LOSSES.get(losses, _name(losses))


def colours(names: Sequence[str]) -> alt.Scale:
    """Each architecture's colour, the same in every picture; names beyond the palette begin it anew."""
    return alt.Scale(domain=list(names), range=[PALETTE[place % len(PALETTE)] for place in _places(names)])


def shapes(names: Sequence[str]) -> alt.Scale:
    """Each architecture's mark: another one each time the palette begins anew."""
    marks = [SHAPES[place // len(PALETTE) % len(SHAPES)] for place in _places(names)]
    return alt.Scale(domain=list(names), range=marks)


@cache
def _known() -> tuple[str, ...]:
    """Read once: every picture asks."""
    return ENSEMBLE, *sorted(catalogue.names(), key=lambda name: (not catalogue.read(name).usual, name))


def _places(names: Sequence[str]) -> list[int]:
    """In the order of all that can be searched, what is usually searched first; others come behind."""
    known = [*_known(), *sorted(set(names) - set(_known()))]
    return [known.index(name) for name in names]


def finished(
    layers: Sequence[alt.Chart], *, title: str, subtitle: Sequence[str], width: int, height: int
) -> alt.LayerChart:
    """The layers as one chart with its title, size in pixels and the house's type."""
    chart: alt.LayerChart = styled(
        alt.LayerChart(layer=list(layers), title=heading(title, subtitle), width=width, height=height)
    )
    return chart


def heading(title: str, subtitle: Sequence[str]) -> alt.TitleParams:
    """A title with lines below it."""
    return alt.TitleParams(text=title, subtitle=list(subtitle))


def styled(chart: Any) -> Any:
    """A chart of any composition in the house's type."""
    return (
        chart.configure(font=FONT, background="white", padding=12)
        .configure_title(
            anchor="start", frame="group", fontSize=15, color=INK, subtitleColor=FAINT, subtitleFontSize=11, offset=12
        )
        .configure_axis(
            labelColor=INK,
            titleColor=INK,
            titleFontWeight="normal",
            labelFontSize=11,
            titleFontSize=12,
            gridColor="#e8e8e8",
            domainColor="#999999",
            tickColor="#999999",
        )
        .configure_legend(labelFontSize=11, titleFontSize=11, labelColor=INK, labelLimit=300, symbolOpacity=1)
        .configure_view(stroke=None)
    )
