"""summary.json: everything a script needs to know of a finished run."""

from collections.abc import Mapping
from typing import Any

import mthn_automl
from mthn_automl.analysis.ablation import metadata_verdict
from mthn_automl.analysis.leaderboard import errors_of
from mthn_automl.run.answer import Answer


def summarise(answer: Answer, winner: str, seconds: Mapping[str, float], stopped_in: str | None) -> dict[str, Any]:
    """JSON-like; null where nothing was measured. seconds: by phase. stopped_in: the phase that a signal came in."""
    prepared, dataset, table, plan = answer.prepared, answer.data.dataset, answer.leaderboard, answer.plan
    verdict = metadata_verdict(answer.ablation, has_metadata=dataset.tasks.metadata is not None)
    best = table[table["architecture"] == winner].to_dict("records")[0]
    return {
        "version": mthn_automl.__version__,
        "finished": stopped_in is None,
        "stopped_in": stopped_in,
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
        "best": {"architecture": winner, **errors_of(table, winner), "parameters": int(best["parameters"])},
        "metadata_verdict": verdict.word,
        "metadata_sentence": verdict.sentence,
        "folds": plan.folds,
        "seeds": plan.seeds,
        "networks": plan.networks,
        "first_rounds": plan.rounds,
        "objectives": list(answer.studies.objectives),
        "seconds": {name: round(value, 3) for name, value in seconds.items()},
        "trials": answer.studies.states(),
        "trials_by_architecture": {str(row["architecture"]): int(row["trials"]) for row in table.to_dict("records")},
    }
