"""Categories with too many levels, or too few rows, for a tree: replaced by their shrunken target means."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.models.parts.gaps import counts_of, known_or_zero, means_of, weight_of

FOLDS = 5


@dataclass(frozen=True)
class TargetMeans:
    """The mean target of each category.

    Shape:
        codes (rows,) -> (rows, outputs).

    Example:
        >>> means = TargetMeans.fit(np.array([0, 0, 1, 1]), np.array([[0.0], [0.0], [4.0], [4.0]]), categories=2)
        >>> means.of(np.array([1, -1])).shape, float(means.of(np.array([-1]))[0, 0])
        ((2, 1), 2.0)

    Attributes:
        table: (categories + 1, outputs); the last row is the mean of all rows, for unknown categories.
    """

    table: FloatArray

    def of(self, codes: IntArray) -> FloatArray:
        """(rows, outputs) for codes (rows,), -1 where unknown."""
        return self.table[codes]

    @classmethod
    def fit(
        cls, codes: IntArray, target: FloatArray, categories: int, weight: FloatArray | None = None
    ) -> "TargetMeans":
        """Means of target (rows, outputs) by category, drawn to the overall mean the more, the fewer their rows.

        Rows count as `weight` (rows,) says, and not where the target is missing.

        A category of n rows keeps the share n / (n + within / between) of its deviation, the variances estimated by
        analysis of variance: the empirical Bayes estimate (Micci-Barreca 2001, "A preprocessing scheme for
        high-cardinality categorical attributes").
        """
        kept, overall = codes >= 0, means_of(target, weight)
        codes, share = codes[kept], counts_of(target, weight)[kept]
        moved = known_or_zero(target)[kept] - overall
        counts, sums = np.zeros((2, categories, target.shape[1]))
        np.add.at(counts, codes, share)
        np.add.at(sums, codes, share * moved)
        deviations = sums / np.where(counts > 0, counts, 1.0)
        ratio = _variance_ratio(share * (moved - deviations[codes]) ** 2, deviations, counts)
        shrunken = overall + deviations * counts / np.maximum(counts + ratio, 1e-12)
        return cls(np.concatenate([shrunken, overall[None]]))


def training_means(
    codes: IntArray,
    target: FloatArray,
    categories: int,
    weight: FloatArray | None = None,
    *,
    sure_from: float,
    seed: int,
) -> FloatArray:
    """(rows, outputs) for the rows of the fit itself: cross-fitted, so that no row sees its own target.

    Categories of at least `sure_from` rows keep their means over all rows: there a row's own share is small, and less
    harmful than the noise of means over folds. Folds deal out each category's rows in turn.
    """
    order = np.random.default_rng(seed).permutation(len(codes))
    fold = np.empty(len(codes), dtype=np.int64)
    fold[order[np.argsort(codes[order], kind="stable")]] = np.arange(len(codes)) % FOLDS
    encoded = TargetMeans.fit(codes, target, categories, weight).of(codes)
    small = _smaller_than(sure_from, codes, target, categories)
    for number in range(FOLDS):
        inside, others = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        means = TargetMeans.fit(codes[others], target[others], categories, weight_of(weight, others))
        encoded[inside] = np.where(small[inside], means.of(codes[inside]), encoded[inside])
    return encoded


def _smaller_than(sure_from: float, codes: IntArray, target: FloatArray, categories: int) -> NDArray[np.bool_]:
    """(rows, outputs) whether a row's category has fewer rows in which the output is known; not of unknown ones."""
    sizes = np.zeros((categories, target.shape[1]))
    np.add.at(sizes, codes[codes >= 0], ~np.isnan(target[codes >= 0]))
    none = np.zeros((1, target.shape[1]), dtype=bool)
    return np.concatenate([sizes < sure_from, none])[codes]


def _variance_ratio(squares: FloatArray, deviations: FloatArray, counts: FloatArray) -> FloatArray:
    """(outputs,) variance within categories over variance between them, kept between 0.01 and 100.

    squares: (rows, outputs) of the residuals, times what each counts.
    """
    rows, groups = counts.sum(axis=0), np.count_nonzero(counts, axis=0)
    within = squares.sum(axis=0) / np.maximum(rows - groups, 1)
    spread = (counts * deviations**2).sum(axis=0) - (groups - 1) * within
    size = (rows - (counts**2).sum(axis=0) / np.maximum(rows, 1)) / np.maximum(groups - 1, 1)
    between = spread / np.maximum((groups - 1) * size, 1e-12)
    return np.clip(within / np.maximum(between, 1e-12), 0.01, 100.0)  # type: ignore[no-any-return]
