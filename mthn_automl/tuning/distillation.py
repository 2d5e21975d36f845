"""A student: one network that learns to predict as a teacher does, from its predictions and from what is true.

Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import optuna
from optuna.trial import TrialState

from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset, Keys
from mthn_automl.data.encoding import Flags
from mthn_automl.training.between import between
from mthn_automl.training.encode import encode
from mthn_automl.training.fit import drained
from mthn_automl.training.members import Member
from mthn_automl.training.networks import Networks
from mthn_automl.training.squash import squashed
from mthn_automl.tuning.guard import Guard
from mthn_automl.tuning.objective import Configuration, train_in_steps
from mthn_automl.tuning.plan import Plan, schedule_of
from mthn_automl.tuning.seeds import derive_seed
from mthn_automl.tuning.space import SearchSpace

Teacher = Callable[[Dataset], FloatArray]
"""(rows, outputs) that it predicts."""

DRAWS, FEWEST_DRAWS, MOST_DRAWS = 4, 1_000, 20_000
"""Times the rows, and numbers, of the rows that are drawn between them; a quarter as many again end the training."""

TOLD, DRAWN = (0.5, 1.0, 0.0), (1.0, 0.3, 3.0)
"""Choices of `Recipe`, the usual one first."""

LEAST_PROBABILITY, MOST_CLASSES = 0.005, 200
"""A class below it is left out of a row's soft target; where all classes are, so many of the likeliest are not."""

MOST_REFUSED = 200
"""Recipes in turn that would break the limits before no more are asked for."""


@dataclass(frozen=True)
class Recipe:
    """How a student is made.

    Attributes:
        settings: of the architecture.
        training: settings of its training.
        told: the teacher's share in the targets of rows whose own are known; the rest is what is true.
        drawn: what the rows that are drawn count together, in units of the others.
    """

    settings: Mapping[str, Any]
    training: Mapping[str, Any]
    told: float
    drawn: float


