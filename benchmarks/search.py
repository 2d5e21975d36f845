"""With and without multi-fidelity: epochs spent and the winner's test error, paired over seeds.

    python benchmarks/search.py                           problems of our own, from the formula
    python benchmarks/search.py --data DIR                the authors' data.csv, meta.csv and splits/seed<k>.csv

Robot Arm: 20 tasks of 50 rows; a seed is another problem, or another split of the authors', and another search. Both
searches have the same trials to spend, the same folds and the same seed; the same first trials are run in the same
order. Epochs are those of the networks of a trial in lock-step, stopped trials included.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import t

from mthn_automl import search
from mthn_automl.data.problems import robot_arm
from mthn_automl.storage import read_json

WAYS = ("none", "asha")


def own_problem(seed: int, tasks: int = 20, rows: int = 50) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    data, meta = robot_arm(tasks=tasks, rows=11 * rows, seed=seed)
    place = data.groupby("task").cumcount()
    return data[place < rows], data[place >= rows], meta


def authors_problem(folder: Path, seed: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    data = pd.read_csv(folder / "data.csv")
    split = pd.read_csv(folder / "splits" / f"seed{seed}.csv").set_index("row")["split"]
    rows = data.loc[split.index]
    return rows[split != "test"], rows[split == "test"], pd.read_csv(folder / "meta.csv")


def epochs_of(trial: Path) -> int:
    """Until the trial ended, or was stopped."""
    result = read_json(trial / "result.json")
    if result["state"] == "COMPLETE":
        return int(result["result"]["epochs"])
    rungs = trial / "rungs.json"
    return int(read_json(rungs)[-1]["epoch"]) if rungs.exists() else 0


def measure(
    given: tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame], seed: int, scheduler: str, chosen: argparse.Namespace
) -> dict[str, float]:
    training, test, meta = given
    with tempfile.TemporaryDirectory() as folder:
        found = search(
            training,
            meta,
            test=test,
            metric="mse",
            architectures=chosen.architectures,
            trials=chosen.trials,
            folds=3,
            seeds=1,
            scheduler=scheduler,
            seed=seed,
            runner="local",
            no_ablation=True,
            output=Path(folder) / "run",
        )
        trials = list((found.folder / "trials").iterdir())
        return {
            "epochs": sum(map(epochs_of, trials)),
            "seconds": found.summary["seconds"]["search"],
            "cv_mse": found.best["cv_error"],
            "test_mse": found.best["test_error"],
            "stopped": found.summary["trials"]["PRUNED"],
        }


def paired(ours: list[float], theirs: list[float]) -> dict[str, float]:
    """Mean of ours - theirs over seeds, and its 95 % interval by Student's t."""
    difference = np.subtract(ours, theirs)
    half = t.ppf(0.975, len(difference) - 1) * difference.std(ddof=1) / np.sqrt(len(difference))
    mean = float(difference.mean())
    return {"difference": mean, "low": mean - float(half), "high": mean + float(half)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with data.csv, meta.csv and splits/")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--architectures", default="hypernetwork,pooled")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("--quick", action="store_true", help="show that it runs, no more")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.seeds, chosen.trials, chosen.architectures = 2, 2, "pooled"
    found: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
    for seed in range(chosen.seeds):
        given = (
            authors_problem(chosen.data, seed) if chosen.data else own_problem(seed, *((4, 10) if chosen.quick else ()))
        )
        for way in WAYS if seed % 2 == 0 else WAYS[::-1]:
            found[way].append(measure(given, seed, way, chosen))
            if not chosen.json:
                numbers = "  ".join(f"{name} {value:,.4g}" for name, value in found[way][-1].items())
                print(f"seed {seed}  {way:5}{numbers}", flush=True)
    epochs = {way: sum(each["epochs"] for each in found[way]) for way in WAYS}
    test = {way: [each["test_mse"] for each in found[way]] for way in WAYS}
    summary = {"epochs_ratio": epochs["asha"] / epochs["none"], "test_mse": paired(test["asha"], test["none"])}
    if chosen.json:
        print(json.dumps({"runs": found, **summary}, indent=2))
        return
    difference = summary["test_mse"]
    print(f"epochs, asha / none: {summary['epochs_ratio']:.2f}")
    print(f"test mse, asha - none: {difference['difference']:.4f} [{difference['low']:.4f}, {difference['high']:.4f}]")


if __name__ == "__main__":
    main()
