"""From raw columns to what models read, as `Preprocessor` and `Encoder` make it."""

from collections.abc import Iterator

import numpy as np

from mthn_automl.data.encoding import Encoder
from mthn_automl.data.preprocess import Preprocessor
from mthn_automl.data.scaling import FAR, SQUASH, Scaling
from mthn_automl.deployment.export.graph import Graph
from mthn_automl.deployment.export.inputs import Columns, Rows

FLOAT, DOUBLE, INT64 = 1, 11, 7
"""Numbers that ONNX has for types."""


def encoded_features(rows: Rows, encoder: Encoder) -> str:
    """(rows, feature_width) single precision; a constant where the data have no feature at all."""
    if encoder.features.width == 0:
        return rows.repeated(np.ones(1, dtype=np.float32))
    return _matrix(rows.graph, rows.features, encoder.features)


def narrow_features(rows: Rows, encoder: Encoder) -> str:
    """(rows, narrow_width) double precision of single precision values, without the wide columns."""
    graph, values = rows.graph, encoded_features(rows, encoder)
    if encoder.feature_width > encoder.narrow_width:
        ends = graph.constant([encoder.narrow_width])
        values = graph.add("Slice", values, graph.constant([0]), ends, graph.constant([1]))
    return graph.add("Cast", values, to=DOUBLE)


def encoded_metadata(rows: Rows, encoder: Encoder) -> str:
    """(rows, metadata_width) single precision, of the task of each row; there must be a column at least."""
    assert rows.metadata is not None
    assert encoder.metadata is not None
    return _matrix(rows.graph, rows.metadata, encoder.metadata)


def _matrix(graph: Graph, columns: Columns, preprocessor: Preprocessor) -> str:
    parts = [*_numbers(graph, columns, preprocessor), *_categories(graph, columns, preprocessor)]
    return graph.add("Concat", *parts, axis=1)


def _numbers(graph: Graph, columns: Columns, preprocessor: Preprocessor) -> Iterator[str]:
    if columns.numeric is None:
        return
    yield graph.add("Cast", _scaled(graph, columns.numeric, preprocessor.scaling), to=FLOAT)
    flagged = np.flatnonzero(preprocessor.flagged)
    if len(flagged):
        some = graph.add("Gather", columns.numeric, graph.constant(flagged, np.int64), axis=1)
        yield graph.add("Cast", graph.add("IsNaN", some), to=FLOAT)


def _scaled(graph: Graph, numeric: str, scaling: Scaling) -> str:
    mean, scale = (graph.constant(each) for each in scaling.arrays)
    values = graph.add("Div", graph.add("Sub", numeric, mean), scale)
    values = graph.add("Where", graph.add("IsNaN", values), graph.constant([0.0]), values)
    values = graph.add("Clip", values, graph.constant(np.float64(-FAR)), graph.constant(np.float64(FAR)))
    if not scaling.squashed:
        return values
    share = graph.add("Div", values, graph.constant([SQUASH]))
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", share, share), graph.constant([1.0])))
    return graph.add("Div", values, root)


def _categories(graph: Graph, columns: Columns, preprocessor: Preprocessor) -> Iterator[str]:
    """One-hot columns, then the places of the categories of wide ones; those that training did not see are missing."""
    known = list(zip(columns.codes, preprocessor.seen, preprocessor.wide, strict=True))
    for codes, seen, wide in known:
        if not wide and seen:
            numbers = np.where(seen, np.arange(len(seen)), -2)
            yield graph.add("Cast", graph.add("Equal", codes, graph.constant([numbers], np.int64)), to=FLOAT)
    first = 0
    for codes, seen, wide in known:
        if wide:
            places = np.append(np.where(seen, first + np.arange(len(seen)), -1), -1).astype(np.float32)
            yield looked_up(graph, places, codes)
            first += len(seen)


def wide_codes(rows: Rows, encoder: Encoder) -> list[str]:
    """Of each wide column (rows, 1) codes."""
    return [codes for codes, wide in zip(rows.features.codes, encoder.features.wide, strict=True) if wide]


def looked_up(graph: Graph, table: np.ndarray, codes: str) -> str:
    """(rows, 1, ...) of a table (categories + 1, ...), whose last row is for codes of -1; codes (rows, 1)."""
    return graph.add("Gather", graph.constant(table), codes, axis=0)
