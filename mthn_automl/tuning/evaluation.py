"""What cross-validation found of one configuration."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.models.base import Classical
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.results import TrialResult
from mthn_automl.tuning.rungs import Rung

Curve = tuple[tuple[int, tuple[float, ...]], ...]


@dataclass(frozen=True)
class Evaluation:
    """What cross-validation found of one configuration.

    Attributes:
        result: errors, size and times.
        predictions: (seeds, rows, outputs) float64, of each row by networks that have not seen it; NaN elsewhere.
        last: what it ended with, in the form of a rung, to which later trials are compared.
        models: whose mean predicts: one a fold, or a single one of all rows.
        curve: of networks, (epoch, validation loss of each member) at every check.
    """

    result: TrialResult
    predictions: FloatArray
    last: Rung
    models: Sequence[Networks | Classical]
    curve: Curve = ()

    def out_of_fold(self) -> FloatArray:
        """(rows, outputs): the mean over seeds, as each fold's model predicts."""
        return np.asarray(self.predictions.mean(axis=0))
