"""After the search: the best hypernetwork again, with one kind of task input after another."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.models.base import Classical
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.objective import Configuration, Objective, SearchData
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.results import TrialResult

EMBEDDING_ONLY = "embedding_only"
VARIANTS = ("both", "metadata_only", EMBEDDING_ONLY, "permuted")
_TASK_INPUT = {"both": "both", "metadata_only": "metadata", EMBEDDING_ONLY: "embedding", "permuted": "both"}


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

    def __call__(self, objective: Objective) -> "Ablated":
        settings: dict[str, Any] = {**self.configuration.settings, "task_input": _TASK_INPUT[self.variant]}
        if self.variant == EMBEDDING_ONLY:
            settings["embedding_start"] = "distinct"
        if self.variant == "metadata_only" and settings.get("task_bias"):
            settings["task_bias"] = False
        evaluate = objective.variant(self.plan, self._order(objective.data))
        found = evaluate(replace(self.configuration, settings=settings), _deadline(self.seconds))
        return Ablated(found.result, embeddings_of(found.models))

    def _order(self, data: SearchData) -> list[int] | None:
        return permutation(len(data.dataset.tasks), self.configuration.seed) if self.variant == "permuted" else None


@dataclass(frozen=True)
class Ablated:
    """What a variant came to.

    Attributes:
        result: as of a trial.
        embeddings: (networks, tasks, d_e), of those trained on every task; None where tasks have none.
    """

    result: TrialResult
    embeddings: FloatArray | None


def embeddings_of(models: Sequence[Networks | Classical]) -> FloatArray | None:
    """Of all networks that were trained on every task, (networks, tasks, d_e); None where there are none."""
    networks = [each for each in models if isinstance(each, Networks) and each.trained is None]
    found = [each.embeddings for each in networks]
    known = [each for each in found if each is not None]
    return np.concatenate(known) if known else None


def _deadline(seconds: float | None) -> float | None:
    return None if seconds is None else time.time() + seconds


def permutation(tasks: int, seed: int) -> list[int]:
    """A random order in which no task keeps its place, where there are at least two."""
    cycle = np.random.default_rng(seed).permutation(tasks)
    order = np.empty(tasks, dtype=np.int64)
    order[cycle] = np.roll(cycle, 1)
    return [int(each) for each in order]
