"""Random forests: trees find leaves, and the mean of what these hold is taken."""

import numpy as np

from mthn_automl.data.kinds.count import FARTHEST
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.export.converters.tree_columns import spread_matrix
from mthn_automl.deployment.export.converters.trees import TreeTable
from mthn_automl.deployment.export.encoding import INT64
from mthn_automl.deployment.export.graph import Graph
from mthn_automl.deployment.export.inputs import Rows
from mthn_automl.models.parts.forest import LEAF, Forest
from mthn_automl.models.random_forest import RandomForest


def scores(rows: Rows, model: RandomForest) -> str | None:
    """(rows, scores); None where there are none."""
    graph, seen = rows.graph, spread_matrix(rows, model, model.columns)
    means = [_mean(graph, seen, each) for each in model.forests]
    if rows.problem is Problem.COUNT:
        low, high = (graph.constant(np.exp(each)) for each in (-FARTHEST, FARTHEST))
        return graph.add("Log", graph.add("Clip", means[0], low, high))
    if model.classes is not None:
        return _logits(graph, means[0], model.classes.scores) if means else None
    return _in_order(rows, means, model.outputs, len(model.encoder.target))


def _in_order(rows: Rows, means: list[str], outputs: list[list[int]], targets: int) -> str:
    """(rows, targets) of forests of some targets each; a target without a forest is its mean, which is 0."""
    graph, places = rows.graph, [target for each in outputs for target in each]
    joined = graph.add("Concat", *means, rows.repeated(np.zeros(1)), axis=1)
    wanted = [places.index(target) if target in places else len(places) for target in range(targets)]
    return graph.add("Gather", joined, graph.constant(wanted), axis=1)


def _logits(graph: Graph, shares: str, scores: int) -> str:
    logits = graph.add("Log", shares)
    if scores != 1:
        return logits
    first, second = (graph.add("Gather", logits, graph.constant([index]), axis=1) for index in (0, 1))
    return graph.add("Sub", second, first)


def _mean(graph: Graph, seen: str, forest: Forest) -> str:
    """(rows, outputs)."""
    leaf = graph.add("Cast", _table(forest).applied(graph, seen, len(forest.roots)), to=INT64)
    values = graph.add("Gather", graph.constant(forest.values), leaf, axis=0)
    return graph.add("ReduceMean", values, graph.constant([1]), keepdims=0)


def _table(forest: Forest) -> TreeTable:
    """The trees, each of which gives the number of the leaf."""
    table, is_leaf = TreeTable(forest.columns), forest.column == LEAF
    nodes = np.arange(len(is_leaf))
    tree = np.searchsorted(forest.roots, nodes, side="right") - 1
    tree_of_leaf = np.zeros(len(forest.values), dtype=np.int64)
    tree_of_leaf[forest.left[is_leaf]] = tree[is_leaf]
    for number, target in enumerate(tree_of_leaf.tolist()):
        table.leaf(target, float(number))
    splits = ~is_leaf | np.isin(nodes, forest.roots)  # a tree of a leaf alone becomes a split of nothing
    place = np.cumsum(splits) - 1
    table.roots.extend(place[forest.roots].tolist())

    def child(node: int) -> tuple[int, bool]:
        return (int(forest.left[node]), True) if is_leaf[node] else (int(place[node]), False)

    for node in np.flatnonzero(splits).tolist():
        if is_leaf[node]:
            table.stump(int(forest.left[node]))
            continue
        table.split(
            int(forest.column[node]),
            float(forest.threshold[node]),
            bool(forest.missing_left[node]),
            child(int(forest.left[node])),
            child(int(forest.right[node])),
        )
    return table
