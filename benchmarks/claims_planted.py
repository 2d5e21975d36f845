"""Problems with a planted truth, and what the page says of small fits on them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import numpy as np
import pandas as pd
from claims_frame import Claim
from claims_page import said
from claims_small import Array, folds_of, out_of_fold, random_features, ridge
from scipy.stats import t

from mthn_automl.analysis.ablation import ablation_table
from mthn_automl.analysis.embeddings import embedding_table, reconstruction, stability
from mthn_automl.analysis.knee import savings
from mthn_automl.analysis.tasks import tasks_table
from mthn_automl.analysis.verdict import metadata_verdict
from mthn_automl.data.dataset import TaskTable
from mthn_automl.data.schema import Problem

FOLDS: Final = 5


def claims() -> Iterator[Claim]:
    """All of this file."""
    yield from _of_metadata()
    yield from _of_tasks()
    yield from _of_embeddings()
    yield from _of_sizes()


# Metadata that generate the weights of each task, and such that are noise.


def _of_metadata() -> Iterator[Claim]:
    for seeds in (1, 3):
        noise, weights = (partial(_verdict, told, seeds) for told in (0.0, 1.0))
        truth = f"metadata are noise, {FOLDS} folds, {seeds} seeds"
        yield Claim("metadata helped", truth, partial(_says, noise, "Metadata helped"))
        yield Claim("metadata hurt", truth, partial(_says, noise, "Metadata hurt"))
        truth = f"metadata generate the weights, {FOLDS} folds, {seeds} seeds"
        yield Claim("metadata helped", truth, partial(_says, weights, "Metadata helped"), False)
        yield Claim("metadata hurt", truth, partial(_says, weights, "Metadata hurt"))
        yield Claim("metadata did not help", truth, partial(_says, weights, "did not help"))
    permuted = partial(_says, partial(_verdict, 0.0, 1), "were shown to be worse")
    yield Claim("permuted metadata are shown to be worse", "metadata are noise", permuted)


def _says(made: Any, words: str, seed: int) -> bool:
    return words in made(seed)


@cache
def _verdict(told: float, seeds: int, seed: int) -> str:
    """The section on metadata of tasks that are linear in four features, each with coefficients of its own.

    told: 1: the coefficients are linear in three numbers of the metadata, but for little noise; 0: they tell nothing.
    """
    rng = np.random.default_rng([seed, seeds])
    tasks, rows, width = 40, 6, 4
    described = rng.normal(size=(tasks, 3))
    own = rng.normal(size=(tasks, width))
    weights = told * described @ rng.normal(size=(3, width)) / np.sqrt(3) + np.sqrt(1 - 0.96 * told) * own
    task, x = np.repeat(np.arange(tasks), rows), rng.normal(size=(tasks * rows, width))
    y = (weights[task] * x).sum(axis=1) + 0.5 * rng.normal(size=len(x))
    fold = folds_of(len(y), FOLDS, rng)
    one_hot = np.eye(tasks)
    inputs = {
        "both": np.hstack([described, one_hot]),
        "metadata_only": described,
        "embedding_only": one_hot,
        "permuted": np.hstack([described[np.roll(np.arange(tasks), 1)], one_hot]),
    }
    # A seed trains on other rows of the same folds, as a network's shuffled batches and stopping do.
    draws = [rng.random(len(y)) < 0.8 for _ in range(seeds)]
    results = {name: _fold_errors(x, y, each[task], fold, draws) for name, each in inputs.items()}
    verdict = metadata_verdict(ablation_table("hypernetwork", results, 1 / (FOLDS - 1)))
    table = pd.DataFrame()
    return said("metadata", {"ablation": table}, metadata_verdict=verdict.word, metadata_sentence=verdict.sentence)


def _fold_errors(x: Array, y: Array, described: Array, fold: Array, draws: list[Array]) -> Array:
    """(folds, seeds) RMSE of coefficients that are linear in what describes a task, and a part common to all."""
    inputs = np.column_stack([np.ones(len(x)), described])
    columns = (x[:, :, None] * inputs[:, None, :]).reshape(len(x), -1)
    found = np.empty((FOLDS, len(draws)))
    for place in np.ndindex(found.shape):
        held = fold == place[0]
        seen = ~held & draws[place[1]] if len(draws) > 1 else ~held
        found[place] = np.sqrt(((y[held] - columns[held] @ ridge(columns[seen], y[seen])) ** 2).mean())
    return found


@dataclass(frozen=True)
class Shared:
    """Tasks that a model of all and models of each were fitted on.

    Attributes:
        table: that of tasks.csv.
        gain: (tasks,) what the models of the folds truly gain in squared error by sharing.
        text: what the page says of it.
    """

    table: pd.DataFrame
    gain: Array
    text: str


def _of_tasks() -> Iterator[Claim]:
    many = "19 tasks gain by sharing, one is harmed"
    yield Claim("the harmed task is named", many, _finds_harmed, False)
    yield Claim("another task is named as harmed", many, _names_another)
    yield Claim("tasks named that truly differ the other way", many, partial(_wrong_way, 0.15))
    yield Claim("sharing helps tasks like these in general", many, _helps_all, False)
    mixed, same = "tasks of which some gain and some lose", "both models are of the same use"
    yield Claim("tasks named that truly differ the other way", mixed, partial(_wrong_way, 0.6))
    yield Claim("sharing helps, or harms, in general", same, _general)
    yield Claim("any task is named", same, _names_any)


@cache
def _shared(spread: float, harmed: bool, seed: int) -> Shared:
    """Coefficients differ by `spread` between tasks; those of the harmed one are of the other sign."""
    rng = np.random.default_rng(seed)
    tasks, rows, width = 20, 20, 4
    weights = np.ones(width) + spread * rng.normal(size=(tasks, width))
    weights[0] *= -1 if harmed else 1
    task, x = np.repeat(np.arange(tasks), rows), rng.normal(size=(tasks * rows, width))
    y = (weights[task] * x).sum(axis=1) + rng.normal(size=len(x))
    fold = folds_of(len(y), FOLDS, rng)
    common = np.stack([ridge(x[fold != each], y[fold != each]) for each in range(FOLDS)])
    own = np.empty((FOLDS, tasks, width))
    for each, of in np.ndindex(FOLDS, tasks):
        own[each, of] = ridge(*_of(x, y, (fold != each) & (task == of)))
    answers = {"hypernetwork": np.broadcast_to(common[:, None], own.shape), "single_task": own}
    share = np.stack([np.bincount(fold[task == each_task], minlength=FOLDS) / rows for each_task in range(tasks)])
    excess = {name: ((each - weights) ** 2).sum(axis=2).T for name, each in answers.items()}
    gain = (share * (excess["single_task"] - excess["hypernetwork"])).sum(axis=1)
    given = {name: (each[fold, task] * x).sum(axis=1) for name, each in answers.items()}
    return _told(given, y, task, gain)


def _of(x: Array, y: Array, rows: Array) -> tuple[Array, Array]:
    return x[rows], y[rows]


def _told(given: dict[str, Array], y: Array, task: Array, gain: Array) -> Shared:
    names = [f"t{number:02}" for number in range(len(gain))]
    row = np.arange(len(y))
    parts = [
        pd.DataFrame({"row": row, "task": np.array(names)[task], "target": y, "prediction": each}).assign(
            architecture=name, role="out_of_fold"
        )
        for name, each in given.items()
    ]
    counts = dict(zip(names, np.bincount(task).tolist(), strict=True))
    table = tasks_table(pd.concat(parts), counts, answer="hypernetwork", metric="rmse", problem=Problem.REGRESSION)
    return Shared(table, gain, said("tasks", {"tasks": table}))


def _finds_harmed(seed: int) -> bool:
    return "(t00" in _shared(0.15, True, seed).text


def _names_another(seed: int) -> float:
    """The share of the tasks named as harmed that gain in truth."""
    found = _shared(0.15, True, seed)
    named = found.table["harmed"].to_numpy()
    return float((found.gain[named] > 0).mean()) if named.any() else 0.0


def _wrong_way(spread: float, seed: int) -> float:
    """The share of the tasks named, as helped or as harmed, of which the opposite is true."""
    found = _shared(spread, spread < 0.5, seed)
    helped, harmed = (found.table[name].to_numpy() for name in ("helped", "harmed"))
    wrong = (helped & (found.gain <= 0)) | (harmed & (found.gain >= 0))
    return float(wrong.sum() / max((helped | harmed).sum(), 1))


def _helps_all(seed: int) -> bool:
    return "sharing helps tasks like these in general" in _shared(0.15, True, seed).text


@cache
def _alike(seed: int) -> Shared:
    """Two models of each task that see one half of the features each: over all data neither is better."""
    rng = np.random.default_rng(seed)
    tasks, rows = 20, 25
    task, halves = np.repeat(np.arange(tasks), rows), rng.normal(size=(2, tasks * rows, 2))
    y = halves.sum(axis=(0, 2)) + rng.normal(size=len(task))
    fold = folds_of(len(y), FOLDS, rng)
    given = {}
    for name, x in zip(("hypernetwork", "single_task"), halves, strict=True):
        given[name] = np.empty(len(y))
        for each in range(tasks):
            own = task == each
            given[name][own] = out_of_fold(x[own], y[own], fold[own])
    return _told(given, y, task, np.zeros(tasks))


def _general(seed: int) -> bool:
    text = _alike(seed).text
    return "sharing helps tasks" in text or "sharing harms tasks" in text


def _names_any(seed: int) -> bool:
    return bool(_alike(seed).table[["helped", "harmed"]].any(axis=None))


# A circle of tasks.


@dataclass(frozen=True)
class Round:
    """What embeddings of some tasks are told to mean."""

    near: float
    text: str


def _of_embeddings() -> Iterator[Claim]:
    circle = "24 tasks lie on a circle"
    yield Claim("neighbours on the circle are the nearest tasks", circle, _neighbours, False)
    yield Claim("networks agree", circle, partial(_words, True, 24, r"the description is stable\."), False)
    yield Claim("north and east can be told from embeddings", circle, _north_and_east, False)
    yield Claim("a column of noise can be told from embeddings", circle, _noise_is_told)
    for tasks in (8, 24):
        truth = f"{tasks} tasks, embeddings of noise"
        yield Claim("networks agree", truth, partial(_words, False, tasks, r"is stable\.|that little is shown\."))
        yield Claim("any of 12 columns can be told", truth, partial(_words, False, tasks, "can be told better than"))


@cache
def _round(planted: bool, tasks: int, seed: int) -> Round:
    """Embeddings that five networks found: of coefficients that were fitted to each task's rows, turned at random."""
    rng = np.random.default_rng([seed, tasks])
    angle = 2 * np.pi * np.arange(tasks) / tasks
    circle = np.column_stack([np.cos(angle), np.sin(angle)])
    x = rng.normal(size=(tasks, 30, 2))
    y = (circle[:, None] * x).sum(axis=2) + 0.5 * rng.normal(size=(tasks, 30))
    fold = folds_of(30, FOLDS, rng)
    found = []
    for each in range(FOLDS):
        seen = fold != each
        coefficients = np.stack([ridge(x[task][seen], y[task][seen]) for task in range(tasks)])
        embedding = np.hstack([coefficients, 0.1 * rng.normal(size=(tasks, 2))])
        found.append((embedding if planted else rng.normal(size=(tasks, 4))) @ _turn(4, rng))
    columns = {"north": circle[:, 1], "east": circle[:, 0]} if planted else {}
    columns |= {f"noise {number}": rng.normal(size=tasks) for number in range(12 - len(columns))}
    names = tuple(f"t{number:02}" for number in range(tasks))
    return _meaning(np.stack(found), names, columns, seed)


