"""What embeddings mean: whether other seeds and folds find the same, and whether metadata can be read from them.

The embeddings are of networks that were not shown the metadata, so that what they tell of it was learnt from the
targets alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from mthn_automl.analysis.neighbourhoods import neighbourhood_map
from mthn_automl.analysis.statistics import holm
from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.data.dataset import TaskTable
from mthn_automl.data.schema import Column

PERMUTATIONS: Final = 199
"""Of the tasks, a column of the metadata: p-values are then small enough to be told after Holm's correction."""

MOST_PERMUTATIONS: Final = 3_999
ENOUGH: Final = 20
"""Permutations that are as good as the truth, from which on more of them would tell nothing."""

PENALTIES: Final = (0.01, 0.1, 1.0, 10.0, 100.0)
"""Ridge penalties, in units of the mean variance of the embeddings; the best for the tasks left out is taken."""

MOST_TASKS: Final = 2_000
"""That are reconstructed; of more a sample is drawn, which tells as much."""

MOST_CATEGORIES: Final = 20
"""Of a column that are told apart; rarer ones count as one."""

CELLS_AT_A_TIME: Final = 4_000_000
FEWEST_TASKS: Final = 8
NEAREST: Final = 3
RECONSTRUCTION: Final[dict[str, str]] = {
    "column": "str",
    "r2": "float64",
    "null_r2": "float64",
    "p_value": "float64",
    "p_value_holm": "float64",
    "tasks": "int64",
    "networks": "int64",
}


@dataclass(frozen=True)
class Stability:
    """How alike the embeddings of several networks are.

    Attributes:
        alike: mean over pairs, 1 where one is the other turned and scaled (Procrustes; Gower 1975), 0 at the least.
        by_chance: the mean of the same with the tasks of each network permuted.
        p_value: the share of such permutations that are as alike.
        networks: how many there are.
    """

    alike: float
    by_chance: float
    p_value: float
    networks: int


def aligned(embeddings: FloatArray) -> FloatArray:
    """Each network's embeddings centred, scaled to one norm and turned onto the first's: (networks, tasks, d_e)."""
    from scipy.linalg import orthogonal_procrustes  # half a second to import

    scaled = np.stack([_scaled(each) for each in embeddings])
    return np.stack([np.asarray(each @ orthogonal_procrustes(each, scaled[0])[0]) for each in scaled])


def _scaled(embedding: FloatArray) -> FloatArray:
    centred = embedding - embedding.mean(axis=0)
    norm = float(np.linalg.norm(centred))
    return np.asarray(centred / norm) if norm > 0 else centred


def stability(embeddings: FloatArray, *, seed: int) -> Stability:
    """embeddings: (networks, tasks, d_e); at least two networks."""
    rng = np.random.default_rng(seed)
    scaled = np.stack([_scaled(each) for each in embeddings])
    alike = _alike(scaled)
    chance = np.array([_alike(_permuted(scaled, rng)) for _ in range(PERMUTATIONS)])
    p_value = (1 + int((chance >= alike).sum())) / (1 + PERMUTATIONS)
    return Stability(alike, float(chance.mean()), p_value, len(embeddings))


def _alike(scaled: FloatArray) -> float:
    """The largest correlation that turning one can give, the sum of the singular values of their product: its mean."""
    one, other = np.triu_indices(len(scaled), 1)
    products = np.swapaxes(scaled[one], 1, 2) @ scaled[other]
    return float(np.linalg.svd(products, compute_uv=False).sum(axis=1).mean())


def _permuted(scaled: FloatArray, rng: np.random.Generator) -> FloatArray:
    return np.stack([each[rng.permutation(len(each))] for each in scaled])


def embedding_table(
    embeddings: FloatArray, tasks: TaskTable, columns: Sequence[Column], *, seed: int = 0
) -> pd.DataFrame:
    """The table of `embeddings.csv`: a row a task with its place on the map, its neighbours and its metadata.

    x, y: the first two principal components of the mean of the aligned embeddings. umap_x, umap_y: its place on a map
    by UMAP, where that is installed and there are tasks enough; seed: of that map. nearest: the tasks whose mean
    embeddings are nearest, in quotes. spread: how far the networks' embeddings of the task lie apart, over the same
    of all tasks.
    """
    turned = aligned(embeddings)
    mean = turned.mean(axis=0)
    _, singular, axes = np.linalg.svd(mean - mean.mean(axis=0), full_matrices=False)
    places = (mean - mean.mean(axis=0)) @ axes[:2].T
    places = np.pad(places, ((0, 0), (0, 2 - places.shape[1])))
    shares = np.pad(singular**2 / max(float((singular**2).sum()), 1e-300), (0, 2))
    apart = np.sqrt(((turned - mean) ** 2).sum(axis=2).mean(axis=0))
    usual = float(np.sqrt((apart**2).mean()))
    table = pd.DataFrame({"task": tasks.names, "x": places[:, 0], "y": places[:, 1]})
    table["x_share"], table["y_share"] = float(shares[0]), float(shares[1])
    table["spread"] = apart / usual if usual > 0 else 0.0
    table["nearest"] = _nearest(mean, tasks.names)
    mapped = neighbourhood_map(mean, seed=seed)
    if mapped is not None:
        table["umap_x"], table["umap_y"] = mapped.T
    for name, values in metadata_columns(tasks, columns).items():
        table[f"metadata:{name}"] = values
    return table