@dataclass(frozen=True)
class Lesson:
    """What a student learns from.

    Attributes:
        rows: with their targets.
        taught: (rows, outputs) the teacher's predictions of them.
        draws: rows between them.
        taught_draws: the teacher's predictions of these.
        held: others, by which the training is stopped.
        taught_held: likewise.
        flags: how columns are encoded.
    """

    rows: Dataset
    taught: FloatArray
    draws: Dataset
    taught_draws: FloatArray
    held: Dataset
    taught_held: FloatArray
    flags: Flags

    @classmethod
    def of(cls, rows: Dataset, taught: FloatArray, teacher: Teacher, flags: Flags, seed: int) -> "Lesson":
        """taught: (rows, outputs)."""
        count = min(max(DRAWS * len(rows), FEWEST_DRAWS), MOST_DRAWS)
        draws = between(rows, count, derive_seed(seed, "draws"))
        held = between(rows, max(count // 4, 1), derive_seed(seed, "held"))
        return cls(rows, taught, draws, teacher(draws), held, teacher(held), flags)


def student(file: SpaceFile, recipe: Recipe, lesson: Lesson, seed: int) -> Networks:
    """Train one network of the architecture.

    Raises:
        TooLargeError: it has more numbers than can be trained. DivergedError: a loss is not finite.
    """
    weight = np.ones(len(lesson.rows)) if lesson.rows.weight is None else lesson.rows.weight
    of_draws = np.full(len(lesson.draws), recipe.drawn * weight.sum() / len(lesson.draws))
    parts = [
        soft(lesson.rows, mixed(lesson.rows, lesson.taught, recipe.told), weight),
        soft(lesson.draws, lesson.taught_draws, of_draws),
        soft(lesson.held, lesson.taught_held, np.ones(len(lesson.held))),
    ]
    rows = _joined(parts)
    trained = len(parts[0]) + len(parts[1])
    data = encode(rows, np.where(np.arange(len(rows)) < trained, -1, 0), lesson.flags)
    configuration = Configuration(file, dict(recipe.settings), dict(recipe.training), seed)
    data = squashed(data) if configuration.training_settings.squash else data
    plan = Plan(1, 1, schedule_of(trained))
    fitted = drained(train_in_steps(configuration, data, [Member(0, seed)], plan, None))
    return Networks(fitted.pack, data.encoders[0], data.problem, data.trained_tasks(0))


def mixed(rows: Dataset, taught: FloatArray, told: float) -> FloatArray:
    """(rows, outputs) the teacher's and the true targets, mixed; a missing target is the teacher's."""
    true = rows.target
    if rows.schema.classes:
        true = np.eye(len(rows.schema.classes))[rows.target[:, 0].astype(np.int64)]
    return np.where(np.isnan(true), taught, told * taught + (1.0 - told) * true)


def soft(rows: Dataset, target: FloatArray, weight: FloatArray) -> Dataset:
    """The rows with soft targets.

    A row of probabilities becomes one of each class, weighted by its probability: that is the cross-entropy.

    Args:
        target: (rows, targets), or (rows, classes) of probabilities.
        weight: (rows,).
    """
    if not rows.schema.classes:
        return replace(rows, target=target, weight=weight, keys=Keys(), group=None, id=None)
    least = np.full((len(target), 1), LEAST_PROBABILITY)
    flat = np.flatnonzero(target.max(axis=1, initial=0.0) < LEAST_PROBABILITY)
    if len(flat):
        least[flat, 0] = np.partition(target[flat], -MOST_CLASSES, axis=1)[:, -MOST_CLASSES]
    share = np.where(target < least, 0.0, target)
    share /= share.sum(axis=1, keepdims=True)
    places, classes = np.nonzero(share)
    copies = replace(rows, keys=Keys(), group=None, id=None, weight=None).take(places)
    return replace(copies, target=classes[:, None].astype(np.float64), weight=weight[places] * share[places, classes])


def _joined(parts: Sequence[Dataset]) -> Dataset:
    """One after the other, with their weights."""
    first = parts[0]
    table = first.features
    for each in parts[1:]:
        table = table.joined(each.features)
    exposed = first.exposure is not None
    return replace(
        first,
        features=table,
        task=np.concatenate([each.task for each in parts]),
        target=np.concatenate([each.target for each in parts]),
        row=np.arange(len(table)),
        weight=np.concatenate([each.weight for each in parts if each.weight is not None]),
        exposure=np.concatenate([each.exposures for each in parts]) if exposed else None,
    )


class Recipes:
    """Recipes in turn: given settings first, each with the usual shares, then those that Optuna's TPE suggests.

    Those which the guard refuses are passed over, and it learns of them.
    """

    def __init__(
        self, file: SpaceFile, space: SearchSpace, starts: Sequence[Mapping[str, Any]], guard: Guard, seed: int
    ) -> None:
        self._file, self._space, self._guard = file, space, guard
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._study = optuna.create_study(sampler=optuna.samplers.TPESampler(n_startup_trials=4, seed=seed))
        for start in starts:
            self._study.enqueue_trial({**start, "told": TOLD[0], "drawn": DRAWN[0]})

    def __iter__(self) -> Iterator[tuple[optuna.Trial, Recipe]]:
        refused = 0
        while refused < MOST_REFUSED:
            trial = self._study.ask()
            settings, training = self._space.split(self._space.suggest(trial))
            told, drawn = trial.suggest_categorical("told", TOLD), trial.suggest_categorical("drawn", DRAWN)
            if self._guard.refusal(self._file, settings) is not None:
                self.failed(trial)
                refused += 1
                continue
            refused = 0
            yield trial, Recipe(settings, training, float(told), float(drawn))

    def told(self, trial: optuna.Trial, error: float) -> None:
        self._study.tell(trial, error)

    def failed(self, trial: optuna.Trial) -> None:
        self._study.tell(trial, state=TrialState.FAIL)
