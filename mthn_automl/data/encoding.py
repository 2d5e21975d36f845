"""Everything a model knows of the training rows' scales: features, metadata and targets together."""

from dataclasses import dataclass, replace

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import Dataset, Table, TaskTable
from mthn_automl.data.kind import Kind
from mthn_automl.data.logarithm import Logarithm
from mthn_automl.data.preprocess import Preprocessor, missing_columns, most_one_hot
from mthn_automl.data.scaling import Scaling

LAYER = 32
"""Weights that a column has in a network of usual width; many networks have one a task."""


@dataclass(frozen=True)
class Flags:
    """Which columns are encoded in which way, decided once of all non-test rows, so that folds agree; and how targets
    are learnt.

    Attributes:
        features: whether a numeric feature gets a missing indicator.
        metadata: whether a numeric column of metadata does.
        wide: whether a categorical feature has too many categories to get a column each.
        added: to targets whose logarithm is learnt; None: they are learnt as they are.
    """

    features: tuple[bool, ...]
    metadata: tuple[bool, ...]
    wide: tuple[bool, ...]
    added: float | None = None

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
        logarithm: of the targets, where that is learnt.
        target: (targets,) as the kind of problem has it: of classes, whose index stays as it is, 0 and 1.
    """

    features: Preprocessor
    metadata: Preprocessor | None
    target: Scaling
    logarithm: Logarithm | None = None

    @classmethod
    def fit(cls, training: Dataset, flags: Flags) -> "Encoder":
        """Scales of the rows of `training`, as they are weighted; metadata scales count each of its tasks once."""
        schema = training.schema
        features = Preprocessor.fit(
            schema.features, training.features, flags.features, weight=training.weight, wide=flags.wide
        )
        metadata = cls.metadata_of(training, np.arange(len(training)), flags)
        logarithm = None if flags.added is None else Logarithm.of(training.target, flags.added)
        if logarithm is not None:
            training = replace(training, target=logarithm.taken(training.target))
        return cls(features, metadata, schema.kind.scaling(training), logarithm)

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
        if self.logarithm is not None:
            target = self.logarithm.taken(target)
        return self.target.standardised(target).astype(np.float32)

    def prediction(self, kind: Kind, output: FloatArray) -> FloatArray:
        """From what a model writes to the target's own scale, at an exposure of 1, or to probabilities of classes.

        Shape:
            (..., outputs) -> (..., targets or classes) float64.
        """
        found = kind.prediction(output, self.target)
        return found if self.logarithm is None else self.logarithm.undone(found)
