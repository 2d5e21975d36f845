"""What summary.json says of the answer's intervals, or of its probabilities, on the sealed rows."""

from typing import Any

import numpy as np

from mthn_automl.analysis.coverage import coverage, expected_calibration_error
from mthn_automl.data.dataset import Dataset
from mthn_automl.deployment.calibration.intervals import USUAL_LEVEL
from mthn_automl.deployment.calibration.unstated import Unstated
from mthn_automl.errors import UsageError
from mthn_automl.run.answer import Answer
from mthn_automl.training.temperature import tempered


def calibration(answer: Answer) -> dict[str, Any]:
    """`intervals` of numbers, `probabilities` of classes; null of the other, and where there are no sealed rows."""
    rows, winner = answer.run.test, answer.winner
    found: dict[str, Any] = {"intervals": None, "probabilities": None}
    if rows is None or winner not in answer.tested:
        return found
    if answer.run.data.dataset.schema.classes:
        return {**found, "probabilities": _probabilities(answer, rows)}
    return {**found, "intervals": _intervals(answer, rows)}


def _intervals(answer: Answer, rows: Dataset) -> dict[str, Any]:
    """With the reason in place of figures of those rows for which the level asks for more rows or tasks than there are.

    Such rows are in no figure; where no row is left there are none.
    """
    known = answer.intervals.get(answer.winner)
    if known is None:
        return {"level": USUAL_LEVEL, "reason": "out-of-fold predictions are lost"}
    unstated = Unstated(known, USUAL_LEVEL)
    unstated.enter(rows.task)
    try:
        unstated.refuse()
    except UsageError as error:
        return {"level": USUAL_LEVEL, "reason": str(error)}
    prediction, tasks = answer.tested[answer.winner].prediction, len(answer.run.data.dataset.tasks)
    low, high = known.ends(prediction, rows.task, USUAL_LEVEL, rows.schema.kind.least)
    target = np.where(np.isnan(low), np.nan, rows.target)
    found = coverage(USUAL_LEVEL, low, high, target, rows.task, rows.tasks.names, tasks)
    reason = {"reason": unstated.reason} if unstated.reason else {}
    return {**found, "of_new_tasks": known.new_tasks, **reason}


def _probabilities(answer: Answer, rows: Dataset) -> dict[str, Any]:
    """Before is at a temperature of 1, which the inverse of one that was applied leads back to."""
    temperature = answer.temperature(answer.winner)
    after = answer.tested[answer.winner].prediction
    before = tempered(after, 1.0 / temperature)
    return {
        "temperature": temperature,
        "expected_calibration_error_before": expected_calibration_error(before, rows.target, rows.weight),
        "expected_calibration_error": expected_calibration_error(after, rows.target, rows.weight),
    }
