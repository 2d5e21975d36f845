"""After the search: refits of the best configurations on all rows that are not test rows, and ablation fits."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.models.base import Classical, Size
from mthn_automl.training.fit import drained
from mthn_automl.training.members import Member
from mthn_automl.training.networks import Networks
from mthn_automl.training.squash import squashed
from mthn_automl.training.tensors import DeviceData
from mthn_automl.tuning.objective import Configuration, Objective, SearchData, fit_classical, train_in_steps
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.seeds import derive_seed

Model = Networks | Classical
MOST_GRACE = 10.0


@dataclass(frozen=True)
class Refitted:
    """A model of all rows that are not test rows.

    Attributes:
        architecture: its name.
        model: fitted.
        seconds: wall time of its fit.
        stopped_by_time: whether a deadline ended the training.
        notes: sentences about the fit, for the user.
    """

    architecture: str
    model: Model
    seconds: float
    stopped_by_time: bool
    notes: tuple[str, ...]

    def predict(self, rows: Dataset) -> FloatArray:
        return self.model.predict(rows)

    def size(self) -> Size:
        return self.model.size()


@dataclass(frozen=True)
class Refit:
    """A job: fit one architecture's best configuration on everything, for as long as cross-validation found best.

    Attributes:
        configuration: what is fitted.
        best_epochs: (folds, seeds) of its trial.
        seeds: networks, whose mean predicts.
        deadline: seconds since the epoch at which the weights so far are returned, marked; None: no limit.
        expected: seconds that it is likely to take. Whatever the deadline says, it may take twice as long, up to
            MOST_GRACE: a model that is no model helps nobody.
    """

    configuration: Configuration
    best_epochs: tuple[tuple[int, ...], ...]
    seeds: int
    deadline: float | None
    expected: float = 0.0

    def __call__(self, objective: Objective) -> Refitted:
        self.configuration.file.load_class()  # an import is no part of a fit's time
        started = time.perf_counter()
        if not self.configuration.neural:
            rounds = stopping_epoch(self.best_epochs) if self.best_epochs else None
            model = fit_classical(self.configuration, objective.data.dataset, objective.flags, rounds)
            seconds = time.perf_counter() - started
            return Refitted(self.configuration.file.name, model, seconds, False, model.notes())
        data = objective.encoded().whole
        if self.configuration.training_settings.squash:
            data = squashed(data)
        members = [Member(0, derive_seed(self.configuration.seed, "refit", index)) for index in range(self.seeds)]
        plan = _for_epochs(objective.plan, stopping_epoch(self.best_epochs))
        placed = DeviceData.of(data, objective.device)
        fitted = drained(train_in_steps(self.configuration, data, members, plan, self._latest(), placed))
        networks = Networks(fitted.pack, data.encoders[0], data.problem)
        seconds = time.perf_counter() - started
        return Refitted(self.configuration.file.name, networks, seconds, fitted.stopped_by_time, ())

    def _latest(self) -> float | None:
        if self.deadline is None:
            return None
        return max(self.deadline, time.time() + min(2 * self.expected, MOST_GRACE))


def stopping_epoch(best_epochs: Sequence[Sequence[int]]) -> int:
    """The median over folds and seeds of the epochs at the best weights."""
    return max(1, round(float(np.median(np.array(best_epochs)))))


def _for_epochs(plan: Plan, epochs: int) -> Plan:
    return replace(plan, schedule=replace(plan.schedule, max_epochs=epochs, check_every=epochs, rungs=()))


def _deadline(seconds: float | None) -> float | None:
    return None if seconds is None else time.time() + seconds


VARIANTS = ("both", "metadata_only", "embedding_only", "permuted")
_TASK_INPUT = {"both": "both", "metadata_only": "metadata", "embedding_only": "embedding", "permuted": "both"}


@dataclass(frozen=True)
class AblationFit:
    """A job: cross-validate the hypernetwork with one kind of task input, all else as it was tuned.

    All variants train from the same seeds in the same folds. Without metadata, embeddings start distinct: equal
    ones can stay on a plateau (measured), which would flatter the metadata. With metadata only, no task has a bias.

    Attributes:
        variant: one of VARIANTS.
        configuration: as it was tuned.
        plan: folds, seeds and schedule.
        seconds: that it may take; None: no limit.
    """

    variant: str
    configuration: Configuration
    plan: Plan
    seconds: float | None

    def __call__(self, objective: Objective) -> TrialResult:
        settings: dict[str, Any] = {**self.configuration.settings, "task_input": _TASK_INPUT[self.variant]}
        if self.variant == "embedding_only":
            settings["embedding_start"] = "distinct"
        if self.variant == "metadata_only" and settings.get("task_bias"):
            settings["task_bias"] = False
        evaluate = objective.variant(self.plan, self._order(objective.data))
        return evaluate(replace(self.configuration, settings=settings), _deadline(self.seconds)).result

    def _order(self, data: SearchData) -> list[int] | None:
        return permutation(len(data.dataset.tasks), self.configuration.seed) if self.variant == "permuted" else None


def permutation(tasks: int, seed: int) -> list[int]:
    """A random order in which no task keeps its place, where there are at least two."""
    cycle = np.random.default_rng(seed).permutation(tasks)
    order = np.empty(tasks, dtype=np.int64)
    order[cycle] = np.roll(cycle, 1)
    return [int(each) for each in order]
