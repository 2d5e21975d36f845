"""From what models write to predictions: numbers on the target's own scale, or probabilities of classes."""

import numpy as np

from mthn_automl.data.encoding import Encoder
from mthn_automl.data.kinds.count import FARTHEST
from mthn_automl.data.kinds.ordinal import LEAST_STEP
from mthn_automl.data.metrics.log_loss import SMALLEST_PROBABILITY
from mthn_automl.data.scaling import Scaling
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.export.encoding import DOUBLE
from mthn_automl.deployment.export.graph import Graph
from mthn_automl.deployment.export.inputs import Rows
from mthn_automl.models.parts.probabilities import SMALLEST, Classes


def predicted(graph: Graph, problem: Problem, classes: int, encoder: Encoder, outputs: str) -> str:
    """(rows, targets or classes) at an exposure of 1, as `Encoder.prediction`; outputs (rows, outputs)."""
    outputs = graph.add("Cast", outputs, to=DOUBLE)
    match problem:
        case Problem.BINARY:
            found = _two(graph, outputs)
        case Problem.MULTICLASS:
            found = graph.add("Softmax", outputs, axis=1)
        case Problem.ORDINAL:
            found = _ordinal(graph, outputs, classes)
        case Problem.COUNT:
            found = _undone(graph, graph.add("Exp", _between(graph, outputs, -FARTHEST, FARTHEST)), encoder.target)
        case _:
            found = _undone(graph, outputs, encoder.target)
    if encoder.logarithm is None:
        return found
    low, high = (graph.constant(each) for each in (encoder.logarithm.lowest, encoder.logarithm.highest))
    kept = graph.add("Min", graph.add("Max", found, low), high)
    return graph.add("Sub", graph.add("Exp", kept), graph.constant([encoder.logarithm.added]))


def class_probabilities(rows: Rows, classes: Classes, scores: str | None) -> str:
    """(rows, count), as `Classes.probabilities`; scores (rows, scores), None where a single class is present."""
    graph = rows.graph
    if classes.scores == 0 or scores is None:
        found = rows.repeated(np.ones(1))
    else:
        found = _two(graph, scores) if classes.scores == 1 else graph.add("Softmax", scores, axis=1)
    least = graph.constant([SMALLEST])
    kept = graph.add("Max", found, least)
    places = np.full(classes.count, len(classes.present))
    places[list(classes.present)] = np.arange(len(classes.present))
    padded = graph.add("Concat", kept, rows.repeated(np.full(1, SMALLEST)), axis=1)
    spread = graph.add("Gather", padded, graph.constant(places, np.int64), axis=1)
    return graph.add("Div", spread, graph.add("ReduceSum", spread, graph.constant([1]), keepdims=1))


def tempered(graph: Graph, probability: str, temperature: float) -> str:
    """(rows, classes) probabilities at a temperature, as `training.temperature` has it."""
    if temperature == 1.0:
        return probability
    kept = graph.add("Max", probability, graph.constant([SMALLEST_PROBABILITY]))
    logits = graph.add("Div", graph.add("Log", kept), graph.constant([temperature]))
    return graph.add("Softmax", logits, axis=1)


def _undone(graph: Graph, values: str, scaling: Scaling) -> str:
    mean, scale = scaling.arrays
    return graph.add("Add", graph.add("Mul", values, graph.constant(scale)), graph.constant(mean))


def _between(graph: Graph, values: str, low: float, high: float) -> str:
    return graph.add("Clip", values, graph.constant(np.float64(low)), graph.constant(np.float64(high)))


def _two(graph: Graph, logit: str) -> str:
    second = graph.add("Sigmoid", logit)
    return graph.add("Concat", graph.add("Sub", graph.constant([1.0]), second), second, axis=1)


def _ordinal(graph: Graph, outputs: str, classes: int) -> str:
    """As `data.kinds.ordinal` has it."""
    above = graph.add("Sigmoid", _ordinal_logits(graph, outputs, classes))
    none = graph.add("Mul", graph.add("Gather", above, graph.constant([0]), axis=1), graph.constant([0.0]))
    from_below = graph.add("Concat", graph.add("Add", none, graph.constant([1.0])), above, axis=1)
    return graph.add("Sub", from_below, graph.add("Concat", above, none, axis=1))


def _ordinal_logits(graph: Graph, outputs: str, classes: int) -> str:
    """(rows, classes - 1) of P(class > k): the middle one is written, and by softplus how far apart the others are."""
    if classes == 2:
        return outputs
    middle = (classes - 2) // 2
    others = [index for index in range(classes - 1) if index != middle]
    written = graph.add("Gather", outputs, graph.constant(others), axis=1)
    steps = graph.add("Add", _softplus(graph, written), graph.constant([LEAST_STEP]))
    sums = np.triu(np.ones((classes - 2, classes - 1)), 1)  # column k adds up the steps before k
    against_middle = sums[:, middle : middle + 1] - sums
    moved = graph.add("MatMul", steps, graph.constant(against_middle))
    return graph.add("Add", graph.add("Gather", outputs, graph.constant([middle]), axis=1), moved)


def _softplus(graph: Graph, values: str) -> str:
    rest = graph.add("Exp", graph.add("Neg", graph.add("Abs", values)))
    logarithm = graph.add("Log", graph.add("Add", rest, graph.constant([1.0])))
    return graph.add("Add", graph.add("Max", values, graph.constant([0.0])), logarithm)
