"""Lower and upper ends of intervals in a graph, as `Intervals.bounds` has them."""

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.deployment.calibration.intervals import Intervals, TargetIntervals
from mthn_automl.deployment.export.graph import Graph
from mthn_automl.deployment.export.inputs import Rows
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.errors import UsageError


def interval_ends(rows: Rows, intervals: Intervals, prediction: str, level: float, least: float) -> tuple[str, str]:
    """(rows, targets) each; NaN of a task never seen where `says_nothing_of_new` has a sentence.

    Args:
        prediction: (rows, targets).
        least: the least value that a target can have.

    Raises:
        UsageError: the level is too high for rows of tasks that the file is for.
    """
    graph = rows.graph
    widths = np.stack([_of_tasks(each, rows, intervals.tasks, level) for each in intervals.targets], axis=1)
    half = rows.of_tasks(widths)
    powers = np.array([each.scale.power for each in intervals.targets])
    if powers.any():
        floors = graph.constant([each.scale.floor for each in intervals.targets])
        size = graph.add("Add", graph.add("Max", prediction, graph.constant([0.0])), floors)
        half = graph.add("Mul", half, graph.add("Pow", size, graph.constant(powers)))
    low, high = graph.add("Sub", prediction, half), graph.add("Add", prediction, half)
    return _from(graph, low, least), _from(graph, high, least)


def says_nothing_of_new(predictor: Predictor, level: float) -> str:
    """Why rows of tasks never seen have no interval; empty where they have one."""
    if predictor.intervals is None:
        return ""
    try:
        for each in predictor.intervals.targets:
            each.quantile(level, new=True)
    except UsageError as error:
        return str(error)
    return ""


def _of_tasks(target: TargetIntervals, rows: Rows, trained: int, level: float) -> FloatArray:
    """(known tasks + 1,) half widths at a prediction of size 1; tasks that were added to the model count as new."""
    found = np.full(rows.known + 1, np.nan)
    try:
        found[trained:] = target.quantile(level, new=True)
    except UsageError:
        if rows.fixed is not None and rows.fixed >= trained:
            raise
    if rows.fixed is None or rows.fixed < trained:
        found[:trained] = target.quantile(level, new=False) * np.array(target.scale.task or np.ones(trained))
    return found


def _from(graph: Graph, values: str, least: float) -> str:
    """No less than that; NaN stays."""
    if not np.isfinite(least):
        return values
    bound = graph.constant([least])
    return graph.add("Where", graph.add("Less", values, bound), bound, values)
