"""The model that a trial leaves in its folder, from which leaderboard, ensemble and model folders are made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from safetensors.numpy import save as save_arrays

from mthn_automl.catalogue import SpaceFile
from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.models.base import Classical, Size
from mthn_automl.received import Received
from mthn_automl.training.mean import Model, mean_of
from mthn_automl.training.networks import Networks
from mthn_automl.training.proof import prove
from mthn_automl.tuning.arrays import from_parts, to_parts
from mthn_automl.tuning.state import model_state, restored_models

ARRAYS, PLAIN = "model.safetensors", "model.json"
MODEL_FILES = (ARRAYS, PLAIN)


@dataclass(frozen=True)
class TrialModel:
    """What predicts as a trial did.

    Attributes:
        file: of its architecture.
        number: of the trial within the study of its architecture.
        settings: of the architecture, without those of its training.
        models: whose mean predicts: of the folds, or a single one of all rows.
        tasks: how many the data of training have.
    """

    file: SpaceFile
    number: int
    settings: Mapping[str, Any]
    models: tuple[Networks | Classical, ...]
    tasks: int

    @property
    def name(self) -> str:
        """Of its architecture."""
        return self.file.name

    @property
    def trial(self) -> str:
        """The name of its trial, as its folder has it."""
        return f"{self.name}-{self.number}"

    @cached_property
    def model(self) -> Model:
        return mean_of(self.models, tasks=self.tasks)

    def predict(self, rows: Dataset) -> FloatArray:
        """(rows, outputs) float64, as `Mean.predict`."""
        return self.model.predict(rows)

    def size(self) -> Size:
        return self.model.size()

    def stored_rows(self) -> int:
        """Training rows that can be read from its files; 0 of networks and trees."""
        return sum(model.stored_rows() for model in self.models if isinstance(model, Classical))

    def of_folds(self, count: int) -> "TrialModel":
        """The mean of fewer folds, for a smaller model."""
        return self if count == len(self.models) else replace(self, models=self.models[:count])


def model_files(models: Sequence[Networks | Classical]) -> dict[str, bytes]:
    """What a trial's folder keeps of its models, by name."""
    plain, arrays = to_parts([model_state(model) for model in models])
    return {ARRAYS: save_arrays(arrays), PLAIN: json.dumps(plain).encode()}


def read_trial_model(
    folder: Path, file: SpaceFile, number: int, settings: Mapping[str, Any], rows: Dataset
) -> TrialModel:
    """The model that a trial left, which was trained on some of the rows.

    Raises:
        FormatError: it is not there, or damaged.
    """
    given = Received(folder, "the folder of a trial with its model")
    plain, arrays = given.typed(PLAIN, list), given.arrays(ARRAYS)
    architecture = file.load_class()
    with given.checked(f"{PLAIN}, or {ARRAYS},"):
        states, count = from_parts(plain, arrays), len(rows.tasks)
        models = restored_models(architecture, settings, states, rows.schema, count)
        prove(models, rows.schema, rows.tasks, rows.spare)
    return TrialModel(file, number, settings, models, count)
