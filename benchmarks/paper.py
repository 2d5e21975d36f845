"""The paper's protocol: four problems, the methods of its comparison and newer ones, no tuning, test MSE.

    python benchmarks/paper.py                      problems of our own, from the formulas (Cubic and Robot Arm)
    python benchmarks/paper.py --data DIR           the authors' problems: DIR/<problem>/data.csv, meta.csv, splits/

Adam with learning rate 1e-3, batches of 64 rows, at most 2,000 epochs, validation every 5. Ours stops after 100 epochs
without progress and restores the best weights, where the paper's code keeps the last ones and stops when the loss is
not below that of 20 epochs before. Each split is trained with several seeds: `ours` is the mean error of single
networks, `mean of N` that of their mean prediction. The figures of the paper's code hold for the authors' problems
only. `excess`: ours beyond the paper's, in standard errors of our mean over the splits; at most 2 is as good or better.
The standard error includes that of the splits, because the figures of the paper's code are not known by split.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from paper_methods import METHODS, Method
from paper_problems import PROBLEMS, SPLITS, Split, split_of

from mthn_automl import catalogue
from mthn_automl.data.encoding import Flags
from mthn_automl.training.encode import encode
from mthn_automl.training.fit import Schedule, drained
from mthn_automl.training.members import Member
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.objective import Configuration, prepare_process, train_in_steps
from mthn_automl.tuning.plan import Plan

SCHEDULE = Schedule(batch=64, max_epochs=2000, patience=100, check_every=5)
TRAINING = {"learning_rate": 1e-3, "weight_decay": 0.0}


def errors(method: Method, split: Split, networks: int, schedule: Schedule) -> tuple[float, float, int]:
    """Test MSE: the mean of single networks', and that of their mean prediction; numbers of one network."""
    data = encode(split.known, split.fold, Flags.of(split.known))
    settings = method.settings_for(data.shape)
    configuration = Configuration(catalogue.read(method.architecture), settings, TRAINING, seed=0)
    members = [Member(0, seed) for seed in range(networks)]
    fitted = drained(train_in_steps(configuration, data, members, Plan(1, networks, schedule), None))
    together = Networks(fitted.pack, data.encoders[0], data.problem)
    alone = [replace(together, pack=fitted.pack.select(torch.tensor([member]))) for member in range(networks)]
    single = [mse(each, split) for each in alone]
    return float(np.mean(single)), mse(together, split), fitted.pack.prototype.size().total


def mse(model: Networks, split: Split) -> float:
    return float(np.mean((model.predict(split.test) - split.test.target) ** 2))


def measure(problem: str, methods: Sequence[Method], chosen: argparse.Namespace) -> list[dict[str, Any]]:
    schedule = replace(SCHEDULE, max_epochs=5) if chosen.quick else SCHEDULE
    splits = [split_of(problem, seed, chosen.data) for seed in range(chosen.splits or SPLITS[problem][1])]
    rows = []
    for method in methods:
        found = [errors(method, each, chosen.networks, schedule) for each in splits if each is not None]
        if found:
            rows.append(_row(problem, method, np.array(found), chosen.data is not None))
            if not chosen.json:
                print(_line(rows[-1], chosen.networks), flush=True)
    return rows


def _row(problem: str, method: Method, found: np.ndarray, authors: bool) -> dict[str, Any]:
    ours, together, numbers = found.T
    se = float(np.std(ours, ddof=1) / len(ours) ** 0.5) if len(ours) > 1 else float("nan")
    reference = method.reference.get(problem) if authors else None
    return {
        "problem": problem,
        "method": method.name,
        "parameters": int(numbers[0]),
        "ours": float(ours.mean()),
        "se": se,
        "ensemble": float(together.mean()),
        "paper": reference,
        "excess": None if reference is None or not se > 0 else float((ours.mean() - reference) / se),
        "by_split": [float(each) for each in ours],
    }


def _line(row: dict[str, Any], networks: int) -> str:
    paper = "     -          " if row["paper"] is None else f"{row['paper']:.4f}  {row['excess'] or 0.0:+6.1f}"
    return (
        f"{row['problem']:13} {row['method']:22} {row['parameters']:9,}  ours {row['ours']:.4f} ± {row['se']:.4f}  "
        f"mean of {networks} {row['ensemble']:.4f}  paper {paper}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with the authors' problems")
    parser.add_argument("--problems", default=",".join(PROBLEMS))
    parser.add_argument("--methods", default="", help="names of architectures, separated by commas; default all")
    parser.add_argument("--splits", type=int, help="default: those that the paper's code was run on, 3 or 5")
    parser.add_argument("--networks", type=int, default=3, help="seeds a split")
    parser.add_argument("--quick", action="store_true", help="five epochs: only to see that it runs")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    prepare_process()
    wanted = set(filter(None, chosen.methods.split(",")))
    methods = [each for each in METHODS if not wanted or each.architecture in wanted]
    rows = [row for problem in chosen.problems.split(",") for row in measure(problem, methods, chosen)]
    if chosen.json:
        print(json.dumps({"rows": rows}, indent=2))
        return
    table = pd.DataFrame(rows)
    print("\ntest MSE of single networks\n")
    print(table.pivot(index="method", columns="problem", values="ours").round(4).to_string())


if __name__ == "__main__":
    main()
