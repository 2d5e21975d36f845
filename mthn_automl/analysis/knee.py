"""What accuracy costs in parameters: the knee of the front, and what a little more error saves."""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

TOLERATED: Final = (0.01, 0.05, 0.1)
"""Shares of more error that are asked for what they save."""

WORTH_SAYING: Final = 0.25
"""Of the parameters, before a saving is told."""

WORTH_MORE: Final = 0.02
"""Of the parameters, that a further saving must save beside the one before it."""


@dataclass(frozen=True)
class Cheaper:
    """A trial, or a smaller ensemble, beside the answer.

    Attributes:
        name: of the trial, or of the ensemble with its members.
        cv_error: its error.
        parameters: its size.
        more_error: over the answer's error, less one; below zero where it is better.
        saved: of the answer's parameters, as a share.
    """

    name: str
    cv_error: float
    parameters: int
    more_error: float
    saved: float


def savings(tradeoff: pd.DataFrame, error: float, parameters: int) -> list[Cheaper]:
    """The smallest on the front within each of the tolerated shares of more error, the nearest first.

    Each once, and a further one only where it saves clearly more than the one before it.

    Args:
        tradeoff: as in `tradeoff.csv`.
        error, parameters: of the answer.
    """
    found: list[Cheaper] = []
    front = _front(tradeoff)
    for tolerated in TOLERATED:
        within = front[front["cv_error"] <= error * (1 + tolerated)]
        if error > 0 and len(within):
            cheaper = _cheaper(within.sort_values("parameters", kind="stable").iloc[0], error, parameters)
            before, share = (found[-1].saved, WORTH_MORE) if found else (0.0, WORTH_SAYING)
            if cheaper.saved - before >= share:
                found.append(cheaper)
    return found


def simplest(tradeoff: pd.DataFrame, error: float, standard_error: float, parameters: int) -> Cheaper | None:
    """The smallest within one standard error of the answer (Breiman et al. 1984); None where that saves little.

    standard_error: of the answer's error, over folds.
    """
    front = _front(tradeoff)
    within = front[front["cv_error"] <= error + standard_error]
    if not len(within) or not error > 0:
        return None
    found = _cheaper(within.sort_values("parameters", kind="stable").iloc[0], error, parameters)
    return found if found.saved >= WORTH_SAYING else None


def knee(tradeoff: pd.DataFrame, error: float, parameters: int) -> Cheaper | None:
    """Where the front bends most: farthest from the line between its ends, on logarithmic axes (Satopaa et al. 2011).

    None where the front has fewer than three points, or is straight.
    """
    front = _front(tradeoff)
    front = front[(front["cv_error"] > 0) & (front["parameters"] > 0)]
    if len(front) < 3:
        return None
    x, y = (_scaled(np.log(front[name].to_numpy(dtype=np.float64))) for name in ("parameters", "cv_error"))
    below = 1.0 - x - y
    best = int(below.argmax())
    if below[best] <= 1e-9 or error <= 0:
        return None
    return _cheaper(front.iloc[best], error, parameters)


def _front(tradeoff: pd.DataFrame) -> pd.DataFrame:
    return tradeoff[tradeoff["on_front"].astype(bool)].sort_values("parameters") if len(tradeoff) else tradeoff


def _scaled(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    spread = float(values.max() - values.min())
    return (values - values.min()) / spread if spread > 0 else np.zeros_like(values)


def _cheaper(row: "pd.Series[Any]", error: float, parameters: int) -> Cheaper:
    name = f"{row['architecture']}-{row['trial']}"
    if row["architecture"] == "ensemble":
        name = f"the ensemble of {row['trial']} trials"
    saved = 1 - float(row["parameters"]) / parameters if parameters > 0 else math.nan
    cv_error = float(row["cv_error"])
    return Cheaper(name, cv_error, int(row["parameters"]), cv_error / error - 1, saved)
