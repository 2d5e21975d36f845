"""summary.json: everything a script needs to know of a finished run."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

import mthn_automl
from mthn_automl.analysis.ablation import metadata_verdict
from mthn_automl.tuning.plan import Plan

if TYPE_CHECKING:
    from mthn_automl.run.answer import Answer

ERRORS = ("cv_error", "cv_error_se", "test_error", "test_low", "test_high", "cv_error_tasks", "test_error_tasks")


def summarise(answer: "Answer", winner: str, plan: Plan, seconds: Mapping[str, float]) -> dict[str, Any]:
    """JSON-like; null where nothing was measured. seconds: by phase."""
    prepared, dataset, table = answer.prepared, answer.data.dataset, answer.leaderboard
    verdict = metadata_verdict(answer.ablation, has_metadata=dataset.tasks.metadata is not None)
    errors = metrics_of(table, winner, answer.data.metric, named=False)
    return {
        "version": mthn_automl.__version__,
        "data": {
            "rows": len(prepared.all_rows),
            "test_rows": 0 if prepared.test is None else len(prepared.test),
            "tasks": len(dataset.tasks),
            "features": len(dataset.schema.features),
            "metadata": len(dataset.schema.metadata),
            "targets": list(dataset.schema.targets),
            "notes": list(prepared.all_rows.notes),
        },
        "problem": dataset.schema.problem.value,
        "metric": answer.data.metric,
        "average": answer.data.average,
        "best": {"architecture": winner, **errors, "parameters": int(_line(table, winner)["parameters"])},
        "metadata_verdict": verdict.word,
        "metadata_sentence": verdict.sentence,
        "folds": plan.folds,
        "seeds": plan.seeds,
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "trials": answer.studies.states(),
        "trials_by_architecture": {str(row["architecture"]): int(row["trials"]) for row in table.to_dict("records")},
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
