"""What the metadata are worth: differences from the full model with their intervals."""

import math
from collections.abc import Mapping
from typing import Any, Final

import altair as alt
import pandas as pd

from mthn_automl.analysis.ablation import is_better, is_worse
from mthn_automl.report import theme
from mthn_automl.tuning.ablation.names import BOTH, VARIANTS

WIDTH: Final = 430
ROW: Final = 36
WORSE, BETTER, UNCLEAR = "worse", "better", "no difference shown"
COLOURS: Final = {WORSE: "#D55E00", BETTER: "#0072B2", UNCLEAR: "#888888"}


def points(ablation: pd.DataFrame) -> pd.DataFrame:
    """The plotted numbers, from `ablation.csv`: variants of the whole metadata but `both`, in its order.

    Those of the architecture that gives the verdict, in the folds of the search: differences in other folds, or of
    others, may be so much larger that these would not be seen beside them.

    finding: whether the variant is `worse` or `better` than `both` (p < 0.05 after Holm), or neither is shown.
    """
    first = (ablation["architecture"] == ablation["architecture"].iloc[0]) & (
        ablation["tasks"] == ablation["tasks"].iloc[0]
    )
    return compared(of_kinds(ablation[first]))


def of_kinds(ablation: pd.DataFrame) -> pd.DataFrame:
    """Rows of variants of the whole metadata that are compared with `both`."""
    return ablation[ablation["variant"].isin(VARIANTS) & (ablation["variant"] != BOTH)]


def compared(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `ablation.csv` that differ from `both` by something, with what is found of them."""
    columns = ["architecture", "variant", "tasks", "tuned", "error", "difference", "low", "high", "p_value_holm"]
    kept = rows.loc[rows["difference"].notna(), columns].reset_index(drop=True)
    kept["finding"] = [_finding(row) for row in kept.to_dict("records")]
    return kept


def _finding(row: Mapping[Any, Any]) -> str:
    return WORSE if is_worse(row) else BETTER if is_better(row) else UNCLEAR


def chart(points: pd.DataFrame, metric: str, average: str) -> alt.LayerChart:
    """The picture of `points`; metric: its name."""
    return drawn_as(points, metric, average, "What the metadata are worth", "on the same folds and seeds")


def drawn_as(points: pd.DataFrame, metric: str, average: str, title: str, where: str) -> alt.LayerChart:
    """Such a picture under a title. where: the variants are compared."""
    return theme.finished(
        layers(points, metric, average),
        title=f"{title}: {', '.join(points['architecture'].unique())}",
        subtitle=[
            f"Each variant against the model with embedding and metadata, {where}.",
            "Right of the line the variant is worse. Corrected resampled 95 % intervals; p after Holm.",
        ],
        width=WIDTH,
        height=ROW * len(points),
    )


def layers(points: pd.DataFrame, metric: str, average: str) -> list[alt.Chart]:
    """Intervals of differences under one another, a line where there is none, and p-values beside them."""
    several = points["architecture"].nunique() > 1
    drawn = points.assign(
        name=[_named(row, several) for row in points.to_dict("records")],
        p=[_p(each) for each in points["p_value_holm"]],
    )
    base = alt.Chart(drawn).encode(
        y=alt.Y(
            "name:N", sort=list(drawn["name"]), title=None, axis=alt.Axis(labelLimit=240, ticks=False, domain=False)
        ),
        color=alt.Color("finding:N", scale=_colours(), legend=alt.Legend(title=None, orient="top")),
        tooltip=["name:N", "error:Q", "difference:Q", "low:Q", "high:Q", "p:N"],
    )
    x = alt.X(
        "difference:Q", title=f"difference in cross-validated {theme.spoken(metric, average)} from the full model"
    )
    return [
        alt.Chart(pd.DataFrame({"difference": [0.0]})).mark_rule(color=theme.INK, strokeDash=[4, 3]).encode(x=x),
        base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2).encode(x=alt.X("low:Q"), x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(x=x),
        base.mark_text(align="right", fontSize=11).encode(
            text="p:N", x=alt.value(WIDTH + 75), color=alt.value(theme.FAINT)
        ),
    ]


def _named(row: Mapping[Any, Any], several: bool) -> str:
    """What a row is of, as far as rows differ."""
    architecture = f"{row['architecture']}: " if several else ""
    return f"{architecture}{_spoken(str(row['variant']))}{', re-tuned' if row['tuned'] else ''}"


def _spoken(variant: str) -> str:
    """`without:age` -> `without age`, `permuted` -> `metadata permuted`."""
    plain = {"permuted": "metadata permuted"}.get(variant, variant)
    kind, colon, column = plain.partition(":")
    return f"{kind} {column}" if colon else kind.replace("_", " ")


def _p(p_value: float) -> str:
    if math.isnan(p_value):
        return "p unknown"
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.2g}"


def _colours() -> alt.Scale:
    return alt.Scale(domain=list(COLOURS), range=list(COLOURS.values()))
