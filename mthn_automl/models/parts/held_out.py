"""What models whose fit stops early ask of rows: a column of labels for each sum of trees, and rows that can check."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.models.base import Classical


def labels(model: Classical, rows: Dataset) -> list[FloatArray]:
    """For each sum: a standardised target each, NaN where missing, or the position of the class among those present.

    Shape:
        rows -> a list of (rows,) float64.

    Example:
        >>> from mthn_automl.data.encoding import Flags
        >>> from mthn_automl.data.problems import cubic
        >>> from mthn_automl.data.read import read_dataset
        >>> from mthn_automl.models.ridge import Ridge, RidgeSettings
        >>> rows, model = read_dataset(cubic(tasks=2, rows=4)[0]), Ridge(RidgeSettings())
        >>> model.fit(rows, flags=Flags.of(rows), seed=0)
        >>> [label.shape for label in labels(model, rows)]
        [(8,)]
    """
    if model.classes is None:
        return list(model.encoder.encode_target(rows.target).astype(np.float64).T)
    return [model.classes.labels(rows.target).astype(np.float64)]


def checking(model: Classical, validation: Dataset | None) -> Dataset | None:
    """The rows whose classes occur in the training rows; None where there are none."""
    if validation is not None and model.classes is not None:
        validation = validation.take(np.flatnonzero(np.isin(validation.target[:, 0], model.classes.present)))
    return validation if validation is not None and len(validation) else None
