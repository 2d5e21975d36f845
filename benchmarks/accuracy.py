"""Data sets x splits x methods at one time budget: errors on test rows, ranks, statistics, pictures.

    python benchmarks/accuracy.py --data DIR --output OUT                        all of it, which takes hours
    python benchmarks/accuracy.py --data DIR --output OUT --sets development     the half that tuning may look at
    python benchmarks/accuracy.py --data DIR --output OUT --methods ours,lightgbm --splits 0
    python benchmarks/accuracy.py --data DIR --output OUT --anytime 15,30,60     how soon ours is where AutoGluon ends
    python benchmarks/accuracy.py --output OUT --table-only                      the tables of what is stored

DIR holds a folder a data set: data.csv (`task`, features, `target` or `target1..n`), meta.csv (`task`, metadata), and
perhaps splits/seed<k>.csv (`row`: 0-based row of data.csv; `split`: train, vali or test). The methods get train and
vali rows; rows that a split does not name are not used; where there is no such file, a fifth of each task's rows is
test, drawn by the number of the split.

Every data set, split and method is a process of its own, one at a time, and its result is stored: what is there is
skipped, so that a run may be killed and begun again. `--seconds` is wall time, start-up counted; what each really used
is in the table. Methods that do not heed the time (by their defaults with early stopping) have one thread and are run
once for all budgets. The table never chooses anything: no method sees a target of a test row before it has predicted,
except that ours scores its leaderboard on them, by which nothing is ranked.
"""

import argparse
import signal
import subprocess
import sys
from pathlib import Path

import accuracy_autogluon
import accuracy_jobs
import accuracy_sets
from accuracy_jobs import Asked
from accuracy_methods import ANSWER, AUTOGLUON, METHODS, makers
from accuracy_report import write
from measuring import say


def numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]


def jobs_of(chosen: argparse.Namespace, sets: list[str]) -> list[Asked]:
    """The table's first, then those of `--anytime`."""
    jobs = list(accuracy_jobs.asked(sets, chosen.splits, makers(chosen.methods), chosen.seconds))
    if chosen.anytime:
        jobs += accuracy_jobs.asked(sets, chosen.splits, [AUTOGLUON], chosen.seconds)
        for seconds in chosen.anytime:
            jobs += accuracy_jobs.asked(sets, chosen.splits, [ANSWER], seconds)
    return jobs


def make_environment(output: Path, torch_index: str | None) -> None:
    """Where it cannot be made the other methods are run all the same, and AutoGluon's cells are failures."""
    say("AutoGluon's environment ...")
    try:
        accuracy_autogluon.make_environment(output, torch_index)
    except subprocess.CalledProcessError as error:
        say(f"AutoGluon could not be installed: {error}")


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    found.add_argument("--data", type=Path, metavar="DIR", help="folder with a folder a data set")
    found.add_argument("--output", type=Path, metavar="OUT", required=True, help="where results are kept")
    found.add_argument(
        "--sets", default="all", help=f"{', '.join(accuracy_sets.HALVES)}, all, or names separated by commas"
    )
    found.add_argument("--splits", type=lambda text: [int(part) for part in text.split(",")], default=[0, 1, 2])
    found.add_argument("--seconds", type=float, default=120.0, help="wall time of a method (default: 120)")
    found.add_argument("--methods", default="", help=f"default: {','.join(METHODS)}")
    found.add_argument("--anytime", type=numbers, default=[], metavar="S,S", help="further budgets of ours")
    found.add_argument("--workers", type=int, default=2, help="of ours and of AutoGluon (default: 2)")
    found.add_argument("--retry-failed", action="store_true", help="run what failed again")
    found.add_argument("--table-only", action="store_true", help="run nothing")
    found.add_argument("--torch-index", metavar="URL", help="index of a CPU-only PyTorch for AutoGluon's environment")
    return found


def main() -> None:
    arguments = parser()
    chosen = arguments.parse_args()
    output = chosen.output.resolve()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # the process at work is ended too
    if not chosen.table_only:
        if chosen.data is None:
            arguments.error("--data must name the folder of the data sets, unless --table-only is given")
        try:
            sets = accuracy_sets.names(chosen.sets, chosen.data.resolve())
            jobs = jobs_of(chosen, sets)
        except ValueError as error:
            arguments.error(str(error))
        if accuracy_jobs.needs_autogluon(jobs, output, chosen.retry_failed):
            make_environment(output, chosen.torch_index)
        accuracy_jobs.run(jobs, chosen.data.resolve(), output, chosen.workers, chosen.retry_failed)
    print(write(output, seconds=chosen.seconds, sets=chosen.sets, splits=chosen.splits, anytime=chosen.anytime))


if __name__ == "__main__":
    main()
