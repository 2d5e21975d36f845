"""The columns of `predict`."""

from typing import Any

import numpy as np
import pandas as pd

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.text import tidy
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Schema

Bounds = tuple[FloatArray, FloatArray]
"""(rows, targets) lower and upper ends of intervals."""


def prediction_table(
    schema: Schema, rows: Dataset, prediction: FloatArray, bounds: Bounds | None = None
) -> pd.DataFrame:
    """The columns of `predict` from (rows, outputs) predictions, and lower and upper ends of their intervals."""
    columns: dict[str, object] = {
        "row": rows.row,
        "task": np.array(rows.tasks.names, dtype=object)[rows.task],
    }
    if schema.id is not None and rows.id is not None:
        columns[schema.id] = _id_column(rows)
    columns.update(_class_columns(schema, prediction) if schema.classes else target_columns(schema, prediction, bounds))
    return pd.DataFrame(columns)


def wide_table(schema: Schema, rows: Dataset, prediction: FloatArray, bounds: Bounds | None = None) -> pd.DataFrame:
    """A row for all tasks that have one and the same row: the columns of `predict` where the table was wide."""
    if len(rows):
        names = [rows.tasks.names[task] for task in rows.task[rows.row == rows.row[0]]]
    else:
        names = list(map(tidy, schema.wide))
    tasks = len(names)
    first = slice(None, None, tasks)
    columns: dict[str, object] = {"row": rows.row[first]}
    if schema.id is not None and rows.id is not None:
        columns[schema.id] = _id_column(rows)[first]
    for index, name in enumerate(names):
        of_task = prediction[index::tasks]
        if not schema.classes:
            columns[f"prediction_{name}"] = of_task[:, 0]
            ends = zip(("low", "high"), bounds or (), strict=False)
            columns.update({f"{part}_{name}": end[index::tasks, 0] for part, end in ends})
            continue
        found = _class_columns(schema, of_task)
        columns[f"prediction_{name}"] = found.pop("prediction")
        columns.update({each.replace("_", f"_{name}_", 1): values for each, values in found.items()})
    return pd.DataFrame(columns)


def _id_column(rows: Dataset) -> Any:
    """In the type that the file has, which knows whole numbers with gaps."""
    assert rows.id is not None
    return rows.id.to_pandas(types_mapper=pd.ArrowDtype).array


def _class_columns(schema: Schema, probability: FloatArray) -> dict[str, object]:
    chosen = np.array(schema.classes, dtype=object)[probability.argmax(axis=1)]
    named = zip(schema.classes, probability.T, strict=True)
    return {"prediction": chosen, **{f"probability_{name}": values for name, values in named}}


def prediction_names(schema: Schema) -> list[str]:
    """Names of the columns of predicted numbers."""
    return [f"prediction{suffix}" for suffix in _suffixes(schema)]


def _suffixes(schema: Schema) -> list[str]:
    return [""] if len(schema.targets) == 1 else [f"_{name}" for name in schema.targets]


def target_columns(schema: Schema, prediction: FloatArray, bounds: Bounds | None) -> dict[str, FloatArray]:
    """Each prediction with its bounds behind it."""
    parts = {"prediction": prediction, **dict(zip(("low", "high"), bounds or (), strict=False))}
    suffixes = enumerate(_suffixes(schema))
    return {part + suffix: each[:, index] for index, suffix in suffixes for part, each in parts.items()}


def column_called(frame: pd.DataFrame, name: str) -> Any:
    """Of the type that it has there; its name may be any that is printed so."""
    return next(frame[column].array for column in frame.columns if str(column) == name)
