"""What one fit of each architecture takes, by rows: the `[cost]` tables of the search space files.

    python benchmarks/costs.py                             prints them, some twenty minutes
    python benchmarks/costs.py --write                     writes them into search_spaces/*.toml
    python benchmarks/costs.py --architectures ridge,ple   of these alone

One thread, processor seconds, made data of 25 rows a task, four features, two metadata; the first of the first trials,
and the median of three fits where one takes less than a second. A network is alone, with a hold-out of a fifth beside
the rows it trains on, and trains until it stops by itself. Where a fit takes more than twenty seconds no larger one is
measured, and where an architecture cannot be trained on so many tasks none. How seconds grow with more features,
targets and classes is measured at 1,000 rows, as powers.
"""

import argparse
import json
import math
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
from mthn_automl.tuning.cost import KINDS, STEEPEST
from mthn_automl.tuning.fold_fits import fit_classical
from mthn_automl.tuning.objective import Configuration, Objective, SearchData, prepare_process
from mthn_automl.tuning.plan import Plan, schedule_of
from mthn_automl.tuning.space import build_space
from mthn_automl.tuning.width import CLASSES, COLUMNS, TARGETS

ROWS = (250, 1000, 4000, 16000)
ROWS_A_TASK, FEATURES = 25, 4
WIDE_ROWS, MORE_FEATURES, MORE_TARGETS, MORE_CLASSES = 1000, 60, 12, 24
"""At which powers are measured, between the usual data and such as have more of one thing."""

PROBLEMS = {"regression": "regression", "classes": "multiclass"}
TRAINED = 0.8
LONGEST, QUICK, FITS = 20.0, 1.0, 3
COMMENT = "# processor seconds of one fit by training rows: benchmarks/costs.py"


def objective(rows: int, kind: str, features: int = FEATURES, outputs: int = 0) -> Objective:
    """Whose fold -1 has so many rows, and fold 0 a quarter as many. outputs: targets, or classes; 0: the usual ones."""
    every = round(rows / TRAINED)
    classes, targets = (outputs or CLASSES, 1) if kind == "classes" else (0, outputs or TARGETS)
    frames = made_frames(every, max(4, rows // ROWS_A_TASK), features, classes=classes, targets=targets)
    named = "target" if targets == 1 else ["target", *(f"target{number}" for number in range(1, targets))]
    dataset = read_dataset(*frames, target=named)
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


def powers(names: Sequence[str], rows: int = WIDE_ROWS) -> dict[str, dict[str, float]]:
    """By architecture and key of the file: the power with which seconds grow, measured beside the usual data."""
    prepare_process()
    usual = {kind: objective(rows, kind) for kind in KINDS}
    columns = MORE_FEATURES + COLUMNS - FEATURES
    wider = {
        "columns": ("regression", columns / COLUMNS, objective(rows, "regression", MORE_FEATURES)),
        "targets": ("regression", MORE_TARGETS / TARGETS, objective(rows, "regression", outputs=MORE_TARGETS)),
        "labels": ("classes", MORE_CLASSES / CLASSES, objective(rows, "classes", outputs=MORE_CLASSES)),
    }
    found: dict[str, dict[str, float]] = {name: {} for name in names}
    for name in names:
        file = catalogue.read(name)
        before = {
            kind: seconds_of(fit_of(file, given)) for kind, given in usual.items() if not file.unsuited(PROBLEMS[kind])
        }
        for key, (kind, times, given) in wider.items():
            if kind in before:
                grown = seconds_of(fit_of(file, given)) / before[kind]
                found[name][key] = round(min(max(math.log(grown) / math.log(times), 0.0), STEEPEST), 2)
        say(f"    {name}: {found[name]}")
    return found


def table(found: dict[str, dict[int, float]], grown: dict[str, float]) -> str:
    """The lines of a search space file."""
    lines = [
        f"{kind} = {{ {', '.join(f'{rows} = {seconds:g}' for rows, seconds in measured.items())} }}"
        for kind, measured in found.items()
        if measured
    ]
    return "\n".join([f"[cost]  {COMMENT}", *lines, *(f"{key} = {power:g}" for key, power in grown.items()), ""])


def stored(names: Sequence[str]) -> dict[str, dict[str, dict[int, float]]]:
    """As `costs`, of what the files have."""
    files = {name: catalogue.read(name).cost for name in names}
    return {
        name: {kind: {int(rows): each for rows, each in cost.get(kind, {}).items()} for kind in KINDS}
        for name, cost in files.items()
    }


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
    parser.add_argument("--powers-only", action="store_true", help="seconds by rows stay as the files have them")
    parser.add_argument("--quick", action="store_true", help="shows that it runs, no more")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    chosen = parser.parse_args()
    names = [file.name for file in catalogue.select(chosen.architectures)]
    found = stored(names) if chosen.powers_only else costs(names, ROWS[:1] if chosen.quick else ROWS)
    grown = powers(names, ROWS[0] if chosen.quick else WIDE_ROWS)
    if chosen.json:
        print(json.dumps({name: {**found[name], **grown[name]} for name in names}))
    for name in names:
        if chosen.write:
            written(catalogue.folder() / f"{name}.toml", table(found[name], grown[name]))
        elif not chosen.json:
            print(f"{name}.toml\n{table(found[name], grown[name])}")


if __name__ == "__main__":
    main()
