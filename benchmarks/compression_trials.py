"""The sizes of each weight generator that are compared, and the training of one of them on one split."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from compression_problems import Part

from mthn_automl import catalogue
from mthn_automl.data.encoding import Flags
from mthn_automl.training.encode import encode
from mthn_automl.training.fit import Schedule, drained
from mthn_automl.training.members import Member
from mthn_automl.training.networks import Networks
from mthn_automl.tuning.objective import Configuration, train_in_steps
from mthn_automl.tuning.plan import Plan, schedule_of
from mthn_automl.tuning.seeds import derive_seed

NETWORKS = 2
"""Networks a split, which differ in their seeds; errors are the mean of theirs, not that of their mean prediction."""

SHARED = {"task_input": "both", "embedding_size": 8, "embedding_start": "zero", "extractor_layers": 0, "depth": 2}
Settings = dict[str, Any]


def _widths(*widths: int, **settings: Any) -> list[Settings]:
    return [{"width": width, **settings} for width in widths]


SIZES: dict[str, list[Settings]] = {
    "full": _widths(8, 16, 32, compression="full"),
    "factorised, rank 1": _widths(8, 16, 32, compression="factorised", compression_rank=1),
    "factorised, rank 4": _widths(8, 16, compression="factorised", compression_rank=4),
    "low_rank, rank 1": _widths(16, 32, 64, compression="low_rank", compression_rank=1),
    "low_rank, rank 8": _widths(8, 32, 64, compression="low_rank", compression_rank=8),
    "chunked": [
        {"width": width, "compression": "chunked", "chunk_size": chunk_size, "chunk_embedding_size": 8}
        for width, chunk_size in ((16, 16), (32, 64), (64, 256))
    ],
    "film": _widths(16, 32, 64, compression="film"),
}


@dataclass(frozen=True)
class Trial:
    """One generator in one size on one split. parameters: of one network; seconds: of this core, for all networks."""

    problem: str
    generator: str
    size: str
    split: int
    parameters: int
    test_mse: float
    validation_loss: float
    epochs: float
    seconds: float


def measure(problem: str, generator: str, settings: Settings, split: int, part: Part, quick: bool) -> Trial:
    """Train until the validation rows say stop, then predict the test rows once."""
    configuration = Configuration(catalogue.read("hypernetwork"), {**SHARED, **settings}, {}, split)
    data = encode(part.known, part.fold, Flags.of(part.known))
    members = [Member(0, derive_seed(split, number)) for number in range(NETWORKS)]
    started = time.process_time()
    result = drained(train_in_steps(configuration, data, members, _plan(len(part.known), quick), None))
    seconds = time.process_time() - started
    errors, parameters = [], 0
    for member in range(NETWORKS):
        network = Networks(result.pack.select(torch.tensor([member])), data.encoders[0], data.problem)
        errors.append(float(np.mean((network.predict(part.test) - part.test.target) ** 2)))
        parameters = network.size().total
    size = ", ".join(f"{name} {value}" for name, value in settings.items() if name in ("width", "chunk_size"))
    loss, epochs = float(np.mean(result.loss)), float(np.mean(result.epochs))
    return Trial(problem, generator, size, split, parameters, float(np.mean(errors)), loss, epochs, seconds)


def _plan(rows: int, quick: bool) -> Plan:
    schedule = schedule_of(rows)
    return Plan(1, 1, Schedule(schedule.batch, 4, 4, 2) if quick else schedule)
