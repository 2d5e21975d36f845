"""The leaderboard: a row an architecture and the ensemble, ranked by cross-validation and never by the test rows."""

from __future__ import annotations  # TrialResult, and torch with it, is needed by the type checker only

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from mthn_automl.analysis.statistics import corrected_resampled_t_test

if TYPE_CHECKING:
    from mthn_automl.analysis.sealed import ErrorOfSome, SealedErrors
    from mthn_automl.tuning.results import TrialResult

COLUMNS: Final[dict[str, str]] = {
    "rank": "Int64",
    "architecture": "str",
    "cv_error": "float64",
    "cv_error_se": "float64",
    "test_error": "float64",
    "test_low": "float64",
    "test_high": "float64",
    "tied_with_best": "boolean",
    "parameters": "Int64",
    "parameters_per_task_network": "Int64",
    "marginal_parameters": "Int64",
    "train_seconds": "float64",
    "predict_us_per_row": "float64",
    "trials": "Int64",
    "settings": "str",
    "cv_error_tasks": "float64",
    "test_error_tasks": "float64",
    "test_low_tasks": "float64",
    "test_high_tasks": "float64",
    "undefined_tasks": "Int64",
    "new_rows_error": "float64",
    "new_rows_low": "float64",
    "new_rows_high": "float64",
    "new_tasks_error": "float64",
    "new_tasks_low": "float64",
    "new_tasks_high": "float64",
    "pruned": "Int64",
    "first_rounds": "Int64",
    "stored_rows": "Int64",
    "note": "str",
}
ERRORS: Final = (
    *("cv_error", "cv_error_se", "test_error", "test_low", "test_high"),
    *("cv_error_tasks", "test_error_tasks", "test_low_tasks", "test_high_tasks"),
    *("new_rows_error", "new_rows_low", "new_rows_high"),
    *("new_tasks_error", "new_tasks_low", "new_tasks_high"),
)
STOPPED: Final = "its best trial was stopped by the time limit of a trial"
TIED_ABOVE: Final = 0.05
NUMBER: Final = r"\b\d[\d,.]*\b"


@dataclass(frozen=True)
class Finalist:
    """An architecture at the end of the search: its best trial, scored once on the sealed rows; or the ensemble.

    Attributes:
        name: of the architecture, or `ensemble`.
        best: its best trial; None where none finished, and `note` then says why.
        trials: how many were finished; of an ensemble, its members.
        stopped: how many were stopped at a rung.
        first_rounds: trials that it was given as every other architecture, whatever they showed.
        sealed: errors on the sealed rows; None where there are none, or no model.
        stored_rows: training rows that can be read from the files of its model.
        note: what there is to say.
        first: whether it ranks first although others may have a lower cv_error, which flatters the best of many trials.
    """

    name: str
    best: TrialResult | None
    trials: int = 0
    stopped: int = 0
    first_rounds: int = 0
    sealed: SealedErrors | None = None
    stored_rows: int = 0
    note: str = ""
    first: bool = False


def leaderboard(finalists: Sequence[Finalist], test_share: float) -> pd.DataFrame:
    """The table of `leaderboard.csv`, sorted by cv_error after what is `first`; equal ones by parameters, then by name.

    Parameters are those of the model that is saved; train_seconds are those of its trial, or of its members' trials.

    cv_error_se: standard deviation of the fold errors over the root of their number.
    test_error: of all sealed rows, or of those of tasks never seen where trials are ranked by such; where there are
    rows of both kinds, new_rows_* and new_tasks_* tell them apart, with intervals over tasks.
    tied_with_best: no difference from rank 1 shown by the corrected resampled t-test over folds (p > 0.05);
    empty with fewer than two folds.

    Args:
        finalists: architectures without a finished trial come last, without a rank, and say why in `note`.
        test_share: validation rows over training rows of one fold.
    """
    ranked = sorted((each for each in finalists if each.best is not None), key=_order)
    unranked = sorted((each for each in finalists if each.best is None), key=lambda each: each.name)
    rows = [_row(each) | {"rank": rank} for rank, each in enumerate(ranked, start=1)]
    for row, each in zip(rows, ranked, strict=True):
        row["tied_with_best"] = _tied(each, ranked[0], test_share)
    rows += [_row(each) for each in unranked]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def errors_of(table: pd.DataFrame, name: str) -> dict[str, float | None]:
    """The errors of one architecture in a leaderboard; None where nothing was measured."""
    line = table[table["architecture"] == name].to_dict("records")[0]
    return {each: float(line[each]) if math.isfinite(line[each]) else None for each in ERRORS}


