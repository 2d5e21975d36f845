"""Ours: a search within the time; its answer, and the best single model of the same run."""

import shutil
import time
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from accuracy_methods import ANSWER, SINGLE, Job, Outcome

from mthn_automl import load_model, search
from mthn_automl.data.arrays import FloatArray
from mthn_automl.deployment.predictor import Predictor

ENSEMBLE: Final = "ensemble"
KEPT: Final = ("rank", "architecture", "cv_error", "test_error", "trials", "parameters", "train_seconds", "note")
"""Columns of the leaderboard that are kept in the cell."""


def run(job: Job) -> dict[str, Outcome]:
    """The start of this process, imports and reading the files again are part of the time.

    The run gets the test rows as a user would give them, `test=`, so that its leaderboard scores the same rows.
    """
    alone = {} if job.name == ANSWER else {"architectures": job.name}
    found = search(
        job.given.train,
        job.given.meta,
        test=job.given.test,
        problem=job.given.problem,
        time_limit=max(job.began + job.seconds - time.time(), 0.1 * job.seconds),  # at least a tenth, as AutoGluon has
        runner="ray",
        workers=job.workers,
        seed=job.split,
        output=job.folder / "run",
        **alone,
    )
    prediction = predicted(found.model, job.given.test)
    ended = time.time()
    board = found.leaderboard
    details = {
        "leaderboard": rows_of(board),
        **{name: found.summary.get(name) for name in ("seconds", "trials", "folds")},
    }
    answer = Outcome(
        prediction,
        ended,
        found.best["cv_error"],
        notes=(f"The answer is {found.best['architecture']}.",),
        details=details,
    )
    _keep_tables(found.folder, job)
    if job.name != ANSWER:
        return {job.name: answer}
    return {ANSWER: answer, SINGLE: single(found.folder, board, job.given.test, ended)}


def single(folder: Path, board: pd.DataFrame, test: str, ended: float) -> Outcome:
    """The best-ranked architecture of which a model was kept. Its time is that of the whole run."""
    lines = board[board["rank"].notna() & (board["architecture"] != ENSEMBLE)].sort_values("rank").to_dict("records")
    kept = [(folder / "models" / line["architecture"] / "config.json").exists() for line in lines]
    first = kept.index(True)
    name, passed = lines[first]["architecture"], [line["architecture"] for line in lines[:first]]
    notes = [f"The single model is {name}."]
    if passed:
        notes.append(f"No model was kept of {', '.join(passed)}, ranked before it.")
    return Outcome(
        predicted(load_model(folder / "models" / name), test),
        ended,
        float(lines[first]["cv_error"]),
        notes=tuple(notes),
        details={"leaderboard_test_error": float(lines[first]["test_error"])},
    )


def predicted(model: Predictor, test: str) -> FloatArray:
    """(rows of the file, outputs)."""
    table = model.predict(test)
    classes = [f"probability_{name}" for name in model.schema.classes]
    named = classes or [name for name in table.columns if name == "prediction" or name.startswith("prediction_")]
    return table[named].to_numpy(dtype=np.float64)


def rows_of(board: pd.DataFrame) -> list[dict[str, Any]]:
    """For JSON, which has no NaN."""
    kept = board[[name for name in KEPT if name in board.columns]].astype(object)
    return kept.where(kept.notna(), None).to_dict("records")


def _keep_tables(folder: Path, job: Job) -> None:
    """What the run said, its tables and its page, without its models and trials."""
    into = job.output / "runs" / job.dataset / f"{job.name}-split{job.split}-{job.seconds:g}s"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for file in folder.iterdir():
        if file.suffix in {".csv", ".html", ".json", ".log", ".toml"}:
            shutil.copyfile(file, into / file.name)
