"""What the loss of a row counts in training, by its task; evaluation counts every row alike.

Sources: Kendall, Gal, Cipolla: Multi-Task Learning Using Uncertainty to Weigh Losses, CVPR 2018; Kirchdorfer et al.:
Analytical Uncertainty-Based Loss Weighting in Multi-Task Learning, GCPR 2024.
"""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mthn_automl.training.batches import Batch
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.settings import TrainingSettings

MEMORY = 0.9
"""Share of a task's running loss that stays when it is in a batch again."""

LEAST_LOSS = 1e-3
"""Of the standardised targets' variance: a task that is fitted perfectly must not push all others aside."""

LEAST_COUNT = 1e-12
"""Rows that a task counts, at least: what is divided by it is not used where it counts none."""


class LossWeights:
    """Weights of rows by task; `table` (members, tasks + 1), the last column standing for no task."""

    def __init__(self, table: Tensor, *, learns: bool) -> None:
        """learns: the table holds running losses, whose inverse is the weight."""
        self.table, self.learns = table, learns

    @classmethod
    def of(cls, data: TrainingData, folds: Sequence[int], settings: TrainingSettings) -> "LossWeights | None":
        """For members that train on these folds; None where every row counts alike."""
        if settings.loss_weighting == "rows":
            return None
        tasks = data.shape.tasks
        if settings.loss_weighting == "uncertainty":
            return cls(torch.ones(len(folds), tasks + 1), learns=True)
        power = 1.0 if settings.loss_weighting == "tasks" else settings.loss_power
        counts = None if data.counts is None else data.counts.values.mean(axis=1, dtype=np.float64)
        sizes = [
            np.bincount(data.task[rows], None if counts is None else counts[rows], minlength=tasks)
            for rows in data.training
        ]
        tables = [_by_size(each, power) for each in sizes]
        return cls(torch.from_numpy(np.stack([tables[fold] for fold in folds])), learns=False)

    def to(self, device: torch.device) -> "LossWeights":
        return LossWeights(self.table.to(device), learns=self.learns)

    def select(self, kept: Tensor) -> "LossWeights":
        """Of the given members; values are copied."""
        return LossWeights(self.table[kept], learns=self.learns)

    def of_rows(self, batch: Batch, mask: Tensor) -> Tensor:
        """(members, blocks, rows), with a mean of about 1 over the rows that are no padding; mask: of that shape."""
        weight = self.table.gather(1, self._tasks(batch)).unsqueeze(2)
        if not self.learns:
            return mask * weight
        raw = mask / weight.clamp(min=LEAST_LOSS)
        return raw * (_sum(mask) / _sum(raw).clamp(min=1e-12))[:, None, None]

    def learn(self, batch: Batch, loss: Tensor, mask: Tensor, counts: Tensor | None = None) -> None:
        """Take the losses of a step's rows, (members, blocks, rows), into the running losses of their tasks.

        counts: (members, blocks, rows, targets or 1) what the losses hold each target times; None: one.

        Kendall's objective exp(-s) L + s has its optimum in s at exp(s) = L: the noise need not be learnt by descent.
        """
        if not self.learns:
            return
        place = torch.from_numpy(batch.place).to(loss.device)
        none = loss.new_zeros(batch.present.shape)
        counted = mask if counts is None else mask * counts.mean(dim=-1)
        total, count = (none.scatter_add(1, place, each.sum(dim=2)) for each in (loss * mask, counted))
        present = torch.from_numpy(batch.present).to(loss.device)
        before = self.table.gather(1, present)
        after = torch.where(count > 0, MEMORY * before + (1.0 - MEMORY) * total / count.clamp(min=LEAST_COUNT), before)
        self.table.scatter_(1, present, after)

    def _tasks(self, batch: Batch) -> Tensor:
        task = np.take_along_axis(batch.present, batch.place, axis=1)
        return torch.from_numpy(task).to(self.table.device)


def _sum(values: Tensor) -> Tensor:
    return values.flatten(1).sum(dim=1)


def _by_size(sizes: np.ndarray, power: float) -> np.ndarray:
    """(tasks + 1,) n^-power, scaled so that its mean over rows is 1; sizes: rows of each task, as they count."""
    weight = np.where(sizes > 0, np.maximum(sizes, LEAST_COUNT) ** -power, 0.0)
    scaled = weight * sizes.sum() / max((weight * sizes).sum(), 1e-300)
    return np.append(scaled, 1.0).astype(np.float32)
