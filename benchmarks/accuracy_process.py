"""The process of one method on one split: the test rows are predicted and scored, and the result is stored."""

import importlib.metadata
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from accuracy_cells import Cell, Key, scored, store
from accuracy_methods import METHODS, Job, Outcome
from accuracy_sets import given

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.scoring import default_metric


def main() -> None:
    asked = json.loads(Path(sys.argv[1]).read_text())
    files = given(asked["given"])
    folder, output = Path(asked["folder"]), Path(asked["output"])
    job = Job(**{**asked["job"], "given": files, "folder": folder, "output": output})
    found: dict[str, Outcome] = import_module(METHODS[job.name].module).run(job)
    known = files.dataset()
    test = files.tested(known)
    for name, outcome in found.items():
        key = Key.of(asked["dataset"], job.split, name, job.seconds)
        store(output, *_cell(key, job, outcome, known, test))


def _cell(key: Key, job: Job, outcome: Outcome, known: Dataset, test: Dataset) -> tuple[Cell, np.ndarray]:
    metric = default_metric(known.schema.problem)
    rows, tasks = np.array(job.given.rows)[test.row], np.array(job.given.tasks)[test.row]
    error, error_tasks, losses = scored(metric, test.target, outcome.prediction[test.row], tasks, rows)
    cell = Cell(
        **vars(key),
        metric=metric,
        error=error,
        error_tasks=error_tasks,
        cv_error=outcome.cv_error,
        used=outcome.ended - (outcome.began or job.began),
        rows=len(known),
        test_rows=len(test),
        notes=list(outcome.notes),
        versions={**_versions("mthn-automl"), **outcome.packages},
        commit=commit(),
        details=dict(outcome.details),
    )
    return cell, losses


def _versions(*packages: str) -> dict[str, str]:
    return {name: importlib.metadata.version(name) for name in packages}


def commit() -> str | None:
    """Of the checkout that this file is in; None where it is in none. A changed tree is marked by a `+`."""
    here = Path(__file__).resolve().parent

    def said(*command: str) -> str | None:
        try:
            done = subprocess.run(["git", *command], cwd=here, capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return None
        return done.stdout.strip()

    head = said("rev-parse", "--short=10", "HEAD")
    changed: Any = head and said("status", "--porcelain", "--untracked-files=no")
    return f"{head}+" if changed else head


if __name__ == "__main__":
    main()
