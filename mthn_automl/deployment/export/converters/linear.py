"""Linear models: ridge, mixed effects."""

import numpy as np

from mthn_automl.deployment.export.encoding import (
    DOUBLE,
    encoded_metadata,
    looked_up,
    narrow_features,
    wide_codes,
)
from mthn_automl.deployment.export.inputs import Rows
from mthn_automl.models.parts.linear import LinearModel


def scores(rows: Rows, model: LinearModel) -> str:
    """(rows, outputs): the columns of `LinearColumns`, each times its coefficients."""
    graph, columns = rows.graph, model.columns
    encoder, left = columns.encoder, _Coefficients(model.linear.coefficients)
    features, width = narrow_features(rows, encoder), encoder.narrow_width
    parts = [graph.add("MatMul", features, graph.constant(left.next(width)))]
    if columns.use_metadata and encoder.metadata_width > 0:
        metadata = graph.add("Cast", encoded_metadata(rows, encoder), to=DOUBLE)
        parts.append(graph.add("MatMul", metadata, graph.constant(left.next(encoder.metadata_width))))
        for column in range(encoder.metadata_width if columns.interactions else 0):
            product = graph.add("MatMul", features, graph.constant(left.next(width)))
            value = graph.add("Gather", metadata, graph.constant([column]), axis=1)
            parts.append(graph.add("Mul", product, value))
    parts += _wide(rows, model, left)
    if columns.effects != "none":
        parts.append(rows.of_tasks(_by_task(rows, model, left.next(columns.tasks))))
    if columns.effects == "slopes":
        slopes = left.next(columns.tasks * width).reshape(columns.tasks, width, -1)
        own = rows.of_tasks(_by_task(rows, model, slopes))
        by_row = graph.add("MatMul", graph.add("Unsqueeze", features, graph.constant([1])), own)
        parts.append(graph.add("Squeeze", by_row, graph.constant([1])))
    return graph.add("Add", graph.add("Sum", *parts), graph.constant(model.linear.intercept))


class _Coefficients:
    """Coefficients (columns, outputs), taken from the first on."""

    def __init__(self, values: np.ndarray) -> None:
        self.left = values

    def next(self, count: int) -> np.ndarray:
        taken, self.left = self.left[:count], self.left[count:]
        return taken


def _wide(rows: Rows, model: LinearModel, left: _Coefficients) -> list[str]:
    """The effects of the categories of wide columns that training has seen."""
    encoder, found = model.columns.encoder, []
    seen = [each for each, wide in zip(encoder.features.seen, encoder.features.wide, strict=True) if wide]
    for codes, known in zip(wide_codes(rows, encoder), seen, strict=True):
        effects = left.next(len(known)) * np.array(known)[:, np.newaxis]
        table = np.concatenate([effects, np.zeros((1, effects.shape[1]))])
        looked = looked_up(rows.graph, table, codes)
        found.append(rows.graph.add("Squeeze", looked, rows.graph.constant([1])))
    return found


def _by_task(rows: Rows, model: LinearModel, values: np.ndarray) -> np.ndarray:
    """(known tasks + 1, ...) of values of the tasks that the model was trained on; of all others zero."""
    table = np.zeros((rows.known + 1, *values.shape[1:]))
    table[np.arange(len(values)) if model.trained is None else model.trained] = values
    return table
