"""Test error against parameters of the hypernetwork's weight generators, at matched sizes, on two problems.

    python benchmarks/compression.py                      Robot Arm of our own, from the formula, and a planted problem
    python benchmarks/compression.py --data DIR           the authors' Robot Arm: data.csv, meta.csv, splits/seed<k>.csv
    python benchmarks/compression.py --output DIR         also the table as CSV, and a picture a problem (SVG, PNG)

Training is the search's, with its default settings and early stopping on validation rows. Nothing is chosen by test
rows: `matched` takes, of each generator, the size of the lowest validation loss among those within so many parameters.
"""

import argparse
import json
from dataclasses import asdict
from itertools import product
from pathlib import Path

import pandas as pd
from compression_chart import save
from compression_problems import PROBLEMS, Part, authors_robot_arm
from compression_trials import SIZES, Trial, measure
from measuring import say

from mthn_automl.tuning.objective import prepare_process

LIMITS = (1_000, 2_000, 4_000, 8_000, 16_000)


def trials(parts: dict[str, list[Part]], quick: bool) -> list[Trial]:
    """Every generator in every size on every split of every problem."""
    found = []
    for problem, generator in product(parts, SIZES):
        say(f"{problem}, {generator} ...")
        for settings in SIZES[generator][: 1 if quick else None]:
            of_size = [measure(problem, generator, settings, *part, quick) for part in enumerate(parts[problem])]
            last = of_size[-1]
            say(f"    {last.parameters} parameters: test MSE {last.test_mse:.4g}, {last.seconds:.1f} s a split")
            found += of_size
    return found


def summary(found: list[Trial]) -> pd.DataFrame:
    """A row a problem, generator and size: means over splits; low and high: the splits' least and largest error."""
    table = pd.DataFrame([asdict(each) for each in found])
    grouped = table.groupby(["problem", "generator", "size", "parameters"], sort=False)
    result = grouped.agg(
        test_mse=("test_mse", "mean"),
        low=("test_mse", "min"),
        high=("test_mse", "max"),
        validation_loss=("validation_loss", "mean"),
        epochs=("epochs", "mean"),
        seconds=("seconds", "sum"),
    )
    return result.reset_index()


def matched(table: pd.DataFrame) -> pd.DataFrame:
    """Test MSE of each generator's best size, by validation, within a limit of parameters: a column a limit."""
    parts = []
    for limit in LIMITS:
        within = table[table["parameters"] <= limit]
        best = within.loc[within.groupby(["problem", "generator"])["validation_loss"].idxmin()]
        parts.append(best.assign(limit=limit))
    wide = pd.concat(parts).pivot_table(index=["problem", "generator"], columns="limit", values="test_mse")
    wide.columns = [f"<= {limit:,}" for limit in wide.columns]
    return wide.reset_index()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with data.csv, meta.csv and splits/")
    parser.add_argument("--output", type=Path, metavar="DIR", help="write the table and the pictures there")
    parser.add_argument("--seeds", type=int, default=3, help="splits of each problem (default: 3)")
    parser.add_argument("--only", choices=sorted(PROBLEMS), help="this problem alone")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout instead of tables")
    parser.add_argument("--quick", action="store_true", help="one size, one split, few epochs: shows that it runs")
    chosen = parser.parse_args()
    prepare_process()
    makers = dict(PROBLEMS)
    if chosen.data:
        makers["robot_arm"] = lambda seed: authors_robot_arm(chosen.data, seed)
    seeds = range(1 if chosen.quick else chosen.seeds)
    wanted = [chosen.only] if chosen.only else list(makers)
    found = trials({name: [makers[name](seed) for seed in seeds] for name in wanted}, chosen.quick)
    table = summary(found)
    if chosen.output:
        save(table, chosen.output)
    if chosen.json:
        rows = {"sizes": table.to_dict("records"), "trials": [asdict(each) for each in found]}
        print(json.dumps(rows, indent=2))
        return
    print(table.round(4).to_string(index=False))
    print("\ntest MSE of each generator's best size, by validation, within a limit of parameters:")
    print(matched(table).round(4).to_string(index=False, na_rep=""))


if __name__ == "__main__":
    main()
