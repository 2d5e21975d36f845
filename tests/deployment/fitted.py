"""A ridge regression fitted to data as they were read, as what `load_model` gives."""

from typing import Any

from mthn_automl import catalogue
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.data.ranges import with_ranges
from mthn_automl.deployment.predictor import Predictor


def ridge_of(dataset: Dataset) -> Predictor:
    """Of a problem of any kind."""
    architecture: Any = catalogue.read("ridge").load_class()
    model = architecture(architecture.Settings())
    model.fit(dataset, flags=Flags.of(dataset), seed=0)
    return Predictor("ridge", with_ranges(dataset), dataset.tasks, dataset.spare, model)
