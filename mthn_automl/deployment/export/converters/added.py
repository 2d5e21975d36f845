"""Tasks that were added to a classical model after its training: effects of their own beside a new task's scores."""

import numpy as np

from mthn_automl.deployment.export.converters import kernels
from mthn_automl.deployment.export.encoding import narrow_features
from mthn_automl.deployment.export.inputs import Rows
from mthn_automl.errors import UnsupportedError
from mthn_automl.models.base import Classical
from mthn_automl.models.gaussian_process import GaussianProcess
from mthn_automl.models.gpboost import GPBoost
from mthn_automl.models.kernel_ridge import KernelRidge
from mthn_automl.models.parts.added import WithAddedTasks
from mthn_automl.models.parts.linear import LinearModel


def with_added(rows: Rows, model: Classical, scores: str | None) -> str | None:
    """(rows, scores), as `WithAddedTasks.with_added`.

    Raises:
        UnsupportedError: the columns that a task has effects of are not known here.
    """
    if model.added is None or scores is None:
        return scores
    graph, effects = rows.graph, model.added.effects
    table = np.zeros((rows.known + 1, *effects.shape[1:]))
    table[model.added.first : model.added.first + len(effects)] = effects
    own = graph.add("Unsqueeze", _own_columns(rows, model), graph.constant([1]))
    product = graph.add("MatMul", own, rows.of_tasks(table))
    return graph.add("Add", scores, graph.add("Squeeze", product, graph.constant([1])))


def _own_columns(rows: Rows, model: Classical) -> str:
    """(rows, columns), as `own_columns` of the model."""
    graph, ones = rows.graph, rows.repeated(np.ones(1))
    match model:
        case LinearModel():
            sloped = model.columns.effects == "slopes"
            return graph.add("Concat", ones, narrow_features(rows, model.columns.encoder), axis=1) if sloped else ones
        case GPBoost():
            if len(model.sloped) == 0:
                return ones
            features = narrow_features(rows, model.encoder)
            slopes = graph.add("Gather", features, graph.constant(model.sloped, np.int64), axis=1)
            return graph.add("Concat", ones, slopes, axis=1)
        case KernelRidge() | GaussianProcess():
            return kernels.own_columns(rows, model)
    if type(model).own_columns is not WithAddedTasks.own_columns:
        raise UnsupportedError(
            f"tasks that were added to models of {type(model).__name__} cannot be written as ONNX, however there are "
            f"{len(model.added or ())}; export the model as it was before `mthn-automl adapt`"
        )
    return ones
