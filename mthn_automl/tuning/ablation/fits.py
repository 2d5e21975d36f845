"""Fits of an ablation: an architecture again, with one kind of task input after another."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.errors import OutOfTimeError
from mthn_automl.models.base import Classical
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.ablation.variants import dataset_of
from mthn_automl.tuning.objective import Configuration, Objective
from mthn_automl.tuning.plan import Plan
from mthn_automl.tuning.results import TrialResult


@dataclass(frozen=True)
class Ablated:
    """What a variant came to.

    Attributes:
        result: as of a trial.
        embeddings: (networks, tasks, d_e), of those trained on every task; None where tasks have none.
    """

    result: TrialResult
    embeddings: FloatArray | None


@dataclass(frozen=True)
class AblationFit:
    """A job: cross-validate a configuration on the metadata of a variant.

    All variants of an architecture train from the same seeds in the same folds.

    Attributes:
        variant: as `dataset_of` takes it.
        configuration: with settings that look at what the variant is about.
        plan: folds, seeds and schedule.
        seconds: that it may take, and then ends with the best so far; None: no limit.
        fold: (rows,) in place of that of the search; None: that one.
        foreseen: seconds that it will take.
        ends: when it must be over, in seconds since the epoch; where that cannot be, it is not begun. None: no limit.
    """

    variant: str
    configuration: Configuration
    plan: Plan
    seconds: float | None = None
    fold: IntArray | None = None
    foreseen: float = 0.0
    ends: float | None = None

    def __call__(self, objective: Objective) -> Ablated | None:
        """None: it was left out for lack of time."""
        if self.ends is not None and time.time() + self.foreseen > self.ends:
            return None
        dataset = dataset_of(objective.data.dataset, self.variant, self.configuration.seed)
        evaluate = objective.variant(self.plan, dataset, self.fold)
        try:
            found = evaluate(self.configuration, self._deadline())
        except OutOfTimeError:
            return None
        if self.ends is not None and found.result.stopped_by_time:
            return None  # it is compared with variants that had all the time that they needed
        return Ablated(found.result, embeddings_of(found.models))

    def _deadline(self) -> float | None:
        limits = [self.ends, None if self.seconds is None else time.time() + self.seconds]
        return min((each for each in limits if each is not None), default=None)


def embeddings_of(models: Sequence[Networks | Classical]) -> FloatArray | None:
    """Of all networks that were trained on every task, (networks, tasks, d_e); None where there are none."""
    networks = [each for each in models if isinstance(each, Networks) and each.trained is None]
    found = [each.embeddings for each in networks]
    known = [each for each in found if each is not None]
    return np.concatenate(known) if known else None
