"""The figures of a run: each as SVG, as PNG, and as a CSV file of exactly the plotted numbers."""

from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pandas as pd

from mthn_automl.storage import write_bytes, write_text, writing

if TYPE_CHECKING:
    import altair as alt

PNG_SCALE: Final = 2.0  # pixels a point


def save_figures(
    folder: Path,
    leaderboard: pd.DataFrame,
    tradeoff: pd.DataFrame,
    ablation: pd.DataFrame,
    preferences: pd.DataFrame,
    metric: str,
) -> list[Path]:
    """Draw each table into `folder`, which is made if need be.

    Args:
        leaderboard, tradeoff, ablation, preferences: as in the run's CSV files; one with nothing to plot gives no
            figure.
        metric: its name.

    Returns:
        The files written.
    """
    from mthn_automl.report.charts import ablation as ablation_chart  # altair takes half a second to import
    from mthn_automl.report.charts import leaderboard as leaderboard_chart
    from mthn_automl.report.charts import preferences as preferences_chart
    from mthn_automl.report.charts import tradeoff as tradeoff_chart

    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    figures = {
        "leaderboard": (leaderboard_chart.points(leaderboard), leaderboard_chart.chart),
        "tradeoff": (tradeoff_chart.points(tradeoff), tradeoff_chart.chart),
        "ablation": (ablation_chart.points(ablation), ablation_chart.chart),
        "preferences": (preferences_chart.points(preferences), preferences_chart.chart),
    }
    written: list[Path] = []
    for name, (points, chart) in figures.items():
        if len(points):
            written += _saved(folder / name, points, chart(points, metric))
    return written


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
