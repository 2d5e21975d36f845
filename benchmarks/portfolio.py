"""The first trials of each architecture, learnt: a greedy portfolio over the development sets.

    python benchmarks/portfolio.py --data DIR --output OUT             evaluates, and prints what it would choose
    python benchmarks/portfolio.py --data DIR --output OUT --write     writes it into search_spaces/*.toml too

As in auto-sklearn 2.0 (Feurer et al. 2022): many configurations of an architecture, its present first trials among
them, are cross-validated on every development set; then starting points are chosen one by one, each so that the best
of those chosen so far is on average as near as can be to the best of all configurations, and its seconds are worth it.
Test rows have no part in it.
DIR is that of benchmarks/accuracy.py. What has been evaluated is stored a line each, and skipped: it may be killed and
begun again, and two processes may share the work (--part 0/2 and --part 1/2). Some two hours on two cores with the
usual architectures and 24 configurations.
"""

import argparse
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import accuracy_sets
import numpy as np
import optuna
import tomli_w
from measuring import say

from mthn_automl import catalogue
from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.scoring import default_metric
from mthn_automl.data.splits import within_tasks
from mthn_automl.errors import MthnError
from mthn_automl.storage import write_text
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.tuning.objective import Configuration, Objective, SearchData, prepare_process
from mthn_automl.tuning.plan import Plan, schedule_of
from mthn_automl.tuning.space import SearchSpace, build_space

SETS = accuracy_sets.HALVES["development"]
FOLDS, MOST_ROWS, LONGEST = 3, 3000, 60.0
"""Of a cross-validation; rows, as whole tasks, and seconds of one, beyond which its best so far counts."""

CHOSEN = 5
"""First trials an architecture."""

PRICE = 0.002
"""What a second of a trial must lower the mean excess by: five seconds are worth one per cent."""

COMMENT = (
    "# Chosen by benchmarks/portfolio.py from {count} configurations on {sets} data sets, the most valuable first."
)


def objective(data: Path, name: str) -> Objective:
    """Cross-validation of the training rows of a set's first split."""
    with TemporaryDirectory() as folder:
        rows = some_tasks(accuracy_sets.written(data / name, 0, Path(folder)).dataset())
    metric = default_metric(rows.schema.problem)
    return Objective(
        SearchData(rows, within_tasks.deal(rows, FOLDS, 0), metric, "rows"), Plan(FOLDS, 1, schedule_of(len(rows)))
    )


def some_tasks(rows: Dataset) -> Dataset:
    """Whole tasks at random, until there are as many rows as are wanted."""
    order = np.random.default_rng(0).permutation(len(rows.tasks))
    sizes = np.bincount(rows.task, minlength=len(rows.tasks))[order]
    chosen = order[: max(2, np.searchsorted(sizes.cumsum(), MOST_ROWS, side="right"))]
    return rows.take(np.flatnonzero(np.isin(rows.task, chosen)))


def configurations(space: SearchSpace, count: int) -> list[dict[str, Any]]:
    """The first trials that the file has, and others drawn at random, the same in every call."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    drawn = [space.suggest(study.ask()) for _ in range(max(0, count - len(space.starts)))]
    return [*map(dict, space.starts), *drawn]


def evaluated(store: Path) -> dict[str, tuple[float, float]]:
    """Error and seconds by configuration, as JSON, of one architecture on one set; infinite where it failed."""
    lines = store.read_text().splitlines() if store.exists() else []
    stored = [json.loads(line) for line in lines]
    return {
        key(each["settings"]): (float("inf") if each["error"] is None else each["error"], each["seconds"])
        for each in stored
    }


def key(settings: Mapping[str, Any]) -> str:
    return json.dumps(settings, sort_keys=True)


def evaluate(file: SpaceFile, ask: Objective, wanted: Sequence[dict[str, Any]], store: Path) -> None:
    """Append a line for each configuration that has none."""
    done = evaluated(store)
    space = build_space(file, has_metadata=True)
    store.parent.mkdir(parents=True, exist_ok=True)
    for settings in wanted:
        if key(settings) in done:
            continue
        began = time.time()
        configuration = Configuration(file, *space.split(settings), seed=0)
        try:
            error: float | None = ask(configuration, began + LONGEST).result.error
        except (MthnError, ArithmeticError, ValueError, TimeoutError) as reason:
            say(f"{file.name} on {store.stem}: {reason}")
            error = None
        line = {"settings": settings, "error": error, "seconds": round(time.time() - began, 2)}
        with store.open("a") as stream:
            stream.write(json.dumps(line) + "\n")


def portfolio(errors: FloatArray, seconds: FloatArray, count: int) -> list[int]:
    """Configurations, chosen one by one; errors (configurations, sets), seconds (configurations,).

    What is made as small as can be is the mean over sets of the logarithm of the lowest error among those chosen, in
    units of the lowest of all, and the price of their seconds.
    """
    excess = excesses(errors)
    chosen: list[int] = []
    best = np.full(errors.shape[1], np.inf)
    for _ in range(min(count, len(errors))):
        scores = np.minimum(excess, best).mean(axis=1) + PRICE * seconds
        scores[chosen] = np.inf
        if chosen and scores.min() >= best.mean():
            break
        chosen.append(int(np.argmin(scores)))
        best = np.minimum(best, excess[chosen[-1]])
    return chosen


def excesses(errors: FloatArray) -> FloatArray:
    """Logarithms of errors (configurations, sets) in units of the lowest of each set."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(errors / errors.min(axis=0)))


