"""Networks of all rows, where those of the folds know the distant past alone: as many epochs as the last fold took."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.training.encode import TrainingData, encode
from mthn_automl.training.fit import FitResult
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.plan import Plan


def encoded_whole(dataset: Dataset, flags: Flags) -> TrainingData:
    """One fold that trains on every row and validates on none."""
    return encode(dataset, np.full(len(dataset), -1), flags)


def refitted(whole: TrainingData, plan: Plan, folds: FitResult, train: Callable[[Plan], FitResult]) -> list[Networks]:
    """The networks of each seed, trained on all rows, as one model; none where there is no time for it.

    Args:
        whole: as `encoded_whole` gives it, and as the folds took it.
        plan: of the folds.
        folds: their training, all folds of a seed after each other.
        train: trains one network a seed on `whole` by a plan.
    """
    count = len(folds.epochs) // plan.seeds
    epochs = max(1, int(np.median(folds.epochs[count - 1 :: count])))
    schedule = replace(plan.schedule, max_epochs=epochs, rungs=())
    found = train(replace(plan, schedule=schedule))
    return [] if found.stopped_by_time else [Networks(found.pack, whole.encoders[0], whole.problem)]
