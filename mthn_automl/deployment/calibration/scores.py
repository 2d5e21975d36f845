"""Nonconformity scores of rows that were not seen, and the quantiles of them that hold for the next row.

Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005; out of fold: Vovk: Cross-conformal predictors,
Annals of Mathematics and Artificial Intelligence 2015. With rows of one task that is exchangeable with others: Lee,
Barber, Willett: Distribution-free inference with hierarchical data, 2023.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray

MOST = 1000
"""Scores that are kept; of more rows the largest half is, and every so-manyth of the others."""

NEARLY = 1e-9
"""That a share may lack of a level: 9 tenths are .9 although their sum may be a little less."""


@dataclass(frozen=True)
class Scores:
    """How far targets lie from predictions, in units of what was expected.

    Attributes:
        value: in rising order.
        share: of each: what part of all, of which the next row is one, scores no more. It rises, and stays below 1.
    """

    value: tuple[float, ...]
    share: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.value or len(self.value) != len(self.share):
            raise ValueError(f"there must be a share a score, however there are {len(self.share)} of {len(self.value)}")
        value, share = np.array(self.value), np.array(self.share)
        if not np.isfinite(value).all() or (np.diff(value) < 0).any() or value[0] < 0:
            raise ValueError("scores must be numbers from 0 on that do not fall, however one is none")
        if not 0 < share[0] <= share[-1] < 1 or (np.diff(share) < 0).any():
            raise ValueError("shares must rise from above 0 to below 1, however they do not")

    @classmethod
    def of(cls, score: FloatArray, mass: FloatArray) -> "Scores | None":
        """Of rows with masses that make less than 1; infinite scores count, and are not kept. None: no row is left."""
        order = np.argsort(score, kind="stable")
        order = order[np.isfinite(score[order])]
        if len(order) == 0:
            return None
        share = np.minimum(np.cumsum(mass[order]), 1 - 1e-12)
        kept = _thinned(len(order))
        return cls(tuple(score[order][kept].tolist()), tuple(share[kept].tolist()))

    @property
    def highest_level(self) -> float:
        """The highest level that there are rows enough for."""
        return self.share[-1]

    def quantile(self, level: float) -> float | None:
        """What the next row's score does not exceed with this probability at least; None: rows are too few for it."""
        place = int(np.searchsorted(self._share, level - NEARLY))
        return self.value[place] if place < len(self.value) else None

    @cached_property
    def _share(self) -> FloatArray:
        return np.array(self.share)


def mass_of_rows(weight: FloatArray) -> FloatArray:
    """(rows,) of rows that are exchangeable with the next one, which counts as they do in the mean."""
    return np.asarray(weight / (weight.sum() + weight.mean()))


def mass_of_tasks(task: IntArray, weight: FloatArray) -> FloatArray:
    """(rows,) of rows of tasks that are exchangeable with the next task: tasks count alike, and rows in their task."""
    _, number = np.unique(task, return_inverse=True)
    of_task = np.bincount(number, weight)
    return np.asarray(weight / of_task[number] / (len(of_task) + 1))


def _thinned(count: int) -> IntArray:
    """Places among rising scores: the next one that is kept is never less, so that what is left out costs width."""
    if count <= MOST:
        return np.arange(count)
    top = count - MOST // 2
    body = np.linspace(0, top, MOST - MOST // 2, endpoint=False)
    return np.concatenate([np.unique(body.astype(np.int64)), np.arange(top, count)])
