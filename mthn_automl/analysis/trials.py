"""Every trial of a run, as one table: what the pictures of a search are drawn from."""

from __future__ import annotations  # TrialRecord, and torch with it, is needed by the type checker only

import json
import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

if TYPE_CHECKING:
    from mthn_automl.tuning.record import TrialRecord

COLUMNS: Final[dict[str, str]] = {
    "architecture": "str",
    "trial": "int64",
    "ending": "str",
    "cv_error": "float64",
    "parameters": "Int64",
    "train_seconds": "float64",
    "ended": "float64",
    "rung_epoch": "Int64",
    "rung_error": "float64",
    "decision": "str",
    "reason": "str",
    "settings": "str",
}


def trials_table(records: Iterable[TrialRecord]) -> pd.DataFrame:
    """The table of `trials.csv`, in the order in which the trials ended.

    ended: seconds of the run when it did. rung_epoch, rung_error: of one that was stopped, where and with what.
    decision: why its architecture was next. settings: JSON.
    """
    ended = [each for each in records if each.ending is not None]
    ended.sort(key=lambda each: (each.seconds, each.architecture, each.number))
    return pd.DataFrame([_row(each) for each in ended], columns=list(COLUMNS)).astype(COLUMNS)


def _row(record: TrialRecord) -> dict[str, Any]:
    assert record.ending is not None
    result = record.result
    epoch, error = record.shown or (None, math.nan)
    return {
        "architecture": record.architecture,
        "trial": record.number,
        "ending": record.ending.value,
        "cv_error": math.nan if result is None else result.error,
        "parameters": None if result is None else result.size.total,
        "train_seconds": math.nan if result is None else result.seconds,
        "ended": record.seconds,
        "rung_epoch": epoch,
        "rung_error": error,
        "decision": record.decision,
        "reason": record.reason,
        "settings": json.dumps(dict(record.settings), sort_keys=True),
    }
