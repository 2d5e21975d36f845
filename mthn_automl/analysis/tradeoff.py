"""Error against parameters: every finished trial, and which of them nothing beats in both."""

from __future__ import annotations  # TrialResult, and torch with it, is needed by the type checker only

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

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
}


def tradeoff(trials: Sequence[tuple[int, TrialResult]], *, latency: bool = False) -> pd.DataFrame:
    """The table of `tradeoff.csv`, sorted by architecture and trial.

    on_front: no other trial, of any architecture, has both a cv_error and a number of parameters as low; with
    `latency`, and a predict_us_per_row as low.

    Args:
        trials: (number within its architecture's study, result) of every complete trial.
    """
    ordered = sorted(trials, key=lambda each: (each[1].architecture, each[0]))
    table = pd.DataFrame([_row(number, result) for number, result in ordered], columns=list(COLUMNS))
    respects = ["cv_error", "parameters", *(["predict_us_per_row"] if latency else [])]
    table["on_front"] = pareto_front(table[respects].to_numpy(dtype="float64"))
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