def _turn(width: int, rng: np.random.Generator) -> Array:
    turn, _ = np.linalg.qr(rng.normal(size=(width, width)))
    return np.asarray(turn)


def _meaning(embeddings: Array, names: tuple[str, ...], columns: dict[str, Array], seed: int) -> Round:
    table = embedding_table(embeddings, TaskTable(names, None), ())
    alike = stability(embeddings, seed=seed)
    summary = {
        "networks": alike.networks,
        "size": embeddings.shape[2],
        "alike": alike.alike,
        "alike_by_chance": alike.by_chance,
        "alike_p_value": alike.p_value,
        "told_metadata": False,
    }
    tables = {"embeddings": table, "reconstruction": reconstruction(embeddings, columns, seed=seed)}
    beside = [{names[(place + step) % len(names)] for step in (-1, 1)} for place in range(len(names))]
    nearest = [set(each.split(", ")) for each in table["nearest"]]
    near = np.mean([len(one & other) / 2 for one, other in zip(beside, nearest, strict=True)])
    return Round(float(near), said("embeddings", tables, embeddings=summary))


def _neighbours(seed: int) -> bool:
    return _round(True, 24, seed).near >= 0.75


def _words(planted: bool, tasks: int, words: str, seed: int) -> bool:
    return re.search(words, _round(planted, tasks, seed).text) is not None


