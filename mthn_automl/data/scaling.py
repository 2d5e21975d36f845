"""How numbers are scaled, for arrays and for tensors alike; with statistics of training rows only."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray

FAR = 1e6
"""Standard deviations at which a value is cut off, so that one mistyped cell cannot overflow single precision."""

SQUASH = 3.0
"""No squashed value is larger; values well below it stay almost as they are."""

ROWS_AT_ONCE = 1 << 18
"""Rows whose sums are taken at a time, so that what lies between a large table and its moments stays small."""


@dataclass(frozen=True)
class Scaling:
    """Columns relative to a middle, in units of a spread.

    Attributes:
        mean: (columns,) what becomes 0.
        scale: (columns,) what becomes 1 above it.
        squashed: whether `apply` squashes.
    """

    mean: tuple[float, ...]
    scale: tuple[float, ...]
    squashed: bool = False

    @classmethod
    def of(cls, mean: FloatArray, scale: FloatArray, *, squashed: bool = False) -> "Scaling":
        return cls(tuple(mean.tolist()), tuple(scale.tolist()), squashed)

    def __len__(self) -> int:
        return len(self.mean)

    def standardised(self, values: FloatArray) -> FloatArray:
        """(rows, columns) float64."""
        return np.asarray((values - self.arrays[0]) / self.arrays[1])

    def undone(self, standardised: FloatArray) -> FloatArray:
        """What `standardised` was given, (..., columns) float64."""
        return np.asarray(standardised.astype(np.float64) * self.arrays[1] + self.arrays[0])

    def apply(self, values: FloatArray) -> FloatArray:
        """(rows, columns) float64: standardised and drawn in; what is missing becomes the mean."""
        return np.asarray(drawn_in(self.standardised(values), np, squashed=len(self) if self.squashed else 0))

    def of_stored(self, middle: FloatArray, spread: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Factor and shift, (columns,) each, that standardise values stored as (value - middle) / spread."""
        mean, scale = self.arrays
        return spread / scale, (middle - mean) / scale

    @cached_property
    def arrays(self) -> tuple[FloatArray, FloatArray]:
        """`mean` and `scale`."""
        return np.array(self.mean), np.array(self.scale)


def drawn_in(values: Any, library: Any, *, gaps: bool = True, far: bool = True, squashed: int = 0) -> Any:
    """Scaled values so that networks can bear them: NaN becomes 0, and what lies beyond FAR is cut off.

    Squashed, a value z becomes z / sqrt(1 + (z / SQUASH)^2): the "smooth clip" of Holzmueller, Grinsztajn, Steinwart:
    Better by Default, NeurIPS 2024.

    Args:
        values: (..., columns), an array or a tensor.
        library: numpy or torch, as `values` are of.
        gaps, far: False where it is known that no value is NaN, or that none lies beyond FAR.
        squashed: so many leading columns are squashed.
    """
    if gaps:
        values = library.nan_to_num(values, nan=0.0)
    if far:
        values = library.clip(values, -FAR, FAR)
    if squashed == 0:
        return values
    first = values[..., :squashed]
    first = first * (1.0 + (first / SQUASH) ** 2) ** -0.5
    return library.concatenate([first, values[..., squashed:]], -1)


def moments(numeric: FloatArray, weight: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Mean and standard deviation of each column over its known values; 0 and 1 where there are none.

    weight: (rows,) above zero, what each row counts; None: all count alike.
    """
    starts = range(0, len(numeric), ROWS_AT_ONCE) or (0,)
    parts = [numeric[first : first + ROWS_AT_ONCE] for first in starts]
    shares = [1.0 if weight is None else weight[first : first + ROWS_AT_ONCE, None] for first in starts]
    pairs = list(zip(parts, shares, strict=True))
    count = sum((share * ~np.isnan(part)).sum(axis=0) for part, share in pairs)
    count = np.where(count > 0, count, 1)
    mean = sum((share * _known(part)).sum(axis=0) for part, share in pairs) / count
    spread = np.sqrt(sum((share * _known(part - mean) ** 2).sum(axis=0) for part, share in pairs) / count)
    return mean, np.where(spread > tiny(mean), spread, 1.0)


def _known(numeric: FloatArray) -> FloatArray:
    """Zero where missing."""
    return np.where(np.isnan(numeric), 0.0, numeric)


def median_and_spread(numeric: FloatArray, quartile_distance: float = 1.0) -> tuple[FloatArray, FloatArray]:
    """What outliers do not move, of each column over its known values; 0 and 1 where there are none.

    The spread is the distance between the quartiles in units of `quartile_distance`, else the standard deviation.
    """
    middle, spread = np.zeros(numeric.shape[1]), np.ones(numeric.shape[1])
    for column, values in enumerate(numeric.T):
        known = values[~np.isnan(values)].astype(np.float64)
        if len(known):
            low, middle[column], high = np.quantile(known, (0.25, 0.5, 0.75))
            candidates = (high - low) / quartile_distance, known.std()
            spread[column] = next((each for each in candidates if tiny(middle[column]) < each < np.inf), 1.0)
    return middle, spread


def tiny(mean: Any) -> Any:
    """A spread that rounding alone can make of values about this mean."""
    return 1e-12 * np.abs(mean)
