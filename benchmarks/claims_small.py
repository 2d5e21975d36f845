"""Small estimators whose errors are those of real fits: ridge regression on random features, in folds and of seeds."""

from typing import Final

import numpy as np

Array = np.ndarray
WIDTH: Final = 8


def folds_of(rows: int, folds: int, rng: np.random.Generator) -> Array:
    return rng.permutation(rows) % folds


def ridge(x: Array, y: Array, penalty: float | Array = 1.0) -> Array:
    """Coefficients of columns that need no intercept."""
    return np.linalg.solve(x.T @ x + penalty * np.eye(x.shape[1]), x.T @ y)


def out_of_fold(x: Array, y: Array, fold: Array, penalty: float | Array = 1.0) -> Array:
    """(rows,) predictions by models of the other folds."""
    found = np.empty(len(y))
    for each in np.unique(fold):
        seen = fold != each
        found[~seen] = x[~seen] @ ridge(x[seen], y[seen], penalty)
    return found


def random_features(x: Array, width: int, rng: np.random.Generator) -> Array:
    """(rows, 1 + width): a network with one hidden layer of which the last layer alone is learnt."""
    weights, phase = rng.normal(size=(x.shape[1], width)), rng.uniform(0, 2 * np.pi, width)
    return np.column_stack([np.ones(len(x)), np.cos(x @ weights + phase)])


def errors_of_networks(x: Array, y: Array, fold: Array, seeds: int, rng: np.random.Generator) -> Array:
    """(folds, seeds) RMSE of small networks, each of which begins with its own features."""
    count = int(fold.max()) + 1
    found = np.empty((count, seeds))
    for place in np.ndindex(count, seeds):
        features, held = random_features(x, WIDTH, rng), fold == place[0]
        left = y[held] - features[held] @ ridge(features[~held], y[~held])
        found[place] = np.sqrt((left**2).mean())
    return found


def two_methods(seed: int, *, rows: int, folds: int, seeds: int, weaker: float = 1.0) -> tuple[Array, Array]:
    """Errors, (folds, seeds), of networks that see one half of the features, and of such that see the other.

    Both halves tell alike of the target, so that over all data sets neither method is better, though on any one of them
    either may be; with `weaker` below 1 the second half tells less.
    """
    rng = np.random.default_rng(seed)
    one, other = rng.normal(size=(2, rows, 2))
    y = np.sin(one.sum(axis=1)) + weaker * np.sin(other.sum(axis=1)) + 0.5 * rng.normal(size=rows)
    fold = folds_of(rows, folds, rng)
    return tuple(errors_of_networks(x, y, fold, seeds, rng) for x in (one, other))  # type: ignore[return-value]
