"""AutoGluon in a virtual environment of its own, since it cannot share ours."""

import json
import subprocess
import time
from pathlib import Path
from typing import Final

import environments
import numpy as np
import pandas as pd
from accuracy_methods import Job, Outcome

VERSION: Final = "1.6.3"
EXTRAS: Final = ("lightgbm", "catboost", "xgboost", "fastai", "ray")
"""What its presets need: gradient boosting, networks (fastai brings PyTorch), and folds that are fitted in processes.

Without ray, a trial of stacking that leaves no model within its quarter of the time makes the fit itself fail.
"""


def run(job: Job) -> dict[str, Outcome]:
    """Its time begins when its own interpreter is started; reading the files, fitting and predicting are part of it."""
    schema = job.given.dataset().schema
    asked = {
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
        [str(environments.python(_folder(job.output))), str(inside), str(job.folder / "asked.json")],
        env=environments.bare(),
        check=True,
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


def make_environment(output: Path, torch_index: str | None) -> None:
    """Once an output folder. torch_index: as `TORCH_INDEX` of make.

    Raises:
        subprocess.CalledProcessError: pip could not install it, and has said why.
    """
    environments.made(_folder(output), f"autogluon.tabular[{','.join(EXTRAS)}]=={VERSION}", torch_index=torch_index)


def _folder(output: Path) -> Path:
    return output / "autogluon-venv"
