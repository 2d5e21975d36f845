"""What one fit of each architecture takes, by rows: the `[cost]` tables of the search space files.

    python benchmarks/costs.py                             prints them, some twenty minutes
    python benchmarks/costs.py --write                     writes them into search_spaces/*.toml
    python benchmarks/costs.py --architectures ridge,ple   of these alone

One thread, processor seconds, made data of 25 rows a task, four features, two metadata; the first of the first trials,
and the median of three fits where one takes less than a second. A network is alone, with a hold-out of a fifth beside
the rows it trains on, and trains until it stops by itself. Where a fit takes more than twenty seconds no larger one is
measured, and where an architecture cannot be trained on so many tasks none.
"""

import argparse
import json
import re
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from made_data import made_frames
from measuring import say

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.read import read_dataset
from mthn_automl.data.scoring import default_metric
from mthn_automl.errors import TooLargeError
from mthn_automl.storage import write_text
from mthn_automl.training.fit import drained
from mthn_automl.tuning.cost import KINDS
from mthn_automl.tuning.fold_fits import fit_classical
from mthn_automl.tuning.objective import Configuration, Objective, SearchData, prepare_process
from mthn_automl.tuning.plan import Plan, schedule_of
from mthn_automl.tuning.space import build_space

ROWS = (250, 1000, 4000, 16000)
ROWS_A_TASK, FEATURES, CLASSES = 25, 4, 3
PROBLEMS = {"regression": "regression", "classes": "multiclass"}
TRAINED = 0.8
LONGEST, QUICK, FITS = 20.0, 1.0, 3
COMMENT = "# processor seconds of one fit by training rows: benchmarks/costs.py"


def objective(rows: int, kind: str) -> Objective:
    """Whose fold -1 has so many rows, and fold 0 a quarter as many."""
    every = round(rows / TRAINED)
    classes = CLASSES if kind == "classes" else 0
    dataset = read_dataset(*made_frames(every, max(4, rows // ROWS_A_TASK), FEATURES, classes=classes))
    fold = np.where(np.random.default_rng(0).permutation(every) < rows, -1, 0)
    return Objective(
        SearchData(dataset, fold, default_metric(dataset.schema.problem), "rows"), Plan(1, 1, schedule_of(every))
    )


def fit_of(file: SpaceFile, given: Objective) -> Callable[[], object]:
    space = build_space(file, given.data.dataset.tasks.metadata is not None)
    settings, training = space.split(space.starts[0] if space.starts else {})
    configuration = Configuration(file, settings, training, seed=0)
    if configuration.neural:
        given.placed()
        return lambda: drained(given.steps(configuration))
    rows = given.data.dataset.take(np.flatnonzero(given.data.fold < 0))
    return lambda: fit_classical(configuration, rows, given.flags)


def seconds_of(fit: Callable[[], object]) -> float:
    found = list[float]()
    while not found or (len(found) < FITS and found[-1] < QUICK):
        began = time.process_time()
        fit()
        found.append(time.process_time() - began)
    return statistics.median(found)


def costs(names: Sequence[str], sizes: Sequence[int]) -> dict[str, dict[str, dict[int, float]]]:
    """Seconds by architecture, kind of problem and rows; the files on which no fit is too slow."""
    prepare_process()
    found: dict[str, dict[str, dict[int, float]]] = {name: {kind: {} for kind in KINDS} for name in names}
    for kind in KINDS:
        for rows in sizes:
            given = objective(rows, kind)
            for name in names:
                measured = found[name][kind]
                too_slow = len(measured) < sizes.index(rows) or max(measured.values(), default=0.0) > LONGEST
                if too_slow or catalogue.read(name).unsuited(PROBLEMS[kind]):
                    continue
                try:
                    measured[rows] = float(f"{seconds_of(fit_of(catalogue.read(name), given)):.2g}")
                except TooLargeError as error:
                    say(f"    {error}")
                    continue
                say(f"    {name}, {kind}, {rows} rows: {measured[rows]:.3g} s")
    return found


def table(found: dict[str, dict[int, float]]) -> str:
    """The lines of a search space file."""
    lines = [
        f"{kind} = {{ {', '.join(f'{rows} = {seconds:g}' for rows, seconds in measured.items())} }}"
        for kind, measured in found.items()
        if measured
    ]
    return "\n".join([f"[cost]  {COMMENT}", *lines, ""])


def written(path: Path, lines: str) -> None:
    """In place of the table that a file has, or before its first one."""
    text = re.sub(r"^\[cost\].*\n(?:\w.*\n)*\n?", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    place = re.search(r"^\[", text, flags=re.MULTILINE)
    at = place.start() if place else len(text)
    write_text(path, f"{text[:at]}{lines}\n{text[at:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--architectures", default="all", help="names separated by commas, or a group")
    parser.add_argument("--write", action="store_true", help="into the search space files")
    parser.add_argument("--quick", action="store_true", help="shows that it runs, no more")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    chosen = parser.parse_args()
    names = [file.name for file in catalogue.select(chosen.architectures)]
    found = costs(names, ROWS[:1] if chosen.quick else ROWS)
    if chosen.json:
        print(json.dumps(found))
    for name in names:
        if chosen.write:
            written(catalogue.folder() / f"{name}.toml", table(found[name]))
        elif not chosen.json:
            print(f"{name}.toml\n{table(found[name])}")


if __name__ == "__main__":
    main()