def _north_and_east(seed: int) -> bool:
    text = _round(True, 24, seed).text
    return "north (R²" in text and "east (R²" in text


def _noise_is_told(seed: int) -> bool:
    return any(f"noise {number} (R²" in _round(True, 24, seed).text for number in range(10))


# A network that is larger than it need be, and one that is not.


def _of_sizes() -> Iterator[Claim]:
    large = "a linear target, 7 sizes of networks"
    yield Claim("the answer is small, or a small model is enough", large, _recommends, False)
    yield Claim("no much smaller model is within one standard error", large, _none)
    for wiggly, truth in ((False, large), (True, "a target that needs size")):
        made = partial(_costs_more, wiggly)
        yield Claim("a smaller model costs truly more than is said and the standard error allows", truth, made)
        made, why = partial(_recommends_worse, wiggly), "one standard error is that much here"
        yield Claim("a model within one standard error is truly 10 % worse", truth, made, stated=why)


@dataclass(frozen=True)
class Sizes:
    """Networks of several sizes.

    Attributes:
        front: that of tradeoff.csv.
        true: error on a thousand new rows, by parameters.
        error, standard_error: of the best by cross-validation.
        parameters: of it.
        text: what the page says of it.
    """

    front: pd.DataFrame
    true: dict[int, float]
    error: float
    standard_error: float
    parameters: int
    text: str


