"""The columns of a linear model: features, metadata, their products, and what each task has of its own."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import csr_array, hstack

from mthn_automl.data.dataset import Dataset, FloatArray, IntArray
from mthn_automl.data.encoding import Encoder
from mthn_automl.models.base import Size

TaskEffects = Literal["none", "intercept", "slopes"]


@dataclass(frozen=True)
class LinearColumns:
    """First the columns that all tasks share, then an intercept a task, then a slope a task and feature.

    Rows of a task never seen, numbered `tasks` or above, have zeros in the tasks' columns.
    """

    encoder: Encoder
    tasks: int
    effects: TaskEffects
    use_metadata: bool
    interactions: bool

    def of(self, rows: Dataset) -> csr_array:
        """(rows, columns) float64 sparse."""
        blocks = [self.shared(rows)]
        if self.effects != "none":
            blocks += [task_columns(np.ones((len(rows), 1)), rows.task, self.tasks)]
        if self.effects == "slopes":
            blocks += [task_columns(self.features(rows), rows.task, self.tasks)]
        return csr_array(hstack(blocks, format="csr"))

    def shared(self, rows: Dataset) -> csr_array:
        """(rows, shared) float64 sparse: features, metadata, feature-by-metadata products."""
        blocks = [csr_array(self.features(rows))]
        if self.use_metadata and self.encoder.metadata_width > 0:
            metadata = self.encoder.encode_metadata(rows.tasks).astype(np.float64)[rows.task]
            blocks += [csr_array(metadata)]
            blocks += [blocks[0].multiply(column[:, None]) for column in metadata.T if self.interactions]
        return csr_array(hstack(blocks, format="csr"))

    def features(self, rows: Dataset) -> FloatArray:
        """(rows, d_x) float64."""
        return self.encoder.encode_features(rows.features).astype(np.float64)

    def size(self, numbers: int, outputs: int) -> Size:
        """Of a model of that many numbers: within a task the metadata are constant, part of its intercept."""
        width = self.encoder.feature_width
        own = {"none": 0, "intercept": 1, "slopes": 1 + width}[self.effects]
        return Size(numbers, (width + 1) * outputs, own * outputs)


def task_columns(values: FloatArray, task: IntArray, tasks: int) -> csr_array:
    """(rows, tasks * width) sparse: row i holds values[i] in the columns of its task; nothing if task[i] >= tasks.

    Shape:
        values (rows, width), task (rows,).
    """
    rows, width = values.shape
    known = task < tasks
    columns = np.where(known, task, 0)[:, None] * width + np.arange(width)
    placed = np.where(known[:, None], values, 0.0)
    starts = np.arange(rows + 1) * width
    return csr_array((placed.ravel(), columns.ravel(), starts), shape=(rows, tasks * width))
