"""What training has seen in a column, in a few numbers, by which it is told whether new rows are like those."""

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray

DECILES: Final = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True)
class Seen:
    """Of one column; of metadata, each task once.

    Attributes:
        cells: of training.
        empty: of these.
        points: of numbers the least, the deciles and the greatest, each once, rising.
        below: for each point, the share of the numbers that are not above it.
    """

    cells: int
    empty: int
    points: tuple[float, ...] = ()
    below: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.empty <= self.cells or len(self.points) != len(self.below):
            raise ValueError("what training has seen of a column must be counts and points, however these are others")
        rising = all(low < high for low, high in pairwise(self.points))
        if not rising or not all(map(math.isfinite, self.points)):
            raise ValueError(f"points of a column must be finite numbers that rise, however they are {self.points}")
        shares = (0.0, *self.below, 1.0)
        if not all(low <= high for low, high in pairwise(shares)):
            raise ValueError(f"shares below the points of a column must rise from 0 to 1, found {self.below}")

    @property
    def missing(self) -> float:
        """Share of the cells."""
        return self.empty / self.cells if self.cells else math.nan

    @classmethod
    def of_numbers(cls, values: FloatArray) -> "Seen":
        """values: (cells,) NaN where missing."""
        known = np.sort(values[~np.isnan(values)])
        if not len(known):
            return cls(len(values), len(values))
        points = np.unique(np.quantile(known, DECILES, method="inverted_cdf"))
        below = np.searchsorted(known, points, side="right") / len(known)
        return cls(len(values), len(values) - len(known), tuple(points.tolist()), tuple(below.tolist()))

    @classmethod
    def of_codes(cls, codes: IntArray) -> "Seen":
        """codes: (cells,) of categories, -1 where missing."""
        return cls(len(codes), int((codes < 0).sum()))
