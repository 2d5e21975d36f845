"""Train a pack: folds x seeds of one configuration in lock-step. A pure function of settings and data."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mthn_automl.errors import DivergedError
from mthn_automl.models.base import Architecture
from mthn_automl.training.batches import PADDING, Layout, batch_count, block_size, blocks_of, cut, lay_out
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.losses import masked_mean, row_loss
from mthn_automl.training.members import Member, Pack, State
from mthn_automl.training.stopping import BestSoFar

EVALUATION_BATCH = 4096
DROP_SHARE = 0.25
"""Members that stopped leave the pack when they are at least this share of it (measured: wastes 1-5 %)."""


@dataclass(frozen=True)
class TrainingSettings:
    """What is searched of the optimiser, AdamW (Loshchilov and Hutter 2019)."""

    learning_rate: float = 3e-3
    weight_decay: float = 1e-4


@dataclass(frozen=True)
class Schedule:
    """What follows from rows, tasks and budget. batch: rows a step; patience, check_every: in epochs."""

    batch: int
    max_epochs: int
    patience: int
    check_every: int = 5


@dataclass(frozen=True)
class FitResult:
    """pack: all members at their best. epochs (members,): of those weights. loss (members,): validation loss.

    curve: (epoch, validation loss of each member, NaN once it has left) at every check.
    """

    pack: Pack
    epochs: tuple[int, ...]
    loss: tuple[float, ...]
    stopped_by_time: bool
    curve: tuple[tuple[int, tuple[float, ...]], ...] = ()


def fit(
    data: TrainingData,
    build: Callable[[], Architecture],
    members: Sequence[Member],
    settings: TrainingSettings,
    schedule: Schedule,
    *,
    present_only: bool = True,
    deadline: float | None = None,
) -> FitResult:
    """Train until every member's validation loss stops falling; without validation rows, for `max_epochs`.

    deadline: seconds since the epoch; past it the best weights so far are returned, marked.

    Raises:
        DivergedError: a member's loss is not finite.
    """
    return _Fit(data, build, members, settings, schedule, present_only, deadline).run()


class _Fit:
    """The state of one training: which members are alive, their optimiser, their best weights."""

    def __init__(
        self,
        data: TrainingData,
        build: Callable[[], Architecture],
        members: Sequence[Member],
        settings: TrainingSettings,
        schedule: Schedule,
        present_only: bool,
        deadline: float | None,
    ) -> None:
        self.data, self.members, self.settings, self.schedule = data, members, settings, schedule
        self.deadline = deadline
        self.fold = torch.tensor([member.fold for member in members])
        self.random = [np.random.default_rng(member.seed) for member in members]
        self.alive = torch.arange(len(members))
        self.waiting = torch.ones(len(members), dtype=torch.bool)
        seeds = [member.seed for member in members]
        self.pack = Pack.build(build, seeds, data.metadata[self.fold], present_only=present_only)
        self.everyone = self.pack
        self.optimiser = _optimiser(self.pack, settings)
        self.best = BestSoFar(self.pack)
        sizes = np.bincount(data.task[data.training[0]], minlength=data.shape.tasks)
        self.block = block_size(sizes, schedule.batch)
        longest = max(blocks_of(rows, data.task, self.block) for rows in data.training)
        self.batches = batch_count(longest, self.block, schedule.batch)
        self.validates = all(len(rows) > 0 for rows in data.validation)
        self.stopped_by_time = False
        self.curve: list[tuple[int, tuple[float, ...]]] = []

    def run(self) -> FitResult:
        epoch = 0
        while epoch < self.schedule.max_epochs and bool(self.waiting.any()) and not self.stopped_by_time:
            epoch += 1
            self._train_epoch()
            last = epoch == self.schedule.max_epochs or self.stopped_by_time
            if epoch % self.schedule.check_every == 0 or last:
                self._check(epoch)
        return FitResult(
            pack=self.best.restored(self.everyone),
            epochs=tuple(self.best.epoch.tolist()),
            loss=tuple(self.best.loss.tolist()),
            stopped_by_time=self.stopped_by_time,
            curve=tuple(self.curve),
        )

    def _train_epoch(self) -> None:
        rows = [self.data.training[self.members[index].fold] for index in self.alive.tolist()]
        random = [self.random[index] for index in self.alive.tolist()]
        layouts = [lay_out(each, self.data.task, self.block, draw) for each, draw in zip(rows, random, strict=True)]
        for batch in cut(layouts, self.batches):
            loss, penalty = self._loss(self.pack, batch, self.fold[self.alive])
            self.optimiser.zero_grad()
            (loss + penalty).sum().backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            if self.deadline is not None and time.time() > self.deadline:
                self.stopped_by_time = True
                return
        self.pack.after_epoch()

    def _loss(self, pack: Pack, batch: Layout, fold: Tensor) -> tuple[Tensor, Tensor]:
        features, target, task, mask = gather(self.data, batch, fold)
        output, penalty = pack(features, task)
        return masked_mean(row_loss(self.data.problem, output, target), mask), penalty

    def _check(self, epoch: int) -> None:
        """Compare with the best weights so far, and let members go that no longer improve."""
        loss = self._validation_loss() if self.validates else self._finite_weights(epoch)
        waiting = self.waiting[self.alive]
        if not bool(torch.isfinite(loss[waiting]).all()):
            raise DivergedError(f"The loss is not finite after {epoch} epochs; a smaller learning rate may help.")
        self.best.update(self.pack, self.alive, torch.where(waiting, loss, torch.inf), epoch)
        if self.validates:
            self._note(epoch, loss)
            self.waiting[self.alive] = waiting & self.best.waiting(self.alive, epoch, self.schedule.patience)
            self._drop(self.waiting[self.alive])

    def _note(self, epoch: int, loss: Tensor) -> None:
        everyone = torch.full((len(self.members),), torch.nan)
        everyone[self.alive] = loss
        self.curve.append((epoch, tuple(everyone.tolist())))

    def _validation_loss(self) -> Tensor:
        fold = self.fold[self.alive]
        layouts = [lay_out(self.data.validation[number], self.data.task, self.block) for number in fold.tolist()]
        batches = batch_count(max(map(len, layouts)), self.block, max(self.schedule.batch, EVALUATION_BATCH))
        total, weight = torch.zeros(len(fold)), torch.zeros(len(fold))
        with torch.no_grad():
            for batch in cut(layouts, batches):
                count = torch.from_numpy((batch.rows != PADDING).sum(axis=(1, 2)))
                total += self._loss(self.pack, batch, fold)[0] * count
                weight += count
        return total / weight

    def _finite_weights(self, epoch: int) -> Tensor:
        """Without validation rows the last weights are the best: a loss that falls, as long as they are finite."""
        finite = torch.stack([value.detach().flatten(1).isfinite().all(1) for value in self.pack.parameters.values()])
        return torch.where(finite.all(0), -float(epoch), torch.nan)

    def _drop(self, waiting: Tensor) -> None:
        kept = torch.nonzero(waiting).flatten()
        if len(kept) == 0 or len(kept) > (1.0 - DROP_SHARE) * len(self.pack):
            return
        smaller = self.pack.select(kept)
        self.optimiser = _carry_over(self.optimiser, self.pack.parameters, smaller, kept, self.settings)
        self.pack, self.alive = smaller, self.alive[kept]


def gather(data: TrainingData, batch: Layout, fold: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The batch's tensors.

    Shape:
        features (members, blocks, rows, d_x), target (members, blocks, rows, targets), task (members, blocks),
        mask (members, blocks, rows) float32, 0 on padding.
    """
    rows = torch.from_numpy(batch.rows)
    mask = (rows != PADDING).float()
    flat = (rows.clamp(min=0) + fold.reshape(-1, 1, 1) * data.features.shape[1]).flatten()
    features = data.features.flatten(0, 1).index_select(0, flat).reshape(*rows.shape, -1)
    target = data.target.flatten(0, 1).index_select(0, flat).reshape(*rows.shape, -1)
    return features, target, torch.from_numpy(batch.task), mask


def _optimiser(pack: Pack, settings: TrainingSettings) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        list(pack.parameters.values()), lr=settings.learning_rate, weight_decay=settings.weight_decay, fused=True
    )


def _carry_over(
    optimiser: torch.optim.AdamW, before: State, after: Pack, kept: Tensor, settings: TrainingSettings
) -> torch.optim.AdamW:
    """An optimiser for the members that go on, with the moments they had."""
    fresh = _optimiser(after, settings)
    for old, new in zip(before.values(), after.parameters.values(), strict=True):
        if old in optimiser.state:
            state = optimiser.state[old]
            fresh.state[new] = {
                name: value[kept] if value.shape == old.shape else value for name, value in state.items()
            }
    return fresh
