"""How new rows differ from those of training, column by column."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd

from mthn_automl.analysis.statistics import holm
from mthn_automl.data.unknowns import Count

COLUMNS: Final = (
    *("column", "cells", "missing", "missing_in_training", "unknown", "outside", "shift", "p_value", "moved"),
)
LARGE_SHIFT: Final = 0.1
"""Of shares of rows, between 0 and 1."""
MANY: Final = 0.05
"""Cells of a column, as a share, that training has not seen the like of."""
SURE: Final = 0.01


def drift(counts: Sequence[Count]) -> pd.DataFrame:
    """A row a feature, in the order of training.

    `missing`, `unknown` and `outside` are shares of the cells: without a value, with a category that training has not
    seen, and beyond the range of training. `shift` is the largest difference between the shares of numbers below the
    least, a decile or the greatest of training, there and here: that of Kolmogorov and Smirnov, at these points.
    `p_value` is that of their two-sample test as if rows were drawn one by one, corrected for the number of columns by
    Holm's procedure; rows of one task are more alike than that, so that few tasks shift easily.

    A column has `moved` where the shift is at least 0.1 with p below 0.01, where 5 % of the cells are unknown or
    outside, or where the share of missing cells differs by 0.1. What is not known is NaN.
    """
    table = pd.DataFrame([_line(each) for each in counts], columns=list(COLUMNS[:-1]))
    table["p_value"] = holm(table["p_value"].to_numpy(dtype=np.float64))
    shifted = (table["shift"] >= LARGE_SHIFT) & (table["p_value"] < SURE)
    gaps = (table["missing"] - table["missing_in_training"]).abs() >= LARGE_SHIFT
    return table.assign(moved=shifted | gaps | (table["unknown"] >= MANY) | (table["outside"] >= MANY))


def _line(count: Count) -> dict[str, Any]:
    seen, cells = count.column.seen, max(count.cells, 1)
    shift, p_value = _shift(count)
    return {
        "column": count.column.name,
        "cells": count.cells,
        "missing": count.empty / cells,
        "missing_in_training": math.nan if seen is None else seen.missing,
        "unknown": math.nan if count.column.numeric else count.unknown.total() / cells,
        "outside": count.outside / cells if count.column.range is not None else math.nan,
        "shift": shift,
        "p_value": p_value,
    }


def _shift(count: Count) -> tuple[float, float]:
    """The distance and its p-value; NaN where there is no number here, or what training saw is not known."""
    seen, here = count.column.seen, count.cells - count.empty
    if seen is None or not seen.points or count.below is None or here == 0:
        return math.nan, math.nan
    from scipy.stats import kstwobign  # half a second to import

    there = seen.cells - seen.empty
    distance = float(np.abs(count.below / here - np.array(seen.below)).max())
    return distance, float(kstwobign.sf(distance * math.sqrt(here * there / (here + there))))


def sentences(table: pd.DataFrame) -> list[str]:
    """Of each column that has moved, how."""
    return [f"'{row['column']}' has moved: {'; '.join(_how(row))}." for row in table[table["moved"]].to_dict("records")]


def _how(row: dict[Any, Any]) -> list[str]:
    found = []
    if row["shift"] >= LARGE_SHIFT and row["p_value"] < SURE:
        found.append(
            f"its numbers are distributed otherwise (by {row['shift']:.2f} of the rows, p {_p(row['p_value'])})"
        )
    if row["unknown"] >= MANY:
        found.append(f"{row['unknown']:.1%} of its cells hold categories that training has not seen")
    if row["outside"] >= MANY:
        found.append(f"{row['outside']:.1%} of its cells lie outside of the range of training")
    if abs(row["missing"] - row["missing_in_training"]) >= LARGE_SHIFT:
        found.append(f"{row['missing']:.1%} of its cells are missing, {row['missing_in_training']:.1%} in training")
    return found


def _p(value: float) -> str:
    return "< 0.0001" if value < 0.0001 else f"= {value:.2g}"
