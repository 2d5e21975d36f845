"""Sums of LightGBM's trees: gradient boosting, and GPBoost with its random effects."""

from collections.abc import Sequence

import numpy as np

from mthn_automl.deployment.export.converters.tree_columns import by_task, matrix
from mthn_automl.deployment.export.converters.trees import TreeTable, lightgbm_trees
from mthn_automl.deployment.export.encoding import INT64, narrow_features
from mthn_automl.deployment.export.graph import Graph
from mthn_automl.deployment.export.inputs import Rows
from mthn_automl.models.gpboost import GPBoost
from mthn_automl.models.gradient_boosting import GradientBoosting
from mthn_automl.models.parts.boosters import Boosted

CATEGORICAL, LEFT_IF_MISSING = 1, 2
"""Bits of LightGBM's `decision_type`; the two above them say what counts as missing."""

NAN_IS_MISSING = 2


def gradient_boosting_scores(rows: Rows, model: GradientBoosting) -> str | None:
    """(rows, scores); None where there are none."""
    if not model.sums:
        return None
    graph, columns = rows.graph, model.columns.width(len(model.encoder.features.scaling))
    seen = matrix(rows, model, model.columns)
    found = graph.add("Concat", *(boosted(graph, seen, columns, each) for each in model.sums), axis=1)
    if not model.settings.linear:
        return found
    low, high = model.bounds
    return graph.add("Min", graph.add("Max", found, graph.constant(low)), graph.constant(high))


def gpboost_scores(rows: Rows, model: GPBoost) -> str | None:
    """(rows, scores); None where there are none."""
    if len(model.start) == 0:
        return None
    graph, columns = rows.graph, model.columns.width(len(model.encoder.features.scaling))
    seen, parts = matrix(rows, model, model.columns), []
    for number in range(len(model.start)):
        if number in model.sums:
            parts.append(boosted(graph, seen, columns, model.sums[number]))
        else:
            parts.append(rows.repeated(model.start[number : number + 1]))
    trees = graph.add("Concat", *parts, axis=1)
    effects = rows.of_tasks(by_task(rows, model, np.moveaxis(model.effects, 0, 2)))  # (rows, 1 + slopes, scores)
    ones = rows.repeated(np.ones(1))
    if len(model.sloped):
        features = narrow_features(rows, model.encoder)
        sloped = graph.add("Gather", features, graph.constant(model.sloped, np.int64), axis=1)
        ones = graph.add("Concat", ones, sloped, axis=1)
    by_row = graph.add("MatMul", graph.add("Unsqueeze", ones, graph.constant([1])), effects)
    return graph.add("Add", trees, graph.add("Squeeze", by_row, graph.constant([1])))


def boosted(graph: Graph, seen: str, columns: int, model: Boosted) -> str:
    """(rows, outputs) raw scores of a matrix (rows, columns)."""
    outputs, trees = model.booster.num_model_per_iteration(), list(lightgbm_trees(model.text))
    constant, linear = TreeTable(columns), _LinearTrees(columns, outputs)
    for number, lines in enumerate(trees):
        if lines.get("is_linear") == "1":
            linear.add(lines, number % outputs)
        else:
            _add(constant, lines, [number % outputs] * int(lines["num_leaves"]), _numbers(lines, "leaf_value"))
    parts = [constant.applied(graph, seen, outputs)] if constant.leaves else []
    parts += [linear.applied(graph, seen)] if linear.table.leaves else []
    return parts[0] if len(parts) == 1 else graph.add("Add", *parts)


def _add(table: TreeTable, lines: dict[str, str], targets: Sequence[int], weights: Sequence[float]) -> None:
    """The splits of a tree, and its leaves with these targets and weights."""
    first_split, first_leaf = table.begin()
    for target, weight in zip(targets, weights, strict=True):
        table.leaf(target, weight)
    if lines["num_leaves"] == "1":
        table.stump(first_leaf)
        return

    def place(child: int) -> tuple[int, bool]:
        return (first_leaf + ~child, True) if child < 0 else (first_split + child, False)

    splits = zip(
        _wholes(lines, "split_feature"),
        _numbers(lines, "threshold"),
        _wholes(lines, "decision_type"),
        _wholes(lines, "left_child"),
        _wholes(lines, "right_child"),
        strict=True,
    )
    for column, threshold, decision, left, right in splits:
        if decision & CATEGORICAL:
            table.split_categories(column, _categories(lines, int(threshold)), place(left), place(right))
            continue
        nan_is_missing = (decision >> 2) & 3 == NAN_IS_MISSING
        missing_left = bool(decision & LEFT_IF_MISSING) if nan_is_missing else threshold >= 0.0  # else it counts as 0
        table.split(column, threshold, missing_left, place(left), place(right))


