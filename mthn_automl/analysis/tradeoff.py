"""Error against parameters: every finished trial, and which of them nothing beats in both."""

from __future__ import annotations  # TrialResult, and torch with it, is needed by the type checker only

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mthn_automl.tuning.front import pareto_front

if TYPE_CHECKING:
    from mthn_automl.tuning.results import TrialResult

COLUMNS: Final[dict[str, str]] = {
    "architecture": "str",
    "trial": "int64",
    "cv_error": "float64",
    "parameters": "int64",
    "parameters_per_task_network": "int64",
    "marginal_parameters": "int64",
    "train_seconds": "float64",
    "predict_us_per_row": "float64",
    "on_front": "bool",
    "within_limits": "bool",
    "stopped_by_time": "bool",
}


def tradeoff(
    trials: Sequence[tuple[int, TrialResult]], *, latency: bool = False, beyond: Set[tuple[str, int]] = frozenset()
) -> pd.DataFrame:
    """The table of `tradeoff.csv`, sorted by architecture and trial.

    on_front: no other trial, of any architecture, has both a cv_error and a number of parameters as low; with
    `latency`, and a predict_us_per_row as low. Trials beyond a limit, and those that their time limit stopped before
    they were trained to their end, are not on it and put nobody off it.

    Args:
        trials: (number within its architecture's study, result) of every complete trial.
        beyond: (architecture, number) of those that break a limit.
    """
    ordered = sorted(trials, key=lambda each: (each[1].architecture, each[0]))
    table = pd.DataFrame([_row(number, result) for number, result in ordered], columns=list(COLUMNS))
    table["within_limits"] = [(result.architecture, number) not in beyond for number, result in ordered]
    respects = ["cv_error", "parameters", *(["predict_us_per_row"] if latency else [])]
    points = table[respects].to_numpy(dtype="float64").copy()
    table["stopped_by_time"] = [result.stopped_by_time for _, result in ordered]
    points[(~table["within_limits"] | table["stopped_by_time"]).to_numpy(dtype=bool)] = np.nan
    table["on_front"] = pareto_front(points)
    return table.astype(COLUMNS)


def _row(number: int, result: TrialResult) -> dict[str, Any]:
    return {
        "architecture": result.architecture,
        "trial": number,
        "cv_error": result.error,
        "parameters": result.size.total,
        "parameters_per_task_network": result.size.task_network,
        "marginal_parameters": result.size.marginal,
        "train_seconds": result.seconds,
        "predict_us_per_row": result.predict_us_per_row,
    }
