"""What a large run has found, made by chance: as many tasks and trials as asked, and a section for everything."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd

from mthn_automl.report.page.section import Found
from tests.report.page import planted

ARCHITECTURES = ("hypernetwork", "ridge", "pooled", "hard_sharing", "single_task", "gradient_boosting")


def found(tasks: int, trials: int) -> Found:
    """As of `planted`, with other tables of tasks, embeddings, trials and their trade-off."""
    small, rng = planted.found(), np.random.default_rng(0)
    summary = {**small.summary, "data": {**small.summary["data"], "tasks": tasks}}
    of_trials = _trials(trials, rng)
    made = {"tasks": task_table(tasks, rng), "embeddings": _embeddings(tasks, rng)}
    made |= {"trials": of_trials, "tradeoff": _tradeoff(of_trials, rng)}
    return replace(small, name="large", summary=summary, tables={**small.tables, **made})


def task_table(count: int, rng: np.random.Generator) -> pd.DataFrame:
    """As `tasks.csv`."""
    rows = np.exp(rng.uniform(np.log(5), np.log(500), count)).astype(int)
    error, own = np.exp(rng.normal(size=(2, count)) / 2)
    gain, p_value = own - error, rng.random(count)
    return pd.DataFrame(
        {
            "task": [f"task {number}" for number in range(count)],
            "rows": rows,
            "error": error,
            "test_rows": 5,
            "test_error": error,
            "own_error": own,
            "classical_error": own,
            "gain": gain,
            "gain_low": gain - 1,
            "gain_high": gain + 1,
            "p_value": p_value,
            "q_value": p_value,
            "helped": (p_value < 0.05) & (gain > 0),
            "harmed": (p_value < 0.05) & (gain < 0),
        }
    )


def _embeddings(count: int, rng: np.random.Generator) -> pd.DataFrame:
    places = rng.normal(size=(count, 2))
    return pd.DataFrame(
        {
            "task": [f"task {number}" for number in range(count)],
            "x": places[:, 0],
            "y": places[:, 1],
            "x_share": 0.6,
            "y_share": 0.3,
            "spread": 1.0,
            "nearest": "task 0, task 1, task 2",
            **{f"metadata:number {name}": rng.normal(size=count) for name in "abcd"},
            "metadata:kind": rng.choice(["one", "other", "third"], count),
        }
    )


def _trials(count: int, rng: np.random.Generator) -> pd.DataFrame:
    parameters = np.exp(rng.uniform(np.log(100), np.log(1e6), count)).astype(int)
    settings = [
        json.dumps({"embedding_size": int(size), "compression": "factorised", "compression_rank": 2, "width": 64})
        for size in 2 ** rng.integers(0, 7, count)
    ]
    ending = rng.choice(["complete", "stopped", "failed"], count, p=[0.8, 0.15, 0.05])
    return pd.DataFrame(
        {
            "architecture": rng.choice(ARCHITECTURES, count),
            "trial": np.arange(count),
            "ending": ending,
            "cv_error": np.where(ending == "complete", 1 + np.exp(rng.normal(size=count)) / 3, np.nan),
            "parameters": parameters,
            "train_seconds": 3.0,
            "ended": np.arange(count) * 0.5,
            "reason": "",
            "settings": settings,
        }
    )


def _tradeoff(trials: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    kept = trials[trials["ending"] == "complete"].sort_values("parameters", ignore_index=True)
    kept = kept.assign(on_front=kept["cv_error"] < kept["cv_error"].cummin().shift(fill_value=np.inf))
    kept = kept.assign(parameters_per_task_network=kept["parameters"] // 10, marginal_parameters=8)
    kept = kept.assign(within_limits=True, stopped_by_time=False)
    seconds = np.exp(rng.normal(size=(2, len(kept))))
    kept = kept.assign(train_seconds=seconds[0], predict_us_per_row=seconds[1])
    return kept[list(planted.tradeoff())]