def _categories(lines: dict[str, str], number: int) -> list[int]:
    """Those of a set, which LightGBM keeps as bits."""
    begin, end = _wholes(lines, "cat_boundaries")[number : number + 2]
    words = _wholes(lines, "cat_threshold")[begin:end]
    return [32 * place + bit for place, word in enumerate(words) for bit in range(32) if word >> bit & 1]


class _LinearTrees:
    """Trees whose leaves are linear functions: an operator finds the leaves, and their coefficients are looked up.

    columns: of the matrix. outputs: of the scores.
    """

    def __init__(self, columns: int, outputs: int) -> None:
        self.table, self.columns, self.outputs = TreeTable(columns), columns, outputs
        self.of_output: list[int] = []
        self.values: list[float] = []
        self.constants: list[float] = []
        self.factors: list[list[tuple[int, float]]] = []

    def add(self, lines: dict[str, str], output: int) -> None:
        """One more tree."""
        number, leaves = len(self.of_output), int(lines["num_leaves"])
        _add(self.table, lines, [number] * leaves, [float(self.table.leaves + leaf) for leaf in range(leaves)])
        self.of_output.append(output)
        self.values += _numbers(lines, "leaf_value")
        self.constants += _numbers(lines, "leaf_const")
        pairs = iter(zip(_wholes(lines, "leaf_features"), _numbers(lines, "leaf_coeff"), strict=True))
        self.factors += [[next(pairs) for _ in range(count)] for count in _wholes(lines, "num_features")]

    def applied(self, graph: Graph, seen: str) -> str:
        """(rows, outputs)."""
        trees, widest = len(self.of_output), max(map(len, self.factors))
        leaf = graph.add("Cast", self.table.applied(graph, seen, trees), to=INT64)
        found = graph.add("Gather", graph.constant(self.constants), leaf, axis=0)
        if widest:
            found = graph.add("Add", found, self._products(graph, seen, leaf, trees, widest))
        values = graph.add("Gather", graph.constant(self.values), leaf, axis=0)
        found = graph.add("Where", graph.add("IsNaN", found), values, found)
        return graph.add("MatMul", found, graph.constant(np.eye(self.outputs)[self.of_output]))

    def _products(self, graph: Graph, seen: str, leaf: str, trees: int, widest: int) -> str:
        """(rows, trees) sums of numbers times their coefficients; a column of zeros fills up shorter leaves."""
        column = np.full((len(self.factors), widest), self.columns)
        coefficient = np.zeros((len(self.factors), widest))
        for number, pairs in enumerate(self.factors):
            for place, (feature, factor) in enumerate(pairs):
                column[number, place], coefficient[number, place] = feature, factor
        padded = graph.add("Pad", seen, graph.constant([0, 0, 0, 1]), graph.constant(np.float64(0.0)))
        flat = graph.constant([-1, trees * widest]), graph.constant([-1, trees, widest])
        wanted = graph.add("Reshape", graph.add("Gather", graph.constant(column, np.int64), leaf, axis=0), flat[0])
        numbers = graph.add("Reshape", graph.add("GatherElements", padded, wanted, axis=1), flat[1])
        factors = graph.add("Gather", graph.constant(coefficient), leaf, axis=0)
        return graph.add("ReduceSum", graph.add("Mul", numbers, factors), graph.constant([2]), keepdims=0)


def _numbers(lines: dict[str, str], name: str) -> list[float]:
    return [float(word) for word in lines.get(name, "").split()]


def _wholes(lines: dict[str, str], name: str) -> list[int]:
    return [int(word) for word in lines.get(name, "").split()]
