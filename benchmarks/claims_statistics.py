"""What single statistics say, under truths that are known: tests of differences, intervals, choices, drift."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from types import SimpleNamespace
from typing import Any

import numpy as np
from claims_frame import Claim
from claims_small import two_methods

from mthn_automl.analysis.ablation import SIGNIFICANT, ablation_table
from mthn_automl.analysis.drift import drift
from mthn_automl.analysis.importance import importance
from mthn_automl.analysis.leaderboard import Finalist, leaderboard
from mthn_automl.analysis.statistics import (
    bootstrap_interval,
    bootstrap_saving,
    corrected_resampled_t_test,
    wilcoxon,
)
from mthn_automl.data.schema import Column
from mthn_automl.data.scoring import metric_named
from mthn_automl.data.seen import Seen
from mthn_automl.data.unknowns import Count
from mthn_automl.training.temperature import calibrated

HEAVY = "few rows with heavy tails: no bootstrap can know of far errors that it has not drawn"


def claims() -> Iterator[Claim]:
    """All of this file."""
    yield from _of_tests()
    yield from _of_intervals()
    yield from _of_rows()


def _of_tests() -> Iterator[Claim]:
    for folds, seeds, rows in ((5, 1, 60), (5, 3, 60), (3, 3, 60), (2, 5, 60), (5, 3, 300)):
        truth = f"{folds} folds, {seeds} seeds, {rows} rows, methods alike"
        yield Claim("a difference (corrected resampled t)", truth, partial(_differs, folds, seeds, rows, 1.0))
    for folds, seeds, rows in ((5, 1, 300), (5, 3, 300)):
        truth = f"{folds} folds, {seeds} seeds, {rows} rows, one 15 % worse"
        yield Claim("a difference (corrected resampled t)", truth, partial(_differs, folds, seeds, rows, 0.6), False)
    yield Claim("any of 5 variants differs (Holm)", "5 folds, 1 seed, 60 rows, all alike", _any_variant)
    for tasks in (6, 12, 60):
        made = partial(_over_tasks, tasks, 0.0)
        yield Claim("one is better over tasks (Wilcoxon)", f"{tasks} tasks, skewed differences about 0", made)
    made = partial(_over_tasks, 20, 0.6)
    yield Claim("one is better over tasks (Wilcoxon)", "20 tasks, 0.6 standard deviations", made, False)
    for trials, truth in (
        ((10, 10), "10 trials each"),
        ((20, 2), "20 trials against 2"),
        ((5,) * 6, "6 architectures"),
    ):
        made = partial(_leads, trials, 0.0)
        yield Claim("the answer leads ('a difference that is shown')", f"{truth}, all alike", made)
    made = partial(_leads, (10, 10), 0.2)
    yield Claim("the answer leads ('a difference that is shown')", "10 trials each, one 20 % worse", made, False)


def _differs(folds: int, seeds: int, rows: int, weaker: float, seed: int) -> bool:
    one, other = two_methods(seed, rows=rows, folds=folds, seeds=seeds, weaker=weaker)
    return corrected_resampled_t_test((one - other).ravel(), 1 / (folds - 1)).p_value < SIGNIFICANT


def _any_variant(seed: int) -> bool:
    results = {}
    for place in range(6):
        one, other = two_methods(10 * seed + place, rows=60, folds=5, seeds=1)
        results["both" if place == 0 else f"variant {place}"] = one if place == 0 else results["both"] + one - other
    return bool((ablation_table("hypernetwork", results, 1 / 4)["p_value_holm"] < SIGNIFICANT).any())


def _over_tasks(tasks: int, effect: float, seed: int) -> bool:
    """Differences of two errors of a task that are alike but for the effect; tasks are of very different scales."""
    rng = np.random.default_rng(seed)
    scale = np.exp(rng.normal(size=tasks))
    return wilcoxon(scale * (rng.normal(size=tasks) + effect)) < SIGNIFICANT


def _leads(trials: tuple[int, ...], worse: float, seed: int) -> bool:
    """The best of many trials, each of whose fold errors share the fold's difficulty and have luck of their own."""
    rng = np.random.default_rng(seed)
    fold = rng.normal(1, 0.1, 5)
    finalists = []
    for place, count in enumerate(trials):
        errors = (1 + worse * (place == 0)) * (fold + rng.normal(0, 0.03, (count, 1)) + rng.normal(0, 0.05, (count, 5)))
        best = errors[errors.mean(axis=1).argmin()]
        size = SimpleNamespace(total=1, task_network=1, marginal=1)
        result: Any = SimpleNamespace(
            error=float(best.mean()),
            fold_errors=best.tolist(),
            error_tasks=1.0,
            size=size,
            seconds=1.0,
            predict_us_per_row=1.0,
            settings={},
            notes=(),
            stopped_by_time=False,
        )
        finalists.append(Finalist(f"architecture {place}", result, trials=count))
    return leaderboard(finalists, 1 / 4)["tied_with_best"].tolist()[1] is False


