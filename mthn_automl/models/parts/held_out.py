"""What models whose fit stops early ask of rows: a column of labels for each sum of trees, and rows that can check."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.models.base import Classical
from mthn_automl.models.parts.counts import Counts


def labels(model: Classical, rows: Dataset) -> list[FloatArray]:
    """For each sum: a standardised target each, a rate, or the position of the class among those present.

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
    counts = Counts.asked(rows, model.encoder)
    if counts is not None:
        return [counts.rate]
    if model.classes is None:
        return list(model.encoder.encode_target(rows.target).astype(np.float64).T)
    return [model.classes.labels(rows.target).astype(np.float64)]


def weights(model: Classical, rows: Dataset) -> FloatArray | None:
    """(rows,) of counts, their exposures; None where every row counts alike."""
    counts = Counts.asked(rows, model.encoder)
    return None if counts is None else counts.weight


def checking(model: Classical, validation: Dataset | None) -> Dataset | None:
    """The rows whose classes occur in the training rows; None where there are none."""
    if validation is not None and model.classes is not None:
        validation = validation.take(np.flatnonzero(np.isin(validation.target[:, 0], model.classes.present)))
    return validation if validation is not None and len(validation) else None
