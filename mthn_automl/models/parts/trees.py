"""Trees as plain arrays, taken from scikit-learn's gradient boosting and forests: no pickle, no estimator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

from mthn_automl.data.dataset import FloatArray
from mthn_automl.errors import FormatError

BOOSTED_FIELDS = (
    *("value", "feature_idx", "num_threshold", "missing_go_to_left", "left", "right"),
    *("is_leaf", "is_categorical", "bitset_idx"),
)
"""What a prediction needs of a node; the rest of scikit-learn's record is about training."""

FOREST_FIELDS = ("feature_idx", "num_threshold", "missing_go_to_left", "left", "right", "is_leaf")
NO_CATEGORIES = np.zeros((0, 8), dtype=np.uint32)


@dataclass(frozen=True)
class Trees:
    """The sum of many small trees. The first columns of a matrix are the native categories, as ranks.

    Shape:
        matrix (rows, columns) -> (rows, outputs).

    Example:
        >>> from sklearn.ensemble import HistGradientBoostingRegressor
        >>> grown = HistGradientBoostingRegressor(max_iter=2).fit(np.eye(40, 3), np.arange(40))
        >>> Trees.of(grown).scores(np.eye(4, 3)).shape
        (4, 1)

    Attributes:
        trees: for each iteration one tree an output.
        baseline: (outputs,), where the sum starts.
        known: (columns, 8) scikit-learn's bitsets of known categories.
        places: (columns,) the row of `known` that belongs to a column.
    """

    trees: tuple[tuple[Any, ...], ...]
    baseline: FloatArray
    known: NDArray[np.uint32]
    places: NDArray[np.uint32]

    @classmethod
    def of(cls, estimator: Any) -> "Trees":
        """Those of a fitted HistGradientBoostingRegressor or HistGradientBoostingClassifier."""
        known, places = estimator._bin_mapper.make_known_categories_bitsets()
        trees = tuple(tuple(trees) for trees in estimator._predictors)
        return cls(trees, np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel(), known, places)

    @property
    def parameters(self) -> int:
        """Two a split (column and threshold), one a leaf, one a baseline."""
        nodes = [tree.nodes["is_leaf"] for trees in self.trees for tree in trees]
        return sum(int(2 * len(leaf) - leaf.sum()) for leaf in nodes) + self.baseline.size

    def scores(self, matrix: FloatArray) -> FloatArray:
        """(rows, outputs) of a matrix (rows, columns): predictions of a regression, logits of classes."""
        total = np.tile(self.baseline, (len(matrix), 1))
        for trees in self.trees:
            for output, tree in enumerate(trees):
                total[:, output] += tree.predict(matrix, self.known, self.places, 1)
        return total

    def to_state(self) -> dict[str, Any]:
        """All trees' nodes behind each other, field by field."""
        flat = [tree for trees in self.trees for tree in trees]
        nodes = np.concatenate([tree.nodes for tree in flat])
        return {
            "nodes": {field: np.ascontiguousarray(nodes[field]) for field in BOOSTED_FIELDS},
            "bitsets": np.concatenate([tree.raw_left_cat_bitsets for tree in flat]),
            "node_counts": np.array([len(tree.nodes) for tree in flat]),
            "bitset_counts": np.array([len(tree.raw_left_cat_bitsets) for tree in flat]),
            "baseline": self.baseline,
            "known": self.known,
            "places": self.places,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Trees":
        """Raises FormatError where a node points outside of its tree or of the matrix."""
        counts, fields = state["node_counts"], state["nodes"]
        nodes = np.zeros(int(counts.sum()), dtype=PREDICTOR_RECORD_DTYPE)
        for field in BOOSTED_FIELDS:
            nodes[field] = fields[field]
        all_nodes = np.split(nodes, np.cumsum(counts)[:-1])
        all_bitsets = np.split(state["bitsets"], np.cumsum(state["bitset_counts"])[:-1])
        columns = len(state["places"])
        flat = [checked_tree(*tree, columns=columns) for tree in zip(all_nodes, all_bitsets, strict=True)]
        outputs = len(state["baseline"])
        trees = tuple(tuple(flat[start : start + outputs]) for start in range(0, len(flat), outputs))
        return cls(trees, state["baseline"], state["known"], state["places"])


def checked_tree(nodes: NDArray[Any], bitsets: NDArray[np.uint32], *, columns: int) -> Any:
    """scikit-learn's predictor; raises FormatError where a node points outside of its tree or of the matrix."""
    split = nodes[nodes["is_leaf"] == 0]
    index = np.flatnonzero(nodes["is_leaf"] == 0)
    children = np.stack([split["left"], split["right"]]).astype(np.int64)
    sound = (children > index).all() and (children < len(nodes)).all() and (split["feature_idx"] < columns).all()
    chosen = split[split["is_categorical"] == 1]
    if not (sound and len(nodes) and (split["feature_idx"] >= 0).all() and (chosen["bitset_idx"] < len(bitsets)).all()):
        raise FormatError("A stored tree must point only to its own nodes and columns, however one does not.")
    return TreePredictor(np.ascontiguousarray(nodes), bitsets, np.ascontiguousarray(bitsets))


@dataclass(frozen=True)
class Forest:
    """The mean of many trees, each leaf with a value for every output.

    Shape:
        matrix (rows, columns) -> (rows, outputs).

    Example:
        >>> from sklearn.ensemble import RandomForestRegressor
        >>> grown = RandomForestRegressor(2, random_state=0).fit(np.eye(40, 3), np.arange(40.0))
        >>> Forest.of(grown).mean(np.eye(4, 3)).shape
        (4, 1)

    Attributes:
        trees: predictors of scikit-learn's histogram trees, faster than its forests' own; the value of a leaf is the
            index of its row in `values`.
        values: (leaves of all trees, outputs).
        columns: how many the matrix has.
    """

    trees: tuple[Any, ...]
    values: FloatArray
    columns: int

    @classmethod
    def of(cls, estimator: Any, shares: FloatArray | None = None) -> "Forest":
        """That of a fitted forest of scikit-learn, for a matrix that holds single precision numbers.

        shares: (classes,) of the training rows, for a classifier. Each leaf counts them as one row more, so that no
        leaf is certain (Provost and Domingos 2003, "Tree induction for probability-based ranking").
        """
        grown = [tree.tree_ for tree in estimator.estimators_]
        values = [_leaf_values(tree, shares) for tree in grown]
        return cls._numbered([_nodes(tree) for tree in grown], np.concatenate(values), estimator.n_features_in_)

    @classmethod
    def _numbered(cls, all_nodes: list[NDArray[Any]], values: FloatArray, columns: int) -> "Forest":
        """Leaves get their indices in `values`, which are in the order of trees and nodes."""
        first = 0
        for nodes in all_nodes:
            leaves = np.flatnonzero(nodes["is_leaf"])
            nodes["value"][leaves] = first + np.arange(len(leaves))
            first += len(leaves)
        if first != len(values):
            raise FormatError(f"A stored forest must have a value for each of its {first} leaves, found {len(values)}.")
        return cls(tuple(checked_tree(nodes, NO_CATEGORIES, columns=columns) for nodes in all_nodes), values, columns)

    @property
    def parameters(self) -> int:
        """Two a split (column and threshold), and the values of the leaves."""
        return 2 * sum(int((tree.nodes["is_leaf"] == 0).sum()) for tree in self.trees) + self.values.size

    def mean(self, matrix: FloatArray) -> FloatArray:
        """(rows, outputs) of a matrix (rows, columns): predictions of a regression, probabilities of classes."""
        total = np.zeros((len(matrix), self.values.shape[1]))
        places = np.zeros(self.columns, dtype=np.uint32)
        for tree in self.trees:
            total += self.values[tree.predict(matrix, NO_CATEGORIES, places, 1).astype(np.int64)]
        return total / len(self.trees)

    def to_state(self) -> dict[str, Any]:
        """All trees' nodes behind each other, field by field."""
        nodes = np.concatenate([tree.nodes for tree in self.trees])
        return {
            "nodes": {field: np.ascontiguousarray(nodes[field]) for field in FOREST_FIELDS},
            "node_counts": np.array([len(tree.nodes) for tree in self.trees]),
            "values": self.values,
            "columns": self.columns,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Forest":
        """Raises FormatError where a node points outside of its tree or of the matrix, or has no value."""
        nodes = np.zeros(int(state["node_counts"].sum()), dtype=PREDICTOR_RECORD_DTYPE)
        for field in FOREST_FIELDS:
            nodes[field] = state["nodes"][field]
        all_nodes = np.split(nodes, np.cumsum(state["node_counts"])[:-1])
        return cls._numbered(all_nodes, state["values"], state["columns"])


def _nodes(grown: Any) -> NDArray[Any]:
    """A tree of scikit-learn's forests as nodes of its histogram trees."""
    nodes = np.zeros(grown.node_count, dtype=PREDICTOR_RECORD_DTYPE)
    leaf = grown.children_left < 0
    nodes["is_leaf"] = leaf
    nodes["feature_idx"] = np.where(leaf, 0, grown.feature)
    nodes["num_threshold"] = np.where(leaf, 0.0, grown.threshold)
    nodes["missing_go_to_left"] = np.where(leaf, 0, grown.missing_go_to_left)
    nodes["left"] = np.where(leaf, 0, grown.children_left)
    nodes["right"] = np.where(leaf, 0, grown.children_right)
    return nodes


def _leaf_values(grown: Any, shares: FloatArray | None) -> FloatArray:
    """(leaves, outputs)."""
    leaf = grown.children_left < 0
    if shares is None:
        return np.ascontiguousarray(grown.value[leaf, :, 0])
    rows = grown.weighted_n_node_samples[leaf][:, None]
    return np.asarray((rows * grown.value[leaf, 0, :] + shares) / (rows + 1.0))
