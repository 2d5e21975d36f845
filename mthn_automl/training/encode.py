"""A dataset as arrays kept once, whatever the number of folds; each fold is scaled by its own training rows."""

from dataclasses import dataclass, replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.data.schema import Problem
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.losses import network_outputs
from mthn_automl.training.scaled import Scaled, scaled_counts, scaled_features, scaled_target

FEW_ROWS = 1000
"""Widths depend on the columns and never on the rows."""


@dataclass(frozen=True)
class TrainingData:
    """What networks are trained on; plain arrays, so that processes can map them without a copy.

    Attributes:
        features: (rows, encoded columns), scaled for each fold when they are taken.
        target: (rows, targets), likewise; of counts with their exposures behind them.
        metadata: (folds, tasks, d_m) float32.
        task: (rows,) int64.
        training: of each fold, indices of the rows it trains on; of some tasks there may be none.
        validation: of each fold, indices of the rows it validates on.
        encoders: of each fold.
        shape: what networks are told of these data.
        problem: what is predicted.
        counts: (rows, targets) or (rows, 1), likewise, what each target of a row counts in the loss; None: all alike.
    """

    features: Scaled
    target: Scaled
    metadata: FloatArray
    task: IntArray
    training: tuple[IntArray, ...]
    validation: tuple[IntArray, ...]
    encoders: tuple[Encoder, ...]
    shape: ProblemShape
    problem: Problem
    counts: Scaled | None = None

    def trained_tasks(self, fold: int) -> IntArray | None:
        """Those of which a fold has training rows; None where it has some of all."""
        tasks = np.flatnonzero(np.bincount(self.task[self.training[fold]], minlength=self.shape.tasks))
        return tasks if len(tasks) < self.shape.tasks else None

    def with_metadata_of(self, dataset: Dataset, flags: Flags) -> "TrainingData":
        """The same rows with the metadata of `dataset`, whose rows these are."""
        encoders = [
            replace(encoder, metadata=Encoder.metadata_of(dataset, rows, flags))
            for encoder, rows in zip(self.encoders, self.training, strict=True)
        ]
        metadata = np.stack([each.encode_metadata(dataset.tasks) for each in encoders])
        shape = replace(self.shape, metadata=encoders[0].metadata_width)
        return replace(self, encoders=tuple(encoders), metadata=metadata, shape=shape)


def encode(dataset: Dataset, fold: IntArray, flags: Flags, *, forward: bool = False) -> TrainingData:
    """Fold k validates on the rows where `fold` is k and trains on `training_rows`; -1 marks rows that always train.

    Where all rows always train there is one fold, which validates on none.
    """
    count = max(int(fold.max()) + 1, 1)
    training = tuple(training_rows(fold, number, forward=forward) for number in range(count))
    encoders = tuple(Encoder.fit(dataset.take(rows), flags) for rows in training)
    return TrainingData(
        features=scaled_features(dataset.features, [each.features for each in encoders]),
        target=scaled_target(dataset, encoders),
        metadata=np.stack([each.encode_metadata(dataset.tasks) for each in encoders]),
        task=dataset.task,
        training=training,
        validation=tuple(np.flatnonzero(fold == number) for number in range(count)),
        encoders=encoders,
        shape=_shape(dataset, encoders[0]),
        problem=dataset.schema.problem,
        counts=scaled_counts(dataset, training),
    )


def training_rows(fold: IntArray, number: int, *, forward: bool) -> IntArray:
    """Indices of the rows that a fold trains on: all others; forward: those of the folds before it."""
    return np.flatnonzero(fold < number if forward else fold != number)


def validation_share(fold: IntArray, *, forward: bool) -> float:
    """Validation rows over training rows of a fold, in the mean of the folds."""
    shares = [
        np.count_nonzero(fold == number) / len(training_rows(fold, number, forward=forward))
        for number in range(int(fold.max()) + 1)
    ]
    return float(np.mean(shares))


def problem_shape(dataset: Dataset) -> ProblemShape:
    """What networks are told of these data."""
    few = dataset.take(np.arange(min(len(dataset), FEW_ROWS)))
    return _shape(dataset, Encoder.fit(few, Flags.of(dataset)))


def _shape(dataset: Dataset, encoder: Encoder) -> ProblemShape:
    return ProblemShape.of(encoder, network_outputs(dataset.schema), len(dataset.tasks))
