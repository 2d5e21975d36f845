"""Between the values of a parameter and the numbers 0 to 1, for samplers that see every parameter as such."""

import math
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution


def to_unit(distribution: BaseDistribution, value: float) -> float:
    """Where a number lies in its range; whole numbers and choices lie in the middle of their own shares."""
    low, high = _bounds(distribution)
    return (_scaled(distribution, value) - low) / (high - low) if high > low else 0.5


def from_unit(distribution: BaseDistribution, unit: float) -> Any:
    """The value at `unit` in [0, 1]; every choice and whole number owns an equal share of its scale."""
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[min(int(unit * len(distribution.choices)), len(distribution.choices) - 1)]
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    low, high = _bounds(distribution)
    scaled = low + unit * (high - low)
    value = math.exp(scaled) if distribution.log else scaled
    if isinstance(distribution, IntDistribution):
        value = round(value)
    return min(max(value, distribution.low), distribution.high)


def _bounds(distribution: BaseDistribution) -> tuple[float, float]:
    """On the scale that is searched; half a step wider for whole numbers, so that their ends are no rarer."""
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    margin = 0.5 if isinstance(distribution, IntDistribution) else 0.0
    return _scaled(distribution, distribution.low - margin), _scaled(distribution, distribution.high + margin)


def _scaled(distribution: BaseDistribution, value: float) -> float:
    assert isinstance(distribution, FloatDistribution | IntDistribution)
    return math.log(value) if distribution.log else value
