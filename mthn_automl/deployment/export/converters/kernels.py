"""Kernel machines: kernel ridge, Gaussian process."""

import numpy as np

from mthn_automl.deployment.export.encoding import (
    DOUBLE,
    encoded_metadata,
    looked_up,
    narrow_features,
    wide_codes,
)
from mthn_automl.deployment.export.graph import Graph
from mthn_automl.deployment.export.inputs import Rows
from mthn_automl.models.gaussian_process import GaussianProcess
from mthn_automl.models.kernel_ridge import KernelRidge
from mthn_automl.models.parts.kernels import Kernel, KernelShape, own_projection, scaled

OTHER = -1
"""The number of a task that is none of the stored rows'."""


def scores(rows: Rows, model: KernelRidge | GaussianProcess) -> str:
    """(rows, outputs): kernel values at the stored rows, each times its dual coefficients."""
    graph, machine = rows.graph, model.machine
    kernel, stored = machine.kernel, machine.stored
    alike = _similarity(graph, kernel.shape, _features(rows, model), stored.features, kernel.feature_scale)
    if alike is not None and kernel.constant > 0.0:
        alike = graph.add("Mul", alike, graph.constant([1.0 - kernel.constant]))
        alike = graph.add("Add", alike, graph.constant([kernel.constant]))
    of_tasks = graph.add("Gather", _of_tasks(rows, model), graph.constant(stored.place, np.int64), axis=1)
    product = of_tasks if alike is None else graph.add("Mul", alike, of_tasks)
    duals = graph.add("MatMul", product, graph.constant(machine.linear.coefficients))
    return graph.add("Add", duals, graph.constant(machine.linear.intercept))


def own_columns(rows: Rows, model: KernelRidge | GaussianProcess) -> str:
    """(rows, columns) of which tasks that were added have effects, as `own_features` has them."""
    graph, kernel = rows.graph, model.machine.kernel
    some, projection = own_projection(kernel, model.machine.stored.features)
    alike = _similarity(graph, kernel.shape, _features(rows, model), some, kernel.feature_scale)
    if alike is None:
        alike = rows.repeated(np.ones(len(some)))
    alike = graph.add("Mul", alike, graph.constant([1.0 - kernel.constant]))
    alike = graph.add("Add", alike, graph.constant([kernel.constant]))
    return graph.add("MatMul", alike, graph.constant(projection))


def _features(rows: Rows, model: KernelRidge | GaussianProcess) -> str:
    graph, parts = rows.graph, [narrow_features(rows, model.encoder)]
    for codes, means in zip(wide_codes(rows, model.encoder), model.wide.means, strict=True):
        parts.append(graph.add("Squeeze", looked_up(graph, means.table, codes), graph.constant([1])))
    return graph.add("Concat", *parts, axis=1)


def _of_tasks(rows: Rows, model: KernelRidge | GaussianProcess) -> str:
    """(rows, stored tasks) of the kernel over tasks."""
    graph, kernel, stored = rows.graph, model.machine.kernel, model.machine.stored
    same = _same(rows, model, stored.number)
    shared = graph.constant([1.0 - kernel.task_share])
    if stored.metadata.shape[1] > 0:
        metadata = graph.add("Cast", encoded_metadata(rows, model.encoder), to=DOUBLE)
        shared = graph.add("Mul", _alike(graph, kernel, metadata, stored.metadata), shared)
    return graph.add("Add", shared, graph.add("Mul", same, graph.constant([kernel.task_share])))


def _alike(graph: Graph, kernel: Kernel, metadata: str, stored: np.ndarray) -> str:
    """(rows, stored tasks) of their metadata."""
    if kernel.of_metadata == "stationary":
        alike = _similarity(graph, kernel.shape, metadata, stored, kernel.metadata_scale)
        assert alike is not None
        return alike
    right = scaled(scaled(stored, kernel.metadata_scale), kernel.metadata_scale)
    products = graph.add("MatMul", metadata, graph.constant(right.T))
    return graph.add("Add", products, graph.constant([1.0]))


def _same(rows: Rows, model: KernelRidge | GaussianProcess, number: np.ndarray) -> str:
    """(rows, stored tasks) one where a row is of the task. A model numbers the tasks that it was trained on."""
    own = np.full(rows.known + 1, OTHER)
    trained = np.arange(rows.known) if model.trained is None else model.trained  # of those added none has a stored row
    own[trained] = np.arange(len(trained))
    numbers = rows.of_tasks(own[:, np.newaxis])
    equal = rows.graph.add("Equal", numbers, rows.graph.constant([number], np.int64))
    return rows.graph.add("Cast", equal, to=DOUBLE)


def _similarity(
    graph: Graph, shape: KernelShape, values: str, stored: np.ndarray, scale: float | np.ndarray
) -> str | None:
    """(rows, stored rows) of values (rows, columns); None where there are no columns."""
    if stored.shape[1] == 0:
        return None
    unit = scale * np.sqrt(stored.shape[1])
    left = graph.add("Div", values, graph.constant(np.broadcast_to(unit, stored.shape[1:])))
    right = scaled(stored, scale)
    squares = graph.add("ReduceSum", graph.add("Mul", left, left), graph.constant([1]), keepdims=1)
    products = graph.add("MatMul", left, graph.constant(-2.0 * right.T))
    distances = graph.add("Add", graph.add("Add", squares, products), graph.constant([(right**2).sum(axis=1)]))
    distances = graph.add("Max", distances, graph.constant([0.0]))
    if shape == "rbf":
        return graph.add("Exp", graph.add("Mul", distances, graph.constant([-0.5])))
    root = graph.add("Sqrt", graph.add("Mul", distances, graph.constant([3.0])))
    fallen = graph.add("Exp", graph.add("Neg", root))
    return graph.add("Mul", graph.add("Add", root, graph.constant([1.0])), fallen)
