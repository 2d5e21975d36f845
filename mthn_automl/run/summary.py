"""summary.json: everything a script needs to know of a finished run."""

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from mthn_automl.analysis.ablation import Verdict

if TYPE_CHECKING:
    from mthn_automl.run.session import Session

ERRORS = ("cv_error", "cv_error_se", "test_error", "test_low", "test_high", "cv_error_tasks", "test_error_tasks")


def summarise(
    session: "Session", leaderboard: pd.DataFrame, winner: str, verdict: Verdict, states: dict[str, int]
) -> dict[str, Any]:
    """JSON-like; null where nothing was measured."""
    dataset, plan = session.data.dataset, session.plan
    line = _line(leaderboard, winner)
    return {
        "data": {
            "rows": len(session.prepared.all_rows),
            "test_rows": 0 if session.prepared.test is None else len(session.prepared.test),
            "tasks": len(dataset.tasks),
            "features": len(dataset.schema.features),
            "metadata": len(dataset.schema.metadata),
            "targets": list(dataset.schema.targets),
            "notes": list(session.prepared.all_rows.notes),
        },
        "problem": dataset.schema.problem.value,
        "metric": session.data.metric,
        "average": session.data.average,
        "best": {"architecture": winner, **metrics_of(leaderboard, winner, session.data.metric, named=False)}
        | {"parameters": int(line["parameters"])},
        "metadata_verdict": verdict.word,
        "metadata_sentence": verdict.sentence,
        "folds": plan.folds,
        "seeds": plan.seeds,
        "seconds": {name: round(value, 3) for name, value in session.seconds.items()},
        "trials": states,
        "trials_by_architecture": {
            str(row["architecture"]): int(row["trials"]) for row in leaderboard.to_dict("records")
        },
    }


def metrics_of(leaderboard: pd.DataFrame, name: str, metric: str, *, named: bool = True) -> dict[str, Any]:
    """The errors of one architecture, with the metric's name unless it is told elsewhere."""
    line = _line(leaderboard, name)
    errors = {each: _known(line[each]) for each in ERRORS}
    return {"metric": metric, **errors} if named else errors


def _line(leaderboard: pd.DataFrame, name: str) -> dict[Any, Any]:
    return leaderboard[leaderboard["architecture"] == name].to_dict("records")[0]


def _known(value: Any) -> float | None:
    return None if pd.isna(value) or not math.isfinite(value) else float(value)
