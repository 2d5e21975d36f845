"""What a trial costs the process that drives a search, and how many workers that process keeps busy.

    python benchmarks/driver.py                10,000 trials of the usual architectures, some minutes
    python benchmarks/driver.py --json         one object on stdout

Nothing is trained: results are drawn at random, alike for all architectures, so that all of them go on being asked; all
else is the search itself, with its journal on disk. A trial's cost is of asking for it, telling that it has begun, one
rung of networks, and telling its result. The workers are simulated: their trials take as long as those of a real
search, times a factor that makes the mean 5 or 15 seconds, and wait for the driver, whose work is done and timed. A
worker's busy share leaves out the time until every worker has had a trial.
"""

import argparse
import heapq
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mthn_automl import catalogue, search
from mthn_automl.data.problems import gapminder
from mthn_automl.models.base import Size
from mthn_automl.tuning.budget import Budget
from mthn_automl.tuning.ending import Ending
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.rungs import Rung
from mthn_automl.tuning.search import TrialSource
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.studies import Studies
from mthn_automl.tuning.trial import Outcome, Trial

FEW, MANY, WINDOW = 100, 10_000, 100
"""Trials at which the cost is taken, and over how many it is averaged."""

FOLDS, SEEDS, TASKS, RUNG = 5, 3, 40, 30
LIVE = 8
ROUNDS = 6
"""Trials that each simulated worker runs."""


class Driver:
    """A search without workers, whose trials end as told."""

    def __init__(self, folder: Path) -> None:
        files = {file.name: file for file in catalogue.select("usual")}
        spaces = {name: build_space(file, has_metadata=True) for name, file in files.items()}
        self.random = np.random.default_rng(0)
        self.source = TrialSource(
            Studies(folder / "study.journal", spaces, seed=0),
            files,
            folder / "trials",
            Budget(None, lambda: None),
            clock=time.perf_counter,
            report=lambda event: None,
            rungs=(RUNG,),
        )

    def begin(self) -> Trial:
        trial = self.source.next()
        assert trial is not None
        self.source.began(trial)
        return trial

    def end(self, trial: Trial) -> None:
        """Through a rung, where it may be stopped, to its result."""
        error = 1.0 + self.random.exponential(0.2)
        cells = error * self.random.uniform(0.5, 1.5, (FOLDS, TASKS))
        if trial.configuration.neural and self.source.at_rung(trial, Rung(RUNG, error, cells, 1000)):
            return
        self.source.finished(
            trial, Outcome(Ending.COMPLETE, self._result(trial, error), last=Rung(100, error, cells, 1000))
        )

    def _result(self, trial: Trial, error: float) -> TrialResult:
        return TrialResult(
            architecture=trial.architecture,
            settings=trial.configuration.all_settings(),
            error=error,
            error_rows=error,
            error_tasks=error,
            fold_errors=(error,) * FOLDS,
            member_errors=((error,) * SEEDS,) * FOLDS,
            best_epochs=((50,) * SEEDS,) * FOLDS,
            size=Size(1000, 100, 10),
            seconds=1.0,
            predict_us_per_row=1.0,
        )


def milliseconds_of_each(folder: Path, trials: int) -> Iterator[float]:
    """Of each of so many trials, a few of which are always running."""
    driver, running = Driver(folder), list[tuple[Trial, float]]()
    for number in range(trials):
        started = time.perf_counter()
        trial = driver.begin()
        running.append((trial, time.perf_counter() - started))
        if len(running) == LIVE:
            ended, cost = running.pop(0)
            started = time.perf_counter()
            driver.end(ended)
            yield 1e3 * (cost + time.perf_counter() - started)
        if number % 1000 == 999:
            print(f"    {number + 1} trials", file=sys.stderr, flush=True)


def cost(few: int, many: int, window: int) -> dict[str, float]:
    """Milliseconds a trial around the two counts; those of the few are taken before and after the many."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = list(milliseconds_of_each(folder / "before", few + window // 2 + LIVE))
        whole = list(milliseconds_of_each(folder / "whole", many + LIVE))
        after = list(milliseconds_of_each(folder / "after", few + window // 2 + LIVE))
    around = [times[few - window // 2 : few + window // 2] for times in (before, whole, after)]
    first = statistics.mean(statistics.mean(times) for times in around)
    last = statistics.mean(whole[-window:])
    return {"few": first, "many": last, "growth": last / first}


def times_of_a_real_search(trials: int) -> list[float]:
    """Seconds of each complete trial of a small search."""
    data, meta = gapminder()
    with tempfile.TemporaryDirectory() as folder:
        found = search(
            data, meta, trials=trials, folds=2, seeds=1, runner="local", no_ablation=True, output=Path(folder) / "run"
        )
        results = (found.folder / "trials").glob("*/result.json")
        stored = [json.loads(path.read_text(encoding="utf-8")) for path in results]
    return [each["result"]["seconds"] for each in stored if "result" in each]


def busy_share(workers: int, times: list[float], mean: float, rounds: int) -> float:
    """Of simulated workers, from when each has begun a trial until the last trial is handed out."""
    random, scale = np.random.default_rng(workers), mean / statistics.mean(times)
    running: list[tuple[float, int, Trial]] = []
    trained: list[tuple[float, float]] = []
    now = all_at_work = 0.0
    with tempfile.TemporaryDirectory() as folder:
        driver = Driver(Path(folder))
        for number in range(workers * rounds):
            ended = heapq.heappop(running) if len(running) == workers else None
            now = max(now, ended[0] if ended else 0.0)
            started = time.perf_counter()
            if ended:
                driver.end(ended[2])
            trial = driver.begin()
            now += time.perf_counter() - started
            trained.append((now, now + scale * float(random.choice(times))))
            heapq.heappush(running, (trained[-1][1], number, trial))
            if number == workers - 1:
                all_at_work = now
    spent = sum(max(0.0, min(end, now) - max(begin, all_at_work)) for begin, end in trained)
    return spent / (workers * (now - all_at_work))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("--quick", action="store_true", help="show that it runs, no more")
    chosen = parser.parse_args()
    few, many, window, rounds = (10, 30, 10, 2) if chosen.quick else (FEW, MANY, WINDOW, ROUNDS)
    found = cost(few, many, window)
    times = times_of_a_real_search(11 if chosen.quick else 44)
    shares = {
        f"{workers} workers, {seconds} s": busy_share(workers, times, seconds, rounds)
        for workers in ((2, 4) if chosen.quick else (8, 64, 512))
        for seconds in (5, 15)
    }
    summary = {
        "driver_milliseconds": found["many"],
        "driver_growth": found["growth"],
        "busy_share": shares,
        "details": {"trials": many, "milliseconds_at_few": found["few"], "real_trials": len(times)},
    }
    if chosen.json:
        print(json.dumps(summary))
        return
    print(f"a trial costs the driver {found['many']:.1f} ms at {many:,} trials, {found['few']:.1f} at {few}")
    for case, share in shares.items():
        print(f"{case}: busy {share:.1%} of the time")


if __name__ == "__main__":
    main()
