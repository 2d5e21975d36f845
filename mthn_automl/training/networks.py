"""A neural model that has been refitted: networks, their encoder, and predictions for any rows."""

from dataclasses import dataclass

import numpy as np
import torch

from mthn_automl.data.dataset import Dataset, FloatArray
from mthn_automl.data.encoding import Encoder
from mthn_automl.data.schema import Problem
from mthn_automl.models.base import Size
from mthn_automl.training.losses import to_prediction
from mthn_automl.training.members import Pack
from mthn_automl.training.predict import pack_outputs

ROWS_AT_ONCE = 200_000


@dataclass(frozen=True)
class Networks:
    """The mean prediction of the members of a pack that share one encoder."""

    pack: Pack
    encoder: Encoder
    problem: Problem

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64: the target's own scale, or probabilities. Tasks beyond the known are average."""
        pack = self._for_tasks(rows)
        parts = [
            self._predict(pack, rows.take(np.arange(start, min(start + ROWS_AT_ONCE, len(rows)))))
            for start in range(0, max(len(rows), 1), ROWS_AT_ONCE)
        ]
        return np.concatenate(parts)

    def _for_tasks(self, rows: Dataset) -> Pack:
        known = self.pack.buffers["metadata"]
        if len(rows.tasks) <= known.shape[1]:
            return self.pack
        new = torch.from_numpy(self.encoder.encode_metadata(rows.tasks))[known.shape[1] :]
        return self.pack.with_tasks(torch.cat([known, new.expand(len(self.pack), -1, -1)], dim=1))

    def _predict(self, pack: Pack, rows: Dataset) -> FloatArray:
        features = torch.from_numpy(self.encoder.encode_features(rows.features)).unsqueeze(0)
        everything = [np.arange(len(rows))] * len(pack)
        outputs = pack_outputs(pack, features, rows.task, [0] * len(pack), everything)
        predictions = [to_prediction(self.problem, output, self.encoder) for output in outputs]
        return np.asarray(np.mean(predictions, axis=0))

    def size(self) -> Size:
        return self.pack.prototype.size().times(len(self.pack))
