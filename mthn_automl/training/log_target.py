"""Training data whose targets are learnt as logarithms; the features are the same arrays."""

from dataclasses import replace

from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Encoder, Flags
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.scaled import scaled_target


def with_log_target(data: TrainingData, dataset: Dataset, flags: Flags) -> TrainingData:
    """The same rows, those of `dataset`, with targets as `flags` say."""
    pairs = zip(data.encoders, data.training, strict=True)
    encoders = tuple(_with_target_of(encoder, dataset.take(rows), flags) for encoder, rows in pairs)
    return replace(data, target=scaled_target(dataset, encoders), encoders=encoders)


def _with_target_of(encoder: Encoder, training: Dataset, flags: Flags) -> Encoder:
    found = Encoder.fit(training, flags)
    return replace(encoder, target=found.target, logarithm=found.logarithm)
