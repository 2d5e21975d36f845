"""Features scaled by what outliers do not move, and drawn in: the robust squash.

Source: Holzmueller, Grinsztajn, Steinwart: Better by Default (RealMLP), NeurIPS 2024, "robust scale and smooth clip".
"""

from dataclasses import replace

from mthn_automl.data.scaling import Scaling, median_and_spread
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.scaled import sample

NORMAL_QUARTILES = 1.349
"""Quartiles of a normal distribution lie as many standard deviations apart."""


def squashed(data: TrainingData) -> TrainingData:
    """The same rows, whose numbers each fold scales by its own median and quartiles and squashes; nothing is copied."""
    stored = data.features
    numeric = len(stored.middle)
    if numeric == 0:
        return data
    scale, shift, encoders = stored.scale.copy(), stored.shift.copy(), []
    for fold, (encoder, rows) in enumerate(zip(data.encoders, data.training, strict=True)):
        middle, spread = median_and_spread(stored.values[rows[sample(len(rows))], :numeric], NORMAL_QUARTILES)
        scale[fold, :numeric], shift[fold, :numeric] = 1.0 / spread, -middle / spread
        of_columns = Scaling.of(stored.middle + stored.spread * middle, stored.spread * spread, squashed=True)
        encoders.append(replace(encoder, features=replace(encoder.features, scaling=of_columns)))
    features = replace(stored, scale=scale, shift=shift, squashed=numeric, far=True)
    return replace(data, features=features, encoders=tuple(encoders))