Errors = Callable[[np.random.Generator, int], np.ndarray]
ERRORS: dict[str, tuple[Errors, float]] = {
    "normal": (lambda rng, count: rng.normal(size=count), 1.0),
    "Laplace": (lambda rng, count: rng.laplace(size=count), 2.0),
}


def _of_intervals() -> Iterator[Claim]:
    missed = "an interval of the RMSE that misses the truth"
    for kind, rows in (("normal", 12), ("normal", 40), ("normal", 400), ("Laplace", 12), ("Laplace", 40)):
        made = partial(_misses_rows, kind, rows)
        yield Claim(missed, f"{rows} rows, {kind} errors", made, stated=HEAVY if kind == "Laplace" else "")
    yield Claim(missed, "400 rows, Laplace errors", partial(_misses_rows, "Laplace", 400))
    yield Claim(missed, "12 groups of 10 rows that err alike", partial(_misses_groups, 12))
    for tasks in (8, 20, 100):
        made = partial(_misses_tasks, tasks)
        yield Claim("an interval over tasks that misses the truth", f"{tasks} tasks, skewed errors", made)
    for name, rows in (("accuracy", 40), ("f1", 60), ("roc_auc", 60), ("log_loss", 60)):
        made = partial(_misses_classes, name, rows)
        yield Claim(f"an interval of {name} that misses the truth", f"{rows} rows", made)
    yield Claim("an interval of r2 that misses the truth", "60 rows", _misses_r2)
    yield Claim("less than the usual tool, or more", "40 rows, both alike", partial(_saves, 40, 1.0))
    yield Claim("less than the usual tool, or more", "100 rows, 20 % less", partial(_saves, 100, 0.8), False)
    yield Claim("an interval of what is saved that misses the truth", "40 rows, 20 % less", _misses_saving)


def _outside(interval: tuple[float, float], truth: float) -> bool:
    return not interval[0] <= truth <= interval[1]


def _misses_rows(kind: str, rows: int, seed: int) -> bool:
    draw, square = ERRORS[kind]
    error = draw(np.random.default_rng(seed), rows)[:, None]
    found = bootstrap_interval(metric_named("rmse"), 0 * error, error, np.zeros(rows, dtype=int), "rows", seed=seed)
    return _outside(found, float(np.sqrt(square)))


def _misses_groups(groups: int, seed: int) -> bool:
    rng, unit = np.random.default_rng(seed), np.repeat(np.arange(groups), 10)
    error = (rng.normal(size=groups)[unit] + rng.normal(size=len(unit)))[:, None]
    found = bootstrap_interval(metric_named("rmse"), 0 * error, error, unit, "rows", seed=seed, unit=unit)
    return _outside(found, float(np.sqrt(2)))


def _misses_tasks(tasks: int, seed: int) -> bool:
    rng, task = np.random.default_rng(seed), np.repeat(np.arange(tasks), 20)
    error = np.sqrt(rng.gamma(2.0, 0.5, tasks))[task][:, None]
    found = bootstrap_interval(metric_named("mse"), 0 * error, error, task, "tasks", seed=seed)
    return _outside(found, 1.0)


