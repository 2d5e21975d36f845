"""summary.json: everything a script needs to know of a finished run."""

from dataclasses import asdict
from typing import Any

import mthn_automl
from mthn_automl.analysis.leaderboard import errors_of
from mthn_automl.analysis.targets import errors_by_target
from mthn_automl.analysis.verdict import metadata_verdict
from mthn_automl.run.answer import Answer
from mthn_automl.run.coverage import calibration
from mthn_automl.run.ensembling import ENSEMBLE
from mthn_automl.run.stated import test_sentence
from mthn_automl.training.encode import validation_share


def summarise(answer: Answer) -> dict[str, Any]:
    """JSON-like; null where nothing was measured."""
    run, table, winner = answer.run, answer.leaderboard, answer.winner
    prepared, dataset, phases = run.prepared, run.data.dataset, run.phases
    share = validation_share(run.data.fold, forward=run.data.forward)
    verdict = metadata_verdict(answer.ablation, has_metadata=dataset.tasks.metadata is not None, test_share=share)
    best = table[table["architecture"] == winner].to_dict("records")[0]
    errors = errors_of(table, winner)
    return {
        "version": mthn_automl.__version__,
        "finished": phases.stopped_in is None,
        "stopped_in": phases.stopped_in,
        "data": {
            "rows": len(prepared.all_rows),
            "test_rows": 0 if run.test is None else len(run.test),
            "tasks": len(dataset.tasks),
            "features": len(dataset.schema.features),
            "metadata": len(dataset.schema.metadata),
            "targets": list(dataset.schema.targets),
            "weight": dataset.schema.weight,
            "notes": list(prepared.notes),
            "split": asdict(prepared.split),
            "alarms": [asdict(each) for each in prepared.alarms[0]],
            "alarms_sample": prepared.alarms[1],
        },
        "problem": dataset.schema.problem.value,
        "metric": prepared.metric,
        "average": run.options.average,
        "best": {"architecture": winner, **errors, "parameters": int(best["parameters"])},
        "usual": answer.usual,
        "best_by_target": errors_by_target(answer.targets, winner),
        **calibration(answer),
        "test_sentence": test_sentence(prepared.split, errors, prepared.metric, run.options.average, "The answer's"),
        "stored_rows": answer.stored_rows(),
        "metadata_verdict": verdict.word,
        "metadata_sentence": verdict.sentence,
        "embeddings": answer.embedded.summary,
        "folds": run.plan.folds,
        "seeds": run.plan.seeds,
        "first_rounds": run.plan.rounds,
        "limits": asdict(run.limits),
        "objectives": list(run.studies.objectives),
        "seconds": {name: round(value, 3) for name, value in phases.seconds.items()},
        "worker_seconds": round(run.worker_seconds.all, 3),
        "seconds_lost": round(run.worker_seconds.lost, 3),
        "trials": run.studies.states(),
        "trials_by_architecture": {
            str(row["architecture"]): int(row["trials"])
            for row in table.to_dict("records")
            if row["architecture"] != ENSEMBLE
        },
        "ensemble": None if answer.blend is None else answer.blend.result.settings["members"],
    }
