"""Categories with too many levels, or too few rows, for a tree: replaced by their shrunken target means."""

from dataclasses import dataclass

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray

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
    def fit(cls, codes: IntArray, target: FloatArray, categories: int) -> "TargetMeans":
        """Means of target (rows, outputs) by category, drawn to the overall mean the more, the fewer their rows.

        A category of n rows keeps the share n / (n + within / between) of its deviation, the variances estimated by
        analysis of variance: the empirical Bayes estimate (Micci-Barreca 2001, "A preprocessing scheme for
        high-cardinality categorical attributes").
        """
        kept = codes >= 0
        overall = target.mean(axis=0) if len(target) else np.zeros(target.shape[1])
        counts = np.bincount(codes[kept], minlength=categories)[:, None]
        sums = np.zeros((categories, target.shape[1]))
        np.add.at(sums, codes[kept], target[kept] - overall)
        deviations = sums / np.maximum(counts, 1)
        ratio = _variance_ratio(target[kept] - overall - deviations[codes[kept]], deviations, counts)
        shrunken = overall + deviations * counts / np.maximum(counts + ratio, 1e-12)
        return cls(np.concatenate([shrunken, overall[None]]))


def training_means(codes: IntArray, target: FloatArray, categories: int, *, sure_from: float, seed: int) -> FloatArray:
    """(rows, outputs) for the rows of the fit itself: cross-fitted, so that no row sees its own target.

    Categories of at least `sure_from` rows keep their means over all rows: there a row's own share is small, and less
    harmful than the noise of means over folds. Folds deal out each category's rows in turn.
    """
    order = np.random.default_rng(seed).permutation(len(codes))
    fold = np.empty(len(codes), dtype=np.int64)
    fold[order[np.argsort(codes[order], kind="stable")]] = np.arange(len(codes)) % FOLDS
    encoded = TargetMeans.fit(codes, target, categories).of(codes)
    small = np.append(np.bincount(codes[codes >= 0], minlength=categories) < sure_from, False)[codes]
    for number in range(FOLDS):
        inside = fold == number
        others = TargetMeans.fit(codes[~inside], target[~inside], categories)
        encoded[small & inside] = others.of(codes[small & inside])
    return encoded


def _variance_ratio(residuals: FloatArray, deviations: FloatArray, counts: IntArray) -> FloatArray:
    """(outputs,) variance within categories over variance between them, kept between 0.01 and 100."""
    rows, groups = counts.sum(), np.count_nonzero(counts)
    within = (residuals**2).sum(axis=0) / max(rows - groups, 1)
    spread = (counts * deviations**2).sum(axis=0) - (groups - 1) * within
    size = (rows - (counts**2).sum() / max(rows, 1)) / max(groups - 1, 1)
    between = spread / max((groups - 1) * size, 1e-12)
    return np.clip(within / np.maximum(between, 1e-12), 0.01, 100.0)  # type: ignore[no-any-return]