WIDTHS: Final = (4, 8, 16, 32, 64, 128, 256)
SMALL: Final = 32
"""Parameters that are enough for the linear target, and more."""


@cache
def _sizes(wiggly: bool, seed: int) -> Sizes:
    rng = np.random.default_rng(seed)
    rows, asked = 300, 1_000
    x = rng.uniform(-2, 2, size=(rows + asked, 2))
    signal = np.sin(4 * x[:, 0]) * np.cos(4 * x[:, 1]) if wiggly else x[:, 0] - 0.5 * x[:, 1]
    y = signal + 0.2 * rng.normal(size=len(x))
    fold = folds_of(rows, FOLDS, rng)
    lines, true = [], {}
    for place, width in enumerate(WIDTHS):
        hidden = _features(x, width, wiggly, rng)
        left = y[:rows] - out_of_fold(hidden[:rows], y[:rows], fold, 0.1)
        errors = [np.sqrt((left[fold == each] ** 2).mean()) for each in range(FOLDS)]
        true[width] = float(np.sqrt(((y[rows:] - hidden[rows:] @ ridge(hidden[:rows], y[:rows], 0.1)) ** 2).mean()))
        se = float(np.std(errors, ddof=1) / np.sqrt(FOLDS))
        lines.append({"architecture": "hypernetwork", "trial": place, "cv_error": np.mean(errors), "se": se})
    table = pd.DataFrame(lines).assign(parameters=list(WIDTHS), within_limits=True, stopped_by_time=False)
    table["on_front"] = table["cv_error"] < table["cv_error"].shift(fill_value=np.inf).cummin()
    best = table.loc[table["cv_error"].idxmin()]
    error, se, parameters = float(best["cv_error"]), float(best["se"]), int(best["parameters"])
    summary = {"architecture": "hypernetwork", "cv_error": error, "cv_error_se": se, "parameters": parameters}
    nothing = {"test_error": None, "test_low": None, "test_high": None}
    board = pd.DataFrame({"rank": [1], "architecture": "hypernetwork", "cv_error": error})
    text = said("answer", {"tradeoff": table, "leaderboard": board}, best={**summary, **nothing})
    return Sizes(table, true, error, se, parameters, text)


def _features(x: Array, width: int, wiggly: bool, rng: np.random.Generator) -> Array:
    """Of a hidden layer; the linear target has its features in every size, as a network of straight units would."""
    hidden = random_features(1.5 * x if wiggly else x, width - 1 - (0 if wiggly else 2), rng)
    return hidden if wiggly else np.hstack([hidden, x])


def _named(found: Sizes) -> int:
    """Parameters of the model that the page calls enough; of the answer where it names none."""
    match = re.search(r"the smallest within that is \S+: ([\d,]+) parameter", found.text)
    return int(match[1].replace(",", "")) if match else found.parameters


def _recommends(seed: int) -> bool:
    return _named(_sizes(False, seed)) <= SMALL


def _recommends_worse(wiggly: bool, seed: int) -> bool:
    found = _sizes(wiggly, seed)
    return found.true[_named(found)] > 1.1 * found.true[found.parameters]


def _none(seed: int) -> bool:
    found = _sizes(False, seed)
    return "no model that is much smaller" in found.text and found.parameters > SMALL


def _costs_more(wiggly: bool, seed: int) -> bool:
    """Whether any smaller model that the page tells of costs more, beyond Student's 95 % of so few folds."""
    found = _sizes(wiggly, seed)
    told = {each.parameters: each.more_error for each in savings(found.front, found.error, found.parameters)}
    assert all(f", {each:,})" in found.text for each in told)
    named = _named(found)
    told.setdefault(named, float(found.front.set_index("parameters").loc[named, "cv_error"]) / found.error - 1)
    true = {each: found.true[each] / found.true[found.parameters] - 1 for each in told}
    reach = float(t.ppf(0.975, FOLDS - 1)) * found.standard_error / found.error
    return any(true[each] - told[each] > reach for each in told)
