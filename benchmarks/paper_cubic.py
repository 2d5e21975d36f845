"""The paper's protocol on Cubic: 20 tasks of 8 training, 2 validation and 490 test rows, test MSE over all test rows.

    python benchmarks/paper_cubic.py                      problems of our own, from the formula
    python benchmarks/paper_cubic.py --data DIR           the authors' data.csv, meta.csv and splits/seed<k>.csv

The paper's figure with metadata is .0231 (50 seeds); a search of ours gets the training and validation rows as data.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from mthn_automl import search
from mthn_automl.data.problems import cubic

PAPER = 0.0231


def own_problem(seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    data, meta = cubic(tasks=20, rows=500, seed=seed)
    place = data.groupby("task").cumcount()
    return data[place < 10], data[place >= 10], meta


def authors_problem(folder: Path, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    data = pd.read_csv(folder / "data.csv")
    split = pd.read_csv(folder / "splits" / f"seed{seed}.csv").set_index("row")["split"]
    rows = data.loc[split.index]
    return rows[split != "test"], rows[split == "test"], pd.read_csv(folder / "meta.csv")


def measure(given: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], seed: int, time_limit: str, folder: Path) -> dict:
    training, test, meta = given
    result = search(
        training, meta, test=test, metric="mse", time_limit=time_limit, seed=seed, output=folder / f"seed{seed}"
    )
    table = result.leaderboard.set_index("architecture")
    return {
        "seed": seed,
        "winner": result.best["architecture"],
        "winner_test_mse": result.best["test_error"],
        "hypernetwork_test_mse": float(table.loc["hypernetwork", "test_error"]),
        "seconds": sum(result.summary["seconds"].values()),
        "test_mse": {str(name): float(error) for name, error in table["test_error"].items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with data.csv, meta.csv and splits/")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--time-limit", default="60s")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for seed in range(chosen.seeds):
            given = authors_problem(chosen.data, seed) if chosen.data else own_problem(seed)
            found.append(measure(given, seed, chosen.time_limit, Path(folder)))
    means = {
        "paper": PAPER,
        "winner": float(np.mean([each["winner_test_mse"] for each in found])),
        "hypernetwork": float(np.mean([each["hypernetwork_test_mse"] for each in found])),
    }
    if chosen.json:
        print(json.dumps({"mean_test_mse": means, "seeds": found}, indent=2))
        return
    print(pd.DataFrame([{"seed": each["seed"], **each["test_mse"]} for each in found]).round(4).to_string(index=False))
    print("mean test MSE:", ", ".join(f"{name} {error:.4f}" for name, error in means.items()))


if __name__ == "__main__":
    main()