def _nearest(mean: FloatArray, names: Sequence[str]) -> list[str]:
    from scipy.spatial import KDTree

    count = min(NEAREST + 1, len(names))
    _, found = KDTree(mean).query(mean, k=count)
    rows = np.asarray(found).reshape(len(names), count).tolist()
    return [", ".join(names[other] for other in row if other != place) for place, row in enumerate(rows)]


def metadata_columns(tasks: TaskTable, columns: Sequence[Column]) -> dict[str, Any]:
    """By name, as they were given: numbers, or categories by their names."""
    if tasks.metadata is None:
        return {}
    numbers, codes = iter(tasks.metadata.numeric.T), iter(tasks.metadata.codes.T)
    found: dict[str, Any] = {}
    for column in columns:
        if column.categories is None:
            found[column.name] = next(numbers)
        else:
            names = np.array([*column.categories, ""], dtype=object)
            found[column.name] = names[next(codes)]
    return found


def reconstruction(embeddings: FloatArray, metadata: Mapping[str, Any], *, seed: int) -> pd.DataFrame:
    """How well each column of the metadata can be told from the embeddings of tasks that were left out.

    r2: of ridge regression with each task left out in turn, of a category over its dummies together; the mean over the
    networks. null_r2: the mean of the same with the tasks permuted, which the p-value is the place in; of a column that
    is told no better than chance, fewer permutations are enough (Besag and Clifford 1991).

    Args:
        embeddings: (networks, tasks, d_e) that were trained without the metadata.
        metadata: (tasks,) values by column, numbers or names; tasks without one are left out.
        seed: of the permutations, and of the sample of more than 2,000 tasks.
    """
    targets = {name: _as_target(values, seed) for name, values in metadata.items()}
    usable = {name: each for name, each in targets.items() if len(each[1]) >= FEWEST_TASKS and each[0].shape[1]}
    most = min((PERMUTATIONS + 1) * len(usable) - 1, MOST_PERMUTATIONS)
    rows = [
        {"column": name, **_reconstructed(embeddings[:, known], target, seed, most), "tasks": len(known)}
        for name, (target, known) in usable.items()
    ]
    table = pd.DataFrame(rows, columns=list(RECONSTRUCTION))
    table["networks"] = len(embeddings)
    table["p_value_holm"] = holm(table["p_value"].to_numpy(dtype=np.float64))
    return table.astype(RECONSTRUCTION)


def _as_target(values: Any, seed: int) -> tuple[FloatArray, Any]:
    """(tasks, numbers or dummies that vary), centred, of tasks whose value is known; and which these are."""
    column = pd.Series(values)
    if column.dtype == object or isinstance(column.dtype, pd.StringDtype):
        known = _some(np.flatnonzero((column.fillna("") != "").to_numpy()), seed)
        names = column.iloc[known]
        names = names.where(names.isin(names.value_counts().index[:MOST_CATEGORIES]), "")
        target = pd.get_dummies(names).to_numpy(dtype=np.float64)
    else:
        known = _some(np.flatnonzero(np.isfinite(column.to_numpy(dtype=np.float64))), seed)
        target = column.to_numpy(dtype=np.float64)[known][:, None]
    target = target - target.mean(axis=0)
    return target[:, target.std(axis=0) > 0], known


def _some(tasks: IntArray, seed: int) -> IntArray:
    if len(tasks) <= MOST_TASKS:
        return tasks
    return np.sort(np.random.default_rng(seed).choice(tasks, MOST_TASKS, replace=False))


def _reconstructed(embeddings: FloatArray, target: FloatArray, seed: int, most: int) -> dict[str, float]:
    """The true order first, then permuted ones, until enough of them are as good."""
    rng = np.random.default_rng(seed)
    (r2,) = _mean_r2(embeddings, [target])
    at_once, null = max(CELLS_AT_A_TIME // target.size, 1), np.empty(0)
    while len(null) < most:
        count = min(at_once, PERMUTATIONS if len(null) == 0 else len(null), most - len(null))
        permuted = [target[rng.permutation(len(target))] for _ in range(count)]
        null = np.concatenate([null, _mean_r2(embeddings, permuted)])
        if len(null) >= PERMUTATIONS and (null >= r2).sum() >= ENOUGH:
            break
    p_value = (1 + int((null >= r2).sum())) / (1 + len(null))
    return {"r2": float(r2), "null_r2": float(null.mean()), "p_value": p_value}


def _mean_r2(embeddings: FloatArray, targets: list[FloatArray]) -> FloatArray:
    """(targets,) of each the mean over the networks."""
    every = np.concatenate(targets, axis=1)
    return np.asarray(np.mean([_left_out_r2(each, every, targets[0].shape[1]) for each in embeddings], axis=0))


def _left_out_r2(embedding: FloatArray, targets: FloatArray, width: int) -> FloatArray:
    """(orders,) of `width` columns each: ridge with every task left out in turn, by the penalty that is best then."""
    centred = embedding - embedding.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    variance = float((singular**2).mean()) or 1.0
    projected = left.T @ targets
    total = (targets**2).reshape(len(targets), -1, width).sum(axis=(0, 2))
    found = []
    for penalty in PENALTIES:
        shrunk = singular**2 / (singular**2 + penalty * variance)
        leverage = ((left**2) @ shrunk + 1 / len(left))[:, None]
        error = (targets - left @ (shrunk[:, None] * projected)) / np.maximum(1 - leverage, 1e-9)
        found.append((error**2).reshape(len(targets), -1, width).sum(axis=(0, 2)))
    return np.asarray(1 - np.min(found, axis=0) / total)
