"""Everything a model knows of the training rows' scales: features, metadata and targets together."""

from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.preprocess import Preprocessor, missing_columns, most_one_hot
from mthn_automl.data.scaling import Scaling, moments
from mthn_automl.data.schema import Problem

LAYER = 32
"""Weights that a column has in a network of usual width; many networks have one a task."""


@dataclass(frozen=True)
class Flags:
    """Which columns are encoded in which way; decided once of all non-test rows, so that folds agree.

    Attributes:
        features: whether a numeric feature gets a missing indicator.
        metadata: whether a numeric column of metadata does.
        wide: whether a categorical feature has too many categories to get a column each.
    """

    features: tuple[bool, ...]
    metadata: tuple[bool, ...]
    wide: tuple[bool, ...]

    @classmethod
    def of(cls, dataset: Dataset) -> "Flags":
        metadata = dataset.tasks.metadata
        sizes = [len(each.categories) for each in dataset.schema.features if each.categories is not None]
        most = most_one_hot(sizes, len(dataset) + LAYER * len(dataset.tasks))
        return cls(
            missing_columns(dataset.features),
            () if metadata is None else missing_columns(metadata),
            tuple(size > most for size in sizes),
        )


@dataclass(frozen=True)
class Encoder:
    """Fitted on training rows only.

    Attributes:
        features: of the rows.
        metadata: of the tasks; None where the data have none.
        target: (targets,) of regression; of classes, whose index stays as it is, 0 and 1.
    """

    features: Preprocessor
    metadata: Preprocessor | None
    target: Scaling

    @classmethod
    def fit(cls, training: Dataset, flags: Flags) -> "Encoder":
        """Scales of the rows of `training`; metadata scales count each of its tasks once."""
        schema = training.schema
        targets = training.target.shape[1]
        regression = schema.problem is Problem.REGRESSION
        mean, scale = moments(training.target) if regression else (np.zeros(targets), np.ones(targets))
        features = Preprocessor.fit(schema.features, training.features, flags.features, flags.wide)
        metadata = cls.metadata_of(training, np.arange(len(training)), flags)
        return cls(features, metadata, Scaling.of(mean, scale))

    @staticmethod
    def metadata_of(dataset: Dataset, training: IntArray, flags: Flags) -> Preprocessor | None:
        """Scales of the metadata of the tasks in the given rows, each counted once; None where there are none."""
        if dataset.tasks.metadata is None:
            return None
        present = dataset.tasks.metadata.take(np.unique(dataset.task[training]))
        return Preprocessor.fit(dataset.schema.metadata, present, flags.metadata)

    @property
    def feature_width(self) -> int:
        return max(self.features.width, 1)

    @property
    def narrow_width(self) -> int:
        """Columns of the features without the wide ones, which are the last."""
        return self.features.narrow if self.features.width else 1

    @property
    def metadata_width(self) -> int:
        return 0 if self.metadata is None else self.metadata.width

    def encode_features(self, table: Table) -> FloatArray:
        """(rows, feature_width) float32; a constant where the data have no feature at all."""
        if self.features.width == 0:
            return np.ones((len(table), 1), dtype=np.float32)
        return self.features.transform(table)

    def encode_metadata(self, tasks: TaskTable) -> FloatArray:
        """(tasks, metadata_width) float32."""
        if self.metadata is None or tasks.metadata is None:
            return np.zeros((len(tasks), self.metadata_width), dtype=np.float32)
        return self.metadata.transform(tasks.metadata)

    def encode_target(self, target: FloatArray) -> FloatArray:
        """(rows, targets) float32: standardised, or class indices as they are."""
        return self.target.standardised(target).astype(np.float32)

    def decode_target(self, scaled: FloatArray) -> FloatArray:
        """Back to the target's own scale; (..., targets) float64."""
        return self.target.undone(scaled)