def with_first_trials(text: str, chosen: Sequence[Mapping[str, Any]], comment: str) -> str:
    """The text of a search space file with these first trials in place of its own, which are its last tables."""
    kept = re.split(r"^(?:# Chosen by [^\n]*\n)?\[\[first_trials\]\]", text, maxsplit=1, flags=re.MULTILINE)[0]
    tables = "\n".join(f"[[first_trials]]\n{tomli_w.dumps(rounded(each))}" for each in chosen)
    return f"{kept.rstrip()}\n\n{comment}\n{tables}"


def completed(file: SpaceFile, settings: Mapping[str, Any]) -> dict[str, Any]:
    """With what is asked for only where the data have no metadata, at its default."""
    declared = [*fields(file.load_class().Settings), *fields(TrainingSettings)]  # type: ignore[attr-defined]
    usual = {each.name: each.default for each in declared}
    asked = build_space(file, has_metadata=False).suggest(optuna.trial.FixedTrial({**usual, **settings}))
    return {**settings, **{name: value for name, value in asked.items() if name not in settings}}


def rounded(settings: Mapping[str, Any]) -> dict[str, Any]:
    """To three digits, as people write them."""
    return {name: float(f"{each:.3g}") if isinstance(each, float) else each for name, each in settings.items()}


def matrices(
    output: Path, file: SpaceFile, wanted: Sequence[dict[str, Any]], sets: Sequence[str]
) -> tuple[FloatArray, FloatArray]:
    """(configurations, sets) errors, infinite where there is none, and seconds."""
    stored = [evaluated(output / file.name / f"{name}.jsonl") for name in sets]
    both = np.array([[each.get(key(settings), (np.inf, 0.0)) for each in stored] for settings in wanted])
    return both[:, :, 0], both[:, :, 1]


def jobs(
    files: Sequence[SpaceFile], sets: Sequence[str], part: tuple[int, int]
) -> Iterator[tuple[str, list[SpaceFile]]]:
    """Sets, each with the architectures that are this process's."""
    index, parts = part
    for number, name in enumerate(sets):
        yield name, [file for at, file in enumerate(files) if (at + number) % parts == index]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--data", type=Path, required=True, metavar="DIR")
    arguments.add_argument("--output", type=Path, required=True, metavar="OUT")
    arguments.add_argument("--architectures", default="usual")
    arguments.add_argument("--sets", default=",".join(SETS))
    arguments.add_argument("--configurations", type=int, default=24)
    arguments.add_argument("--part", default="0/1", help="such as 1/2: the second of two processes")
    arguments.add_argument("--write", action="store_true", help="into the search space files")
    chosen = arguments.parse_args()
    index, parts = map(int, chosen.part.split("/"))
    files, sets = catalogue.select(chosen.architectures, []), chosen.sets.split(",")
    wanted = {file.name: configurations(build_space(file, has_metadata=True), chosen.configurations) for file in files}
    prepare_process()
    for name, own in jobs(files, sets, (index, parts)):
        ask = objective(chosen.data, name)
        for file in own:
            say(f"{name}: {file.name} ...")
            evaluate(file, ask, wanted[file.name], chosen.output / file.name / f"{name}.jsonl")
    for file in files:
        errors, seconds = matrices(chosen.output, file, wanted[file.name], sets)
        known = np.isfinite(errors).any(axis=0)
        if not known.any():
            continue
        whole, cost = errors[:, known], seconds[:, known].mean(axis=1)
        best = portfolio(whole, cost, CHOSEN)
        excess = [excesses(whole)[best[: count + 1]].min(axis=0).mean() for count in range(len(best))]
        said = ", ".join(
            f"{each} ({100 * rest:.1f} %, {cost[each]:.1f} s)" for each, rest in zip(best, excess, strict=True)
        )
        print(f"{file.name}: {said}")
        if chosen.write:
            comment = COMMENT.format(count=len(whole), sets=whole.shape[1])
            write_text(
                file.path,
                with_first_trials(
                    file.path.read_text(), [completed(file, wanted[file.name][each]) for each in best], comment
                ),
            )


if __name__ == "__main__":
    main()
