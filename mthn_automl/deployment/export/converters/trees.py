"""Sums and means of trees: what LightGBM's text or a forest's arrays say, as an ONNX tree ensemble in double precision.

A leaf gives what it adds to a score, or, where it holds more than one number, its own number, by which these are looked
up.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import numpy_helper

from mthn_automl.deployment.export.graph import ML, Graph

LESS_OR_EQUAL, MEMBER = 0, 6
"""`BRANCH_LEQ` and `BRANCH_MEMBER` of the operator."""

SUM, NO_TRANSFORM = 1, 0


@dataclass
class TreeTable:
    """The trees of an operator `TreeEnsemble`, as they are added one after the other.

    Attributes:
        columns: how many the matrix has.
        leaves: number of leaves so far.
    """

    columns: int
    roots: list[int] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    threshold: list[float] = field(default_factory=list)
    mode: list[int] = field(default_factory=list)
    missing_left: list[int] = field(default_factory=list)
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)
    left_is_leaf: list[int] = field(default_factory=list)
    right_is_leaf: list[int] = field(default_factory=list)
    members: list[float] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    @property
    def leaves(self) -> int:
        return len(self.weights)

    def begin(self) -> tuple[int, int]:
        """Of a new tree, the places of its first split and leaf."""
        self.roots.append(len(self.column))
        return len(self.column), len(self.weights)

    def split(
        self, column: int, threshold: float, missing_left: bool, left: tuple[int, bool], right: tuple[int, bool]
    ) -> None:
        """Rows up to the threshold go left. left, right: the place of a split or leaf, and whether it is a leaf."""
        self._node(column, threshold, LESS_OR_EQUAL, missing_left, left, right)

    def split_categories(
        self, column: int, categories: list[int], left: tuple[int, bool], right: tuple[int, bool]
    ) -> None:
        """Rows of these categories go to the left, and missing ones to the right."""
        if not categories:
            self._node(column, -np.inf, LESS_OR_EQUAL, False, left, right)
            return
        self.members += [*map(float, categories), np.nan]
        self._node(column, 0.0, MEMBER, False, left, right)

    def _node(
        self,
        column: int,
        threshold: float,
        mode: int,
        missing_left: bool,
        left: tuple[int, bool],
        right: tuple[int, bool],
    ) -> None:
        self.column.append(column)
        self.threshold.append(threshold)
        self.mode.append(mode)
        self.missing_left.append(int(missing_left))
        for (place, leaf), places, kinds in (
            (left, self.left, self.left_is_leaf),
            (right, self.right, self.right_is_leaf),
        ):
            places.append(place)
            kinds.append(int(leaf))

    def stump(self, leaf: int) -> None:
        """A tree of one leaf."""
        self.split(0, 0.0, True, (leaf, True), (leaf, True))

    def leaf(self, target: int, weight: float) -> None:
        """The next leaf, and what it adds to which output."""
        self.targets.append(target)
        self.weights.append(weight)

    def applied(self, graph: Graph, matrix: str, outputs: int) -> str:
        """(rows, outputs) sums over all trees; matrix (rows, columns) double precision."""
        more: dict[str, Any] = {}
        if self.members:
            more["membership_values"] = numpy_helper.from_array(np.array(self.members))
        return graph.add(
            "TreeEnsemble",
            matrix,
            domain=ML,
            n_targets=outputs,
            aggregate_function=SUM,
            post_transform=NO_TRANSFORM,
            tree_roots=self.roots,
            nodes_featureids=self.column,
            nodes_splits=numpy_helper.from_array(np.array(self.threshold)),
            nodes_modes=numpy_helper.from_array(np.array(self.mode, dtype=np.uint8)),
            nodes_missing_value_tracks_true=self.missing_left,
            nodes_truenodeids=self.left,
            nodes_falsenodeids=self.right,
            nodes_trueleafs=self.left_is_leaf,
            nodes_falseleafs=self.right_is_leaf,
            leaf_targetids=self.targets,
            leaf_weights=numpy_helper.from_array(np.array(self.weights)),
            **more,
        )


def lightgbm_trees(text: str) -> Iterator[dict[str, str]]:
    """The lines of each tree of LightGBM's own text, by their names."""
    for block in text.split("\nTree=")[1:]:
        lines = block.split("\n\n")[0].split("\n")[1:]
        yield dict(line.split("=", 1) for line in lines if "=" in line)
