"""A forest as plain arrays, taken from scikit-learn's trees and walked by NumPy: no pickle, no estimator."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mthn_automl.data.arrays import FloatArray, IntArray
from mthn_automl.errors import FormatError

AT_ONCE = 100_000  # pairs of row and tree that walk together: more do not fit into a processor's cache
LEAF = -1


@dataclass(frozen=True)
class Forest:
    """The mean of many trees, each leaf with a value for every output. The nodes of all trees lie behind each other.

    Shape:
        matrix (rows, columns) -> (rows, outputs).

    Example:
        >>> from sklearn.ensemble import RandomForestRegressor
        >>> grown = RandomForestRegressor(2, random_state=0).fit(np.eye(40, 3), np.arange(40.0))
        >>> Forest.of(grown.estimators_).mean(np.eye(4, 3)).shape
        (4, 1)

    Attributes:
        roots: (trees,) the first node of each tree, in rising order.
        column: (nodes,) int32 that a split looks at; -1 in a leaf.
        threshold: (nodes,) up to which a split sends rows to the left.
        missing_left: (nodes,) whether it sends missing numbers there.
        left, right: (nodes,) int32 nodes that follow; of a leaf, its row in `values`.
        values: (leaves, outputs).
        columns: how many the matrix has.
    """

    roots: IntArray
    column: IntArray
    threshold: FloatArray
    missing_left: IntArray
    left: IntArray
    right: IntArray
    values: FloatArray
    columns: int

    def __post_init__(self) -> None:
        """Raises FormatError where an array is of another kind, or a node points outside of its tree or the matrix."""
        if not self._is_of_its_kinds():
            raise FormatError("A stored forest must have arrays of the kinds and lengths that belong together.")
        nodes = np.arange(len(self.column))
        tree = np.searchsorted(self.roots, nodes, side="right")
        ends = np.append(self.roots[1:], len(nodes))[tree - 1]
        leaf = self.column == LEAF
        inside = self.roots[0] == 0 and bool((np.diff(self.roots, append=len(nodes)) > 0).all())
        inside = inside and bool(((self.column >= LEAF) & (self.column < self.columns)).all())
        for child in (self.left, self.right):
            inside = inside and bool(np.where(leaf, (child >= 0) & (child < len(self.values)), child > nodes).all())
            inside = inside and bool((leaf | (child < ends)).all())
        if not inside:
            raise FormatError("A stored tree must point only to its own nodes and columns, however one does not.")
        # an infinite threshold parts missing numbers from the others
        if np.isnan(self.threshold).any() or not np.isfinite(self.values).all():
            raise FormatError("A stored tree must have numbers as thresholds and values, however some are none.")

    def _is_of_its_kinds(self) -> bool:
        whole, numbers = (self.roots, self.column, self.left, self.right), (self.threshold, self.values)
        return (
            all(each.dtype.kind == "i" for each in whole)
            and all(each.dtype.kind == "f" for each in numbers)
            and self.missing_left.dtype.kind == "u"
            and all(each.shape == self.column.shape for each in (*whole[1:], self.threshold, self.missing_left))
            and (self.roots.ndim, self.column.ndim, self.values.ndim) == (1, 1, 2)
            and min(len(self.roots), self.values.shape[1]) > 0
            and type(self.columns) is int
        )

    @classmethod
    def of(cls, trees: Iterable[Any], shares: FloatArray | None = None) -> "Forest":
        """Of the fitted trees of a regressor or classifier, for a matrix that holds single precision numbers.

        shares: (classes,) of the training rows, for a classifier. Each leaf counts them as one row more, so that no
        leaf is certain (Provost and Domingos 2003, "Tree induction for probability-based ranking").
        """
        grown = [tree.tree_ for tree in trees]
        counts = np.array([tree.node_count for tree in grown])
        roots = np.cumsum(counts) - counts
        first = np.repeat(roots, counts)
        joined = {name: np.concatenate([getattr(tree, name) for tree in grown]) for name in _TAKEN}
        leaf = joined["children_left"] < 0
        place = np.cumsum(leaf) - 1
        return cls(
            roots,
            np.where(leaf, LEAF, joined["feature"]).astype(np.int32),
            np.where(leaf, 0.0, joined["threshold"]),
            np.where(leaf, 0, joined["missing_go_to_left"]).astype(np.uint8),
            np.where(leaf, place, joined["children_left"] + first).astype(np.int32),
            np.where(leaf, place, joined["children_right"] + first).astype(np.int32),
            np.concatenate([_leaf_values(tree, shares) for tree in grown]),
            int(grown[0].n_features),
        )

    @property
    def parameters(self) -> int:
        """Two a split (column and threshold), and the values of the leaves."""
        return 2 * int((self.column >= 0).sum()) + self.values.size

    def mean(self, matrix: FloatArray) -> FloatArray:
        """(rows, outputs) of a matrix (rows, columns): predictions of a regression, probabilities of classes."""
        found = np.zeros((len(matrix), self.values.shape[1]))
        step = max(1, AT_ONCE // len(self.roots))
        for start in range(0, len(matrix), step):
            leaves = self._leaves(matrix[start : start + step])
            found[start : start + step] = self.values[leaves].sum(axis=1) / len(self.roots)
        return found

    def _leaves(self, matrix: FloatArray) -> IntArray:
        """(rows, trees) rows of `values`; those pairs of row and tree go on that are at no leaf."""
        rows, trees = len(matrix), len(self.roots)
        node = np.tile(self.roots, rows)
        row = np.repeat(np.arange(rows), trees)
        going = np.flatnonzero(self.column[node] >= 0)
        while len(going):
            at = node[going]
            value = matrix[row[going], self.column[at]]
            left = np.where(np.isnan(value), self.missing_left[at] == 1, value <= self.threshold[at])
            after = np.where(left, self.left[at], self.right[at])
            node[going] = after
            going = going[self.column[after] >= 0]
        return self.left[node].reshape(rows, trees)

    def to_state(self) -> dict[str, Any]:
        return dict(vars(self))

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Forest":
        """As the class; what a node points to is checked."""
        return cls(**state)


_TAKEN = ("children_left", "children_right", "feature", "threshold", "missing_go_to_left")


def _leaf_values(grown: Any, shares: FloatArray | None) -> FloatArray:
    """(leaves, outputs)."""
    leaf = grown.children_left < 0
    if shares is None:
        return np.ascontiguousarray(grown.value[leaf, :, 0])
    rows = grown.weighted_n_node_samples[leaf][:, None]
    return np.asarray((rows * grown.value[leaf, 0, :] + shares) / (rows + 1.0))
