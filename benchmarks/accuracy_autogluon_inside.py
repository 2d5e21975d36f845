"""What runs in AutoGluon's environment, and therefore imports nothing of ours: fit, predict, tell.

    python accuracy_autogluon_inside.py ASKED.json      writes prediction.csv and said.json into the folder asked for

The metadata of a row's task are joined to it, and the task is a category. Several targets share the time equally.
"""

import importlib.metadata
import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from autogluon.tabular import TabularPredictor

PRESETS = ("best_quality", "medium_quality")
"""The second is tried where the first leaves no model within the time."""

METRICS = {"regression": "root_mean_squared_error", "binary": "log_loss", "multiclass": "log_loss"}
CHOSEN = ("model", "score_val", "fit_time", "fit_order")
MOST_LINES = 30


def main() -> None:
    asked = json.loads(Path(sys.argv[1]).read_text())
    train, test = joined(asked, "train"), joined(asked, "test")
    features = [name for name in train.columns if name not in asked["targets"]]
    predictions, notes, boards, errors = [], list[str](), list[Any](), list[float]()
    for number, target in enumerate(asked["targets"]):
        share = (asked["seconds"] - (time.time() - asked["began"])) / (len(asked["targets"]) - number)
        rows = train[[*features, target]].dropna(subset=[target])
        predictor = fitted(rows, target, share, asked, notes)
        predictions.append(predicted(predictor, test[features], asked["classes"]))
        board = predictor.leaderboard()
        best = board[board["model"] == predictor.model_best]
        errors.append(-float(best["score_val"].iloc[0]))
        boards += board[list(CHOSEN)].head(MOST_LINES).assign(target=target).to_dict("records")
    ended = time.time()
    folder = Path(asked["folder"])
    pd.concat(predictions, axis=1).to_csv(folder / "prediction.csv", index=False)
    said = {
        "ended": ended,
        "cv_error": cv_error(errors, asked["problem"]),
        "notes": notes,
        "leaderboard": plain(boards),
        "packages": {"autogluon.tabular": importlib.metadata.version("autogluon.tabular")},
    }
    (folder / "said.json").write_text(json.dumps(said))


def joined(asked: dict[str, Any], which: str) -> pd.DataFrame:
    """Rows with the metadata of their tasks; columns of the metadata that a feature is named like get a prefix."""
    texts = {"task": str} | ({asked["targets"][0]: str} if asked["classes"] else {})
    rows = pd.read_csv(asked[which], dtype=texts)
    if asked["meta"]:
        meta = pd.read_csv(asked["meta"], dtype={"task": str})
        named = {name: f"task {name}" for name in meta.columns if name != "task" and name in rows.columns}
        rows = rows.merge(meta.rename(columns=named), on="task", how="left", validate="many_to_one")
    return rows.astype({"task": "category"})


def fitted(
    rows: pd.DataFrame, target: str, seconds: float, asked: dict[str, Any], notes: list[str]
) -> TabularPredictor:
    """By the first preset that leaves a model; the time is what is left of `seconds`, or a tenth of it at least."""
    deadline = time.time() + seconds
    for preset in PRESETS:
        predictor = TabularPredictor(
            label=target,
            problem_type=asked["problem"],
            eval_metric=METRICS[asked["problem"]],
            path=str(Path(asked["folder"]) / f"autogluon-{target}-{preset}"),
            verbosity=2,
        )
        left = max(deadline - time.time(), 0.1 * seconds)
        try:
            predictor.fit(rows, time_limit=left, presets=preset, num_cpus=asked["workers"], num_gpus=0)
        except (RuntimeError, AssertionError, ValueError) as error:
            notes.append(f"{preset} failed for {target}: {error}.")
            continue
        if predictor.model_names():
            notes.append(f"{target}: {preset}, best model {predictor.model_best}.")
            return predictor
        notes.append(f"{preset} left no model for {target} within {left:.0f} s.")
    raise SystemExit(" ".join(notes))


def predicted(predictor: TabularPredictor, rows: pd.DataFrame, classes: list[str]) -> pd.DataFrame:
    """Numbers, or probabilities in the order of `classes`, zero for one it has dropped as too rare."""
    if not classes:
        return predictor.predict(rows).to_frame()
    return predictor.predict_proba(rows).rename(columns=str).reindex(columns=classes, fill_value=0.0)


def cv_error(errors: list[float], problem: str) -> float | None:
    """Of several targets: the root of the mean of their squares, as the comparison has it."""
    if problem != "regression":
        return errors[0]
    return float(np.sqrt(np.mean(np.square(errors))))


def plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For JSON, which has no NaN."""
    return [
        {name: None if isinstance(each, float) and not math.isfinite(each) else each for name, each in row.items()}
        for row in rows
    ]


if __name__ == "__main__":
    main()
