"""What the contract tests of networks share: the settings that are tried, and networks that are fitted once."""

from collections.abc import Callable, Sequence

import numpy as np
import torch

from mthn_automl import catalogue
from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import Architecture
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.batches import lay_out, whole
from mthn_automl.training.encode import TrainingData, encode
from mthn_automl.training.fit import FitResult, Schedule
from mthn_automl.training.members import Member
from mthn_automl.training.networks import Networks
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.trainer import Rows
from mthn_automl.tuning.space import make_settings
from tests.contracts import zoo
from tests.contracts.settings import Settings, class_of, space_of, traits_of
from tests.training.trained import fit

NAMES = catalogue.names("neural")


def builder(name: str, shape: ProblemShape, chosen: Settings) -> Callable[[], Architecture]:
    own, _ = space_of(name).split(chosen)
    settings = make_settings(class_of(name).Settings, own)
    return lambda: class_of(name)(shape, settings)  # type: ignore[no-any-return]


def built(name: str, shape: ProblemShape, chosen: Settings) -> Architecture:
    return builder(name, shape, chosen)()


def encoded(dataset: Dataset, fold: IntArray | None = None) -> TrainingData:
    """For training on all rows, or on the folds given."""
    if fold is None:
        return encode(dataset, np.full(len(dataset), -1), Flags.of(dataset))
    return encode(dataset, fold, Flags.of(dataset))


def whole_batch(data: TrainingData) -> Rows:
    """All training rows of the first fold, for one member, in blocks of up to 14 rows of a task."""
    batch = whole([lay_out(data.training[0], data.task, 14)], data.shape.tasks)
    placed, fold = DeviceData.of(data, torch.device("cpu")), torch.zeros(1, dtype=torch.int64)
    rows, mask = torch.from_numpy(batch.rows), torch.from_numpy(batch.mask).float()
    task = torch.from_numpy(batch.present[:, batch.place[0]])
    return Rows(placed.features.take(rows, fold), placed.target.take(rows, fold), mask, mask, task)


def trained(
    data: TrainingData,
    build: Callable[[], Architecture],
    members: Sequence[Member],
    settings: TrainingSettings | None = None,
    *,
    batch: int = 64,
    epochs: int = 2,
    check_every: int = 1,
    present_only: bool = True,
) -> FitResult:
    """Trained for so many epochs."""
    schedule = Schedule(batch, epochs, patience=max(epochs, 100), check_every=check_every)
    chosen = settings or TrainingSettings()
    return fit(data, build, members, chosen, schedule, present_only=present_only)


def fit_networks(
    name: str, dataset: Dataset, chosen: Settings | None = None, *, seed: int = 0, epochs: int = 3, batch: int = 64
) -> Networks:
    """To all rows."""
    _, training = space_of(name).split(chosen or {})
    data, settings = encoded(dataset), TrainingSettings(**training)
    times = Schedule(batch, epochs, 1).times(settings.batch_factor, 1.0).batch
    result = trained(
        data,
        builder(name, data.shape, chosen or {}),
        [Member(0, seed)],
        settings,
        batch=times,
        epochs=epochs,
        check_every=max(epochs, 1),
        present_only=traits_of(name, data.shape, chosen or {}).cost == "tasks_present",
    )
    return Networks(result.pack, data.encoders[0], data.problem)


HALVES = np.arange(len(zoo.planted())) % 2
"""Two folds of equal numbers of rows of each task, so that a pack cuts the same batches as one member alone."""


def fit_members(
    name: str, members: Sequence[Member], chosen: Settings, *, epochs: int = 2, present_only: bool | None = None
) -> FitResult:
    data = encoded(zoo.planted(), HALVES)
    if present_only is None:
        present_only = traits_of(name, data.shape, chosen).cost == "tasks_present"
    return trained(data, builder(name, data.shape, chosen), members, epochs=epochs, present_only=present_only)