def _classes(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes, and probabilities that tell them apart in most rows."""
    target = rng.integers(2, size=rows).astype(float)
    score = 1 / (1 + np.exp(-(2.4 * target - 1.2 + rng.normal(size=rows))))
    return target[:, None], np.column_stack([1 - score, score])


@cache
def _true_error(name: str) -> float:
    return metric_named(name).function(*_classes(np.random.default_rng(12345), 200_000))


def _misses_classes(name: str, rows: int, seed: int) -> bool:
    metric, truth = metric_named(name), _true_error(name)
    target, probability = _classes(np.random.default_rng(seed), rows)
    found = bootstrap_interval(metric, target, probability, np.zeros(rows, dtype=int), "rows", seed=seed)
    return _outside(found, truth)


def _misses_r2(seed: int) -> bool:
    rng = np.random.default_rng(seed)
    target = rng.normal(size=(60, 1))
    prediction = target + 0.5 * rng.normal(size=(60, 1))
    found = bootstrap_interval(metric_named("r2"), target, prediction, np.zeros(60, dtype=int), "rows", seed=seed)
    return _outside(found, 0.25)


def _saving(rows: int, ratio: float, seed: int) -> tuple[float, float]:
    """Of two models whose errors have half of their variance in common."""
    rng = np.random.default_rng(seed)
    common, mine, theirs = rng.normal(size=(3, rows, 1)) / np.sqrt(2)
    ours, other = ratio * (common + mine), common + theirs
    return bootstrap_saving(metric_named("rmse"), 0 * ours, ours, other, seed=seed)


def _saves(rows: int, ratio: float, seed: int) -> bool:
    return _outside(_saving(rows, ratio, seed), 0.0)


def _misses_saving(seed: int) -> bool:
    return _outside(_saving(40, 0.8, seed), 0.2)


def _of_rows() -> Iterator[Claim]:
    for rows, tasks in ((60, None), (200, 8)):
        truth = f"{rows} rows" if tasks is None else f"{rows} rows of {tasks} tasks, drawn as tasks"
        yield Claim("a column is important", f"{truth}, it is noise", partial(_important, rows, tasks, 0.0))
    yield Claim("a column is important", "60 rows, 0.3 of the target", partial(_important, 60, None, 0.3), False)
    yield Claim("any of 10 columns has moved", "300 rows, none has", partial(_moved, 300, 0.0))
    yield Claim("any of 10 columns has moved", "300 rows, one by 0.5", partial(_moved, 300, 0.5), False)
    yield Claim("a temperature other than 1", "150 rows, calibrated", partial(_tempered, 150, 1.0))
    yield Claim("a temperature other than 1", "300 rows, twice as bold", partial(_tempered, 300, 2.0), False)


def _important(rows: int, tasks: int | None, effect: float, seed: int) -> bool:
    """Of a model that gives the column a little weight, whatever the truth is; permuted over rows or tasks."""
    rng = np.random.default_rng(seed)
    unit = None if tasks is None else np.arange(rows) % tasks
    column = rng.normal(size=rows) if unit is None else rng.normal(size=tasks)[unit]
    target = effect * column + rng.normal(size=rows)
    weight = effect + 0.1 * rng.normal()

    def permuted() -> np.ndarray:
        if unit is None:
            return rng.permutation(column)
        of_task = np.array([column[unit == each][0] for each in range(int(tasks or 0))])
        return rng.permutation(of_task)[unit]

    after = [weight * permuted()[:, None] for _ in range(5)]
    rows_of: Any = _Rows(target[:, None])
    line = importance(metric_named("mse"), rows_of, weight * column[:, None], after, seed=seed, unit=unit)
    return bool(line["low"] > 0)


class _Rows:
    """What `importance` asks of rows."""

    weight = None

    def __init__(self, target: np.ndarray) -> None:
        self.target = target

    def __len__(self) -> int:
        return len(self.target)


def _moved(rows: int, shift: float, seed: int) -> bool:
    rng = np.random.default_rng(seed)
    counts = [_count(rng.normal(size=rows), rng.normal(shift * (place == 0), 1, rows)) for place in range(10)]
    return bool(drift(counts)["moved"].any())


def _count(there: np.ndarray, here: np.ndarray) -> Count:
    points = np.quantile(there, np.linspace(0, 1, 11))
    below = tuple(float((there <= point).mean()) for point in points)
    seen = Seen(len(there), 0, tuple(points.tolist()), below)
    column = Column("x", None, range=(float(there.min()), float(there.max())), seen=seen)
    found = Count(column, cells=len(here), below=np.array([(here <= point).sum() for point in points]))
    found.outside = int(((here < there.min()) | (here > there.max())).sum())
    return found


def _tempered(rows: int, boldness: float, seed: int) -> bool:
    rng = np.random.default_rng(seed)
    logits = 1.5 * rng.normal(size=(rows, 3))
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    target = (rng.random((rows, 1)) > chance.cumsum(axis=1)).sum(axis=1).clip(0, 2)[:, None].astype(float)
    bold = chance**boldness / (chance**boldness).sum(axis=1, keepdims=True)
    return calibrated(bold, target, None, np.arange(rows) % 5)[0] != 1.0
