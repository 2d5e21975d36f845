"""AutoGluon in a virtual environment of its own, since it cannot share ours."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from accuracy_methods import Job, Outcome

VERSION: Final = "1.6.3"
EXTRAS: Final = ("lightgbm", "catboost", "xgboost", "fastai", "ray")
"""What its presets need: gradient boosting, networks (fastai brings PyTorch), and folds that are fitted in processes.

Without ray, a trial of stacking that leaves no model within its quarter of the time makes the fit itself fail.
"""

STAMP: Final = "installed"


def run(job: Job) -> dict[str, Outcome]:
    """Its time begins when its own interpreter is started; reading the files, fitting and predicting are part of it."""
    schema = job.given.dataset().schema
    asked = {
        "method": job.name,
        "train": job.given.train,
        "test": job.given.test,
        "meta": job.given.meta,
        "targets": list(schema.targets),
        "classes": list(schema.classes),
        "problem": schema.problem.value,
        "workers": job.workers,
        "seconds": job.seconds,
        "began": time.time(),
        "folder": str(job.folder),
    }
    (job.folder / "asked.json").write_text(json.dumps(asked))
    inside = Path(__file__).resolve().parent / "accuracy_autogluon_inside.py"
    subprocess.run(
        [str(python(job.output)), str(inside), str(job.folder / "asked.json")], env=_environment(), check=True
    )
    said = json.loads((job.folder / "said.json").read_text())
    prediction = pd.read_csv(job.folder / "prediction.csv").to_numpy(dtype=np.float64)
    return {
        job.name: Outcome(
            prediction,
            said["ended"],
            said["cv_error"],
            began=asked["began"],
            notes=tuple(said["notes"]),
            packages=said["packages"],
            details={"leaderboard": said["leaderboard"]},
        )
    }


def python(output: Path) -> Path:
    return output / "autogluon-venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_environment(output: Path, torch_index: str | None) -> None:
    """Once an output folder; one that was begun and not ended is made anew. torch_index: as `TORCH_INDEX` of make.

    Raises:
        subprocess.CalledProcessError: pip could not install it, and has said why.
    """
    folder = output / "autogluon-venv"
    if (folder / STAMP).exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    wanted = f"autogluon.tabular[{','.join(EXTRAS)}]=={VERSION}"
    more = ["--extra-index-url", torch_index] if torch_index else []
    subprocess.run(
        [str(python(output)), "-m", "pip", "install", "--quiet", *more, wanted], env=_environment(), check=True
    )
    (folder / STAMP).write_text(wanted + "\n")


def _environment() -> dict[str, str]:
    """Without what points Python to our packages or limits threads."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "OMP_NUM_THREADS"}}
