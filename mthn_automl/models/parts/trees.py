"""Boosted trees as plain arrays, taken from scikit-learn's histogram gradient boosting: no pickle, no estimator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble._hist_gradient_boosting.common import PREDICTOR_RECORD_DTYPE
from sklearn.ensemble._hist_gradient_boosting.predictor import TreePredictor

from mthn_automl.data.dataset import FloatArray
from mthn_automl.errors import FormatError

FIELDS = (
    *("value", "feature_idx", "num_threshold", "missing_go_to_left", "left", "right"),
    *("is_leaf", "is_categorical", "bitset_idx"),
)
"""What a prediction needs of a node; the rest of scikit-learn's record is about training."""


@dataclass(frozen=True)
class Trees:
    """The sum of many small trees, one list an output.

    trees: (iterations) lists of one tree an output. baseline: (outputs,). known, places: scikit-learn's tables of
    known categories. The first columns of a matrix are the native categories, as ranks.
    """

    trees: tuple[tuple[Any, ...], ...]
    baseline: FloatArray
    known: NDArray[np.uint32]
    places: NDArray[np.uint32]

    @classmethod
    def of(cls, estimator: Any) -> "Trees":
        """Those of a fitted HistGradientBoostingRegressor or HistGradientBoostingClassifier."""
        known, places = estimator._bin_mapper.make_known_categories_bitsets()
        trees = tuple(tuple(each) for each in estimator._predictors)
        return cls(trees, np.asarray(estimator._baseline_prediction, dtype=np.float64).ravel(), known, places)

    @property
    def numbers(self) -> int:
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
            "nodes": {field: np.ascontiguousarray(nodes[field]) for field in FIELDS},
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
        for field in FIELDS:
            nodes[field] = fields[field]
        all_nodes = np.split(nodes, np.cumsum(counts)[:-1])
        all_bitsets = np.split(state["bitsets"], np.cumsum(state["bitset_counts"])[:-1])
        flat = [checked_tree(*each, columns=len(state["places"])) for each in zip(all_nodes, all_bitsets, strict=True)]
        outputs = len(state["baseline"])
        trees = tuple(tuple(flat[start : start + outputs]) for start in range(0, len(flat), outputs))
        return cls(trees, state["baseline"], state["known"], state["places"])


def checked_tree(nodes: NDArray[Any], bitsets: NDArray[np.uint32], *, columns: int) -> Any:
    """scikit-learn's predictor; raises FormatError where a node points outside of its tree or of the matrix."""
    split = nodes[nodes["is_leaf"] == 0]
    place = np.flatnonzero(nodes["is_leaf"] == 0)
    children = np.stack([split["left"], split["right"]]).astype(np.int64)
    sound = (children > place).all() and (children < len(nodes)).all() and (split["feature_idx"] < columns).all()
    chosen = split[split["is_categorical"] == 1]
    if not (sound and len(nodes) and (split["feature_idx"] >= 0).all() and (chosen["bitset_idx"] < len(bitsets)).all()):
        raise FormatError("A stored tree must point only to its own nodes and columns, however one does not.")
    return TreePredictor(np.ascontiguousarray(nodes), bitsets, np.ascontiguousarray(bitsets))