def fold_standard_error(fold_errors: Sequence[float]) -> float:
    """Of the mean over folds, as if these were independent; NaN for fewer than two."""
    if len(fold_errors) < 2:
        return math.nan
    return float(np.std(fold_errors, ddof=1) / math.sqrt(len(fold_errors)))


def _order(finalist: Finalist) -> tuple[bool, float, float, str]:
    best = finalist.best
    if best is None or math.isnan(best.error):
        return True, math.inf, math.inf, finalist.name
    return not finalist.first, best.error, best.size.total, finalist.name


def _row(finalist: Finalist) -> dict[str, Any]:
    row = {
        "architecture": finalist.name,
        "trials": finalist.trials,
        "pruned": finalist.stopped,
        "first_rounds": finalist.first_rounds,
        "settings": "",
        "note": finalist.note,
    }
    return row | _cross_validated(finalist) | _on_sealed_rows(finalist.sealed)


def _cross_validated(finalist: Finalist) -> dict[str, Any]:
    best = finalist.best
    if best is None:
        return {}
    notes = (finalist.note, *best.notes, STOPPED if best.stopped_by_time else "")
    return {
        "cv_error": best.error,
        "cv_error_se": fold_standard_error(best.fold_errors),
        "cv_error_tasks": best.error_tasks,
        "parameters": best.size.total,
        "parameters_per_task_network": best.size.task_network,
        "marginal_parameters": best.size.marginal,
        "train_seconds": best.seconds,
        "predict_us_per_row": best.predict_us_per_row,
        "settings": json.dumps(best.settings, sort_keys=True),
        "stored_rows": finalist.stored_rows,
        "note": _told(notes),
    }


def _told(notes: Sequence[str]) -> str:
    """Each once; of those that differ by their numbers alone, as those of folds do, the last, which is of all rows."""
    once = list({re.sub(NUMBER, "", each): each for each in notes if each}.values())
    return "".join(once) if len(once) < 2 else f"{'. '.join(each.removesuffix('.') for each in once)}."


def _on_sealed_rows(errors: SealedErrors | None) -> dict[str, Any]:
    """predict_us_per_row is that of the model that is saved, where it was measured."""
    if errors is None:
        return {}
    return {
        "test_error": errors.error,
        "test_low": errors.low,
        "test_high": errors.high,
        "test_error_tasks": errors.error_tasks,
        "test_low_tasks": errors.low_tasks,
        "test_high_tasks": errors.high_tasks,
        "undefined_tasks": errors.undefined_tasks,
        "predict_us_per_row": errors.microseconds,
        **_of_some("new_rows", errors.new_rows),
        **_of_some("new_tasks", errors.new_tasks),
    }


def _of_some(name: str, found: ErrorOfSome | None) -> dict[str, float]:
    """Of new rows of known tasks, or of tasks never seen; where the sealed rows are of one kind, it is `test_error`."""
    if found is None:
        return {}
    return {f"{name}_error": found.error, f"{name}_low": found.low, f"{name}_high": found.high}


def _tied(finalist: Finalist, winner: Finalist, test_share: float) -> bool | None:
    """Whether the winner is not shown to be better; None where that cannot be tested."""
    if finalist is winner:
        return True
    if finalist.best is None or winner.best is None:
        return None
    ours, theirs = finalist.best.fold_errors, winner.best.fold_errors
    if len(ours) != len(theirs) or len(ours) < 2:
        return None
    paired = corrected_resampled_t_test(np.subtract(ours, theirs), test_share)
    if math.isnan(paired.p_value):
        return None
    return paired.p_value > TIED_ABOVE or paired.difference < 0
