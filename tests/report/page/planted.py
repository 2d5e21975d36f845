"""What a small run has found, made by hand: a section for everything, and a name that means ill."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.report.page.section import Found

EVIL = "<script>alert(1)</script>"


def found() -> Found:
    """An ensemble of two, with an alarm, a harmed task and failed trials."""
    return Found(f"run {EVIL}", summary(), tables())


def over_tasks(run: Found) -> Found:
    """The same of a run with `--average tasks`, in which errors over rows say the opposite."""
    names = ("test_error_tasks", "test_low_tasks", "test_high_tasks")
    best = {**run.summary["best"], **dict(zip(names, (0.5, 0.4, 0.6), strict=True))}
    saving = {"ensemble": {"less": 0.5, "low": 0.2, "high": 0.7}}
    usual = {**run.summary["usual"], "test_error": 0.1, "test_error_tasks": 1.0, "saving_tasks": saving}
    board = run.table("leaderboard").assign(**dict.fromkeys(names, 0.5))
    summary = {**run.summary, "average": "tasks", "best": best, "usual": usual}
    return replace(run, summary=summary, tables={**run.tables, "leaderboard": board})


def summary() -> dict[str, Any]:
    side = {"rows": 12, "tasks": 3, "groups": None, "first": None, "last": None}
    return {
        "version": "0",
        "finished": True,
        "data": {
            "rows": 60,
            "test_rows": 12,
            "tasks": 3,
            "features": 2,
            "metadata": 1,
            "targets": ["target"],
            "notes": [f"A note about {EVIL}."],
            "alarms": [{"sentence": "A column follows the target."}],
            "split": {
                "training": {**side, "rows": 48},
                "new_rows": side,
                "new_tasks": None,
                "folds": "rows within each task",
            },
        },
        "problem": "regression",
        "metric": "rmse",
        "average": "rows",
        "limits": {"parameters": None, "parameters_per_task": None, "latency": None},
        "folds": 5,
        "best": {
            "architecture": "ensemble",
            "cv_error": 1.0,
            "cv_error_se": 0.1,
            "test_error": 1.1,
            "test_low": 0.9,
            "test_high": 1.3,
            "parameters": 5_000,
        },
        "usual": {
            "cv_error": 1.5,
            "test_error": 2.0,
            "saving": {"ensemble": {"less": 0.45, "low": 0.3, "high": 0.6}},
        },
        "embeddings": {
            "networks": 5,
            "size": 2,
            "alike": 0.9,
            "alike_by_chance": 0.3,
            "alike_p_value": 0.005,
            "told_metadata": False,
        },
        "ensemble": {"hypernetwork-0": 0.6, "ridge-0": 0.4},
        "intervals": {"level": 0.9, "rows": 12, "coverage": 0.8334},
        "probabilities": None,
        "seeds": 3,
        "test_sentence": "The answer's rmse is 1.100 [0.9, 1.3] on 12 new rows.",
        "metadata_verdict": "helped",
        "metadata_sentence": "Metadata helped the hypernetwork.",
        "seconds": {"search": 50.0, "report": 10.0},
        "worker_seconds": 90.0,
        "seconds_lost": 1.0,
        "trials": {"COMPLETE": 20, "FAIL": 2},
        "trials_by_architecture": {"hypernetwork": 10, "ridge": 10},
    }


def tables() -> dict[str, pd.DataFrame]:
    return {
        "leaderboard": leaderboard(),
        "tradeoff": tradeoff(),
        "ablation": ablation(),
        "tasks": tasks(),
        "trials": trials(),
        "embeddings": embeddings(),
        "reconstruction": reconstruction(),
        "members": pd.DataFrame(
            {
                "architecture": ["hypernetwork", "ridge"],
                "trial": 0,
                "weight": [0.6, 0.4],
                "cv_error": [1.25, 1.04],
                "parameters": [4_000, 1_000],
            }
        ),
        "importances": pd.DataFrame(
            {"architecture": "ridge", "setting": ["alpha", "slopes"], "importance": [0.7, 0.3], "trials": 20}
        ),
    }


def leaderboard() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": pd.array([1, 2, 3], dtype="Int64"),
            "architecture": ["ensemble", "hypernetwork", "ridge"],
            "cv_error": [1.0, 1.25, 1.3],
            "cv_error_se": 0.1,
            "test_error": [1.1, 1.2, 1.4],
            "test_low": [0.9, 1.0, 1.1],
            "test_high": [1.3, 1.4, 1.6],
            "tied_with_best": pd.array([True, False, False], dtype="boolean"),
            "parameters": pd.array([5_000, 4_000, 1_000], dtype="Int64"),
            "marginal_parameters": pd.array([14, 4, 10], dtype="Int64"),
            "trials": pd.array([2, 10, 1], dtype="Int64"),
            "note": ["", EVIL, ""],
        }
    )


def tradeoff() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "architecture": ["ensemble", "hypernetwork", "ridge", "ridge"],
            "trial": [2, 0, 0, 1],
            "cv_error": [1.0, 1.25, 1.04, 3.0],
            "parameters": [5_000, 4_000, 1_000, 900],
            "parameters_per_task_network": [500, 300, 100, 100],
            "marginal_parameters": [14, 4, 10, 0],
            "train_seconds": [3.0, 2.0, 1.0, 1.0],
            "predict_us_per_row": [30.0, 20.0, 10.0, 9.0],
            "on_front": [True, False, True, False],
            "within_limits": True,
            "stopped_by_time": False,
        }
    )


def ablation() -> pd.DataFrame:
    known = _ablated()
    others = known[known["variant"].isin(["both", "embedding_only"])]
    return pd.concat([known, others.assign(architecture="ridge"), others.assign(tasks="held out")], ignore_index=True)


def _ablated() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "architecture": "hypernetwork",
            "variant": ["both", "embedding_only", "permuted", "without:north", f"without:{EVIL}", "noise"],
            "tasks": "seen",
            "tuned": False,
            "changed": "none",
            "error": [1.0, 1.5, 1.4, 1.2, 0.95, 1.01],
            "difference": [0.0, 0.5, 0.4, 0.2, -0.05, 0.01],
            "low": [np.nan, 0.3, 0.2, 0.1, -0.2, -0.05],
            "high": [np.nan, 0.7, 0.6, 0.3, 0.1, 0.07],
            "p_value_holm": [np.nan, 0.01, 0.02, 0.03, 0.5, 0.7],
        }
    )


def tasks() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "task": ["a", EVIL, "c"],
            "rows": [10, 15, 20],
            "error": [1.0, 2.0, 3.0],
            "test_rows": 4,
            "test_error": [1.1, 2.1, 3.1],
            "own_error": [1.5, 2.0, 2.0],
            "classical_error": [1.2, 2.0, 2.5],
            "gain": [1.0, 0.0, -2.0],
            "gain_low": [0.5, -1.0, -3.0],
            "gain_high": [1.5, 1.0, -1.0],
            "p_value": [0.001, 1.0, 0.001],
            "q_value": [0.002, 1.0, 0.002],
            "helped": [True, False, False],
            "harmed": [False, False, True],
        }
    )


def trials() -> pd.DataFrame:
    def settings(size: int) -> str:
        return f'{{"embedding_size": {size}, "compression": "factorised", "compression_rank": 2}}'

    complete = [
        {
            "architecture": "hypernetwork",
            "trial": number,
            "ending": "complete",
            "cv_error": 1.25 + number / 10,
            "parameters": 4_000,
            "ended": 5.0 * number,
            "reason": "",
            "settings": settings(2**number),
        }
        for number in range(5)
    ]
    failed = [
        {"architecture": "ridge", "trial": number, "ending": "failed", "reason": "out of memory", "settings": "{}"}
        for number in range(2)
    ]
    return pd.DataFrame([*complete, *failed])


def embeddings() -> pd.DataFrame:
    names = [*tasks()["task"], *(f"t{number}" for number in range(5))]
    return pd.DataFrame(
        {
            "task": names,
            "x": np.cos(np.arange(8)),
            "y": np.sin(np.arange(8)),
            "x_share": 0.6,
            "y_share": 0.3,
            "spread": 1.0,
            "nearest": "a, c",
            "umap_x": np.sin(np.arange(8)),
            "umap_y": np.cos(np.arange(8)),
            "metadata:north": np.sin(np.arange(8)),
            "metadata:kind": ["one", "other"] * 4,
        }
    )


def reconstruction() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "column": ["north", "kind"],
            "r2": [0.8, -0.1],
            "null_r2": -0.2,
            "p_value": [0.005, 0.4],
            "p_value_holm": [0.01, 0.4],
            "tasks": 8,
            "networks": 5,
        }
    )
