"""Our engine on synthetic tasks, stepped by hand: a pack, its trainer, and batches laid out by task."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.schema import Problem
from mthn_automl.models.base import Architecture
from mthn_automl.models.hypernetwork import Hypernetwork, HypernetworkSettings
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.training.batches import Batch, batch_count, block_size, deal, lay_out, whole
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.members import Pack
from mthn_automl.training.scaled import Scaled
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.trainer import Trainer

BATCH = 64
FEATURES = 16
EMBEDDING = 10
PAPER = HypernetworkSettings(
    task_input="embedding", embedding_size=EMBEDDING, extractor_layers=1, width=32, depth=3, compression_rank=1
)
TRAINING = TrainingSettings()


def synthetic(tasks: int, rows_a_task: int, features: int = FEATURES) -> TrainingData:
    """Numbers at random, as many rows of each task; nothing to scale."""
    random, rows = np.random.default_rng(0), tasks * rows_a_task
    return TrainingData(
        features=_as_they_are(random.normal(size=(rows, features))),
        target=_as_they_are(random.normal(size=(rows, 1))),
        metadata=np.zeros((1, tasks, 0), dtype=np.float32),
        task=np.repeat(np.arange(tasks), rows_a_task),
        training=(np.arange(rows),),
        validation=(np.arange(0),),
        encoders=(),
        shape=ProblemShape(features, 1, tasks, 0),
        problem=Problem.REGRESSION,
    )


def _as_they_are(values: np.ndarray) -> Scaled:
    width = values.shape[1]
    one, zero = np.ones((1, width), dtype=np.float32), np.zeros((1, width), dtype=np.float32)
    return Scaled(values.astype(np.float32), one, zero)


def trainer_of(
    data: TrainingData,
    members: int,
    architecture: type[Architecture] = Hypernetwork,
    settings: Any = PAPER,
    *,
    present_only: bool = True,
) -> Trainer:
    """A pack of so many seeds, about to take its first step."""
    placed = DeviceData.of(data, torch.device("cpu"))
    metadata = placed.metadata.expand(members, -1, -1)
    pack = Pack.build(lambda: architecture(data.shape, settings), range(members), metadata, present_only=present_only)
    return Trainer(placed, pack, torch.zeros(members, dtype=torch.int64), TRAINING)


def weights(trainer: Trainer, member: int) -> dict[str, Tensor]:
    """A copy of one member's parameters, by name."""
    return {name: each[member].detach().clone() for name, each in trainer.pack.parameters.items()}


def block_of(data: TrainingData, batch: int) -> int:
    """Rows a block, as `training.fit` chooses it."""
    return block_size(np.bincount(data.task, minlength=data.shape.tasks), batch)


def epoch(data: TrainingData, members: int, batch: int, seed: int) -> Iterator[Batch]:
    """One epoch's batches as `training.fit` deals them, each member with an order of its own."""
    block, rows = block_of(data, batch), data.training[0]
    layouts = [lay_out(rows, data.task, block, np.random.default_rng((seed, member))) for member in range(members)]
    return deal(layouts, batch_count(len(layouts[0]), block, batch), data.shape.tasks)


def epochs(data: TrainingData, members: int, batch: int = BATCH) -> Iterator[Batch]:
    """Batches without end; laying them out happens between two of them, once an epoch."""
    seed = 0
    while True:
        yield from epoch(data, members, batch, seed)
        seed += 1


def random_batches(data: TrainingData, count: int, batch: int = BATCH) -> list[Batch]:
    """Rows drawn at random from all, so that few of them share a task."""
    return [_random_batch(data, np.random.default_rng(seed), batch) for seed in range(count)]


def _random_batch(data: TrainingData, random: np.random.Generator, batch: int) -> Batch:
    rows = random.choice(len(data.task), batch, replace=False)
    size = block_size(np.bincount(data.task[rows], minlength=data.shape.tasks), batch)
    return whole([lay_out(rows, data.task, size)], data.shape.tasks)


def rows_of_member(batch: Batch, member: int) -> IntArray:
    """Numbers of the rows that a member's batch holds, padding left out."""
    return batch.rows[member][batch.mask[member]]


def tasks_of_member(batch: Batch, member: int, tasks: int) -> int:
    """How many tasks a member's batch holds."""
    return int((batch.present[member] < tasks).sum())
