"""Features scaled by what outliers do not move, and drawn in: the robust squash.

Source: Holzmueller, Grinsztajn, Steinwart: Better by Default (RealMLP), NeurIPS 2024, "robust scale and smooth clip".
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mthn_automl.data.dataset import FloatArray, IntArray
from mthn_automl.data.preprocess import Preprocessor
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.scaled import SAMPLE, Scaled

NORMAL_QUARTILES = 1.349
"""Quartiles of a normal distribution lie as many standard deviations apart."""


def squashed(data: TrainingData) -> TrainingData:
    """The same rows, whose numbers each fold scales by its own median and quartiles and squashes; nothing is copied."""
    numbers = len(data.encoders[0].features.mean)
    if numbers == 0:
        return data
    found = [_robust(data.features.values[:, :numbers], rows) for rows in data.training]
    encoders = [
        replace(encoder, features=_preprocessor(encoder.features, data.features, *each))
        for encoder, each in zip(data.encoders, found, strict=True)
    ]
    return replace(data, features=_scaled(data.features, found), encoders=tuple(encoders))


def _robust(values: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
    """Median and spread of each column over its known values in (a sample of) the given rows, as they are stored."""
    sample = values[rows[:: max(1, len(rows) // SAMPLE)]].astype(np.float64)
    middle, spread = np.zeros(values.shape[1]), np.ones(values.shape[1])
    for column, own in enumerate(sample.T):
        known = own[~np.isnan(own)]
        if len(known):
            low, middle[column], high = np.quantile(known, (0.25, 0.5, 0.75))
            width = (high - low) / NORMAL_QUARTILES
            spread[column] = next((each for each in (width, known.std()) if each > 1e-12), 1.0)
    return middle, spread


def _preprocessor(plain: Preprocessor, stored: Scaled, middle: FloatArray, spread: FloatArray) -> Preprocessor:
    """On the columns' own scale."""
    if stored.middle is None or stored.spread is None:
        raise ValueError("What the numbers are stored relative to must be known before they can be squashed.")
    mean, scale = stored.middle + stored.spread * middle, stored.spread * spread
    return replace(plain, mean=tuple(mean.tolist()), scale=tuple(scale.tolist()), squashed=True)


def _scaled(stored: Scaled, found: Sequence[tuple[FloatArray, FloatArray]]) -> Scaled:
    numbers = len(found[0][0])
    scale, shift = stored.scale.copy(), stored.shift.copy()
    for fold, (middle, spread) in enumerate(found):
        scale[fold, :numbers] = 1.0 / spread
        shift[fold, :numbers] = -middle / spread
    return replace(stored, scale=scale, shift=shift, squashed=numbers, far=True)
