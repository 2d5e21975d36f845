"""What a finished search is held against: its files, and errors worked out independently of the package."""

import math
import re
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import mean_poisson_deviance

TIMINGS = ["train_seconds", "predict_us_per_row"]
TOP = {
    *("summary.json", "config.resolved.toml", "data_fingerprint.json", "environment.json", "splits.parquet"),
    *("study.journal", "leaderboard.csv", "tradeoff.csv", "ablation.csv", "predictions.parquet", "run.log"),
    *("events.jsonl", "run.lock", "trials", "figures", "model", "models"),
    *("tasks.csv", "trials.csv", "report.html"),
}
IF_ANY = {"targets.csv", "members.csv", "importances.csv", "embeddings.csv", "reconstruction.csv"}
MODEL_FILES = {
    *("model.safetensors", "config.json", "schema.json", "tasks.json", "metrics.json", "README.md"),
    "adaptation.json",
}
TRIAL_MODEL = {"model.safetensors", "model.json"}
SUFFIXES = {
    *(".json", ".toml", ".csv", ".md", ".svg", ".png", ".parquet", ".safetensors", ".journal", ".log", ".lock"),
    *(".npy", ".jsonl", ".html"),
}
PHASES = ["search", "ensemble", "test", "usual", "ablation", "report", "figures"]
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  \w+ +[A-Za-z0-9].*\.")
PICKLES = (*(bytes([0x80, protocol]) for protocol in range(2, 6)), b"PK")


def error_of(rows: pd.DataFrame, metric: str, average: str) -> float:
    """The error of stored predictions, worked out independently of the package."""
    if average == "tasks":
        return float(np.mean([error_of(each, metric, "rows") for _, each in rows.groupby("task")]))
    if metric == "log_loss":
        likelihood = [row[f"probability_{row['target']}"] for row in rows.to_dict("records")]
        return float(-np.log(likelihood).mean())
    if metric == "poisson_deviance":
        return float(mean_poisson_deviance(rows["target"], rows["prediction"]))
    suffixes = sorted(name.removeprefix("target") for name in rows.columns if name.startswith("target"))
    target = rows[[f"target{suffix}" for suffix in suffixes]].to_numpy()
    squared = (target - rows[[f"prediction{suffix}" for suffix in suffixes]].to_numpy()) ** 2
    if "weight" in rows:
        counts = np.where(np.isnan(target), 0.0, rows[["weight"]].to_numpy())
        return math.sqrt((counts * np.nan_to_num(squared)).sum() / counts.sum())
    if metric == "r2":
        return float(squared.sum() / ((target - target.mean()) ** 2).sum())
    return math.sqrt(squared.mean())


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def prediction_columns(table: pd.DataFrame) -> list[str]:
    return [name for name in table.columns if name.startswith(("prediction_", "probability_"))] or ["prediction"]


def at(prediction: pd.DataFrame, temperature: float) -> pd.DataFrame:
    """Probabilities at a temperature; at that of numbers they stay."""
    if temperature == 1.0:
        return prediction
    powers = prediction ** (1 / temperature)
    return powers.div(powers.sum(axis=1), axis=0)
