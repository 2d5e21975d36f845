"""A saved model in use: rows in, predictions out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from mthn_automl.data.dataset import Dataset, FloatArray, TaskTable
from mthn_automl.data.read import read_rows
from mthn_automl.data.schema import Schema
from mthn_automl.models.base import Classical
from mthn_automl.training.networks import Networks


@dataclass(frozen=True)
class Predictor:
    """A model with the columns and tasks it was trained on.

    architecture: its name. tasks: those it was trained on; spare: tasks of which it knows the metadata only.
    """

    architecture: str
    schema: Schema
    tasks: TaskTable
    spare: TaskTable
    model: Networks | Classical

    def read(self, data: str | Path | pd.DataFrame, meta: str | Path | pd.DataFrame | None = None) -> Dataset:
        """Rows encoded as those of training were; `notes` say what was not known.

        Raises:
            DataError: a column of training is missing or holds something else.
        """
        return read_rows(data, schema=self.schema, tasks=self.tasks, spare=self.spare, meta=meta, need_target=False)

    def predict(self, data: str | Path | pd.DataFrame, meta: str | Path | pd.DataFrame | None = None) -> pd.DataFrame:
        """A row for each row of `data`, in its order; tasks never seen are predicted from their metadata.

        Returns:
            Columns row, task, then prediction (or prediction_<target>); for classes prediction and
            probability_<class>.

        Raises:
            DataError: as `read`.

        Example:
            >>> load_model("mthn_runs/demo").predict("new.csv")  # doctest: +SKIP
        """
        return self.predict_rows(self.read(data, meta))

    def predict_rows(self, rows: Dataset) -> pd.DataFrame:
        """As `predict`, for rows that `read` has encoded."""
        return prediction_table(self.schema, rows, self.model.predict(rows))


def prediction_table(schema: Schema, rows: Dataset, prediction: FloatArray) -> pd.DataFrame:
    """The columns of `predict` from (rows, outputs) predictions."""
    columns: dict[str, object] = {
        "row": rows.row,
        "task": np.array(rows.tasks.names, dtype=object)[rows.task],
    }
    columns.update(_class_columns(schema, prediction) if schema.classes else _target_columns(schema, prediction))
    return pd.DataFrame(columns)


def _class_columns(schema: Schema, probability: FloatArray) -> dict[str, object]:
    chosen = np.array(schema.classes, dtype=object)[probability.argmax(axis=1)]
    named = zip(schema.classes, probability.T, strict=True)
    return {"prediction": chosen, **{f"probability_{name}": values for name, values in named}}


def _target_columns(schema: Schema, prediction: FloatArray) -> dict[str, object]:
    return dict(zip(prediction_names(schema), prediction.T, strict=True))


def prediction_names(schema: Schema) -> Sequence[str]:
    """Names of the columns of predicted numbers."""
    if len(schema.targets) == 1:
        return ["prediction"]
    return [f"prediction_{name}" for name in schema.targets]
