"""Averaged trees as plain arrays, taken from scikit-learn's forests: no pickle, no estimator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE

from mthn_automl.data.dataset import FloatArray
from mthn_automl.errors import FormatError
from mthn_automl.models.parts.trees import checked_tree

FIELDS = ("feature_idx", "num_threshold", "missing_go_to_left", "left", "right", "is_leaf")
NO_CATEGORIES = np.zeros((0, 8), dtype=np.uint32)


@dataclass(frozen=True)
class Forest:
    """The mean of many trees, each leaf with a value for every output.

    trees: predictors of scikit-learn's histogram trees, faster than its forests' own, whose leaf values are the rows
    of the leaves in `values`, (leaves of all trees, outputs). columns: of the matrix.
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
        grown = [each.tree_ for each in estimator.estimators_]
        values = [_leaf_values(each, shares) for each in grown]
        return cls._numbered([_nodes(each) for each in grown], np.concatenate(values), estimator.n_features_in_)

    @classmethod
    def _numbered(cls, all_nodes: list[NDArray[Any]], values: FloatArray, columns: int) -> "Forest":
        """Leaves get their places in `values`, which are in the order of trees and nodes."""
        first = 0
        for nodes in all_nodes:
            leaves = np.flatnonzero(nodes["is_leaf"])
            nodes["value"][leaves] = first + np.arange(len(leaves))
            first += len(leaves)
        if first != len(values):
            raise FormatError(f"A stored forest must have a value for each of its {first} leaves, found {len(values)}.")
        return cls(tuple(checked_tree(each, NO_CATEGORIES, columns=columns) for each in all_nodes), values, columns)

    @property
    def numbers(self) -> int:
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
            "nodes": {field: np.ascontiguousarray(nodes[field]) for field in FIELDS},
            "node_counts": np.array([len(tree.nodes) for tree in self.trees]),
            "values": self.values,
            "columns": self.columns,
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Forest":
        """Raises FormatError where a node points outside of its tree or of the matrix, or has no value."""
        nodes = np.zeros(int(state["node_counts"].sum()), dtype=PREDICTOR_RECORD_DTYPE)
        for field in FIELDS:
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
