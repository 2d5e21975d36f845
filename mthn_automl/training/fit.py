"""Train a pack: folds x seeds of one configuration in lock-step. A pure function of settings and data."""

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from mthn_automl.errors import DivergedError
from mthn_automl.models.base import Architecture
from mthn_automl.training.averaging import AveragedWeights
from mthn_automl.training.batches import Batch, batch_count, block_size, blocks_of, deal, lay_out, rows_at_once
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.members import Member, Pack
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.stopping import BestSoFar
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.trainer import Trainer
from mthn_automl.training.weighting import LossWeights

EVALUATION_BATCH = 4096
CPU = torch.device("cpu")
Value = TypeVar("Value")
DROP_SHARE = 0.25
"""Members that stopped leave the pack when they are at least this share of it (measured: wastes 1-5 %)."""


@dataclass(frozen=True)
class Schedule:
    """What follows from rows, tasks and budget.

    Attributes:
        batch: rows a step.
        max_epochs: after which every member stops.
        patience: epochs without progress after which a member stops.
        check_every: epochs from one look at the validation loss to the next.
        rungs: epochs, multiples of `check_every` in rising order, after which a training can be paused and looked at.
        growth: times the epochs until its last progress that a member waits at least, up to five times the patience:
            what learns late needs longer.
    """

    batch: int
    max_epochs: int
    patience: int
    check_every: int = 5
    rungs: tuple[int, ...] = ()
    growth: float = 0.0

    def times(self, batch: float, patience: float) -> "Schedule":
        """With as many times the rows in a batch, and the epochs without progress."""
        rows, epochs = max(1, round(self.batch * batch)), max(1, round(self.patience * patience))
        return replace(self, batch=rows, patience=epochs, growth=self.growth * patience)


@dataclass(frozen=True)
class FitResult:
    """What a training ends with.

    Attributes:
        pack: all members at their best, on the CPU; the weights are means over the last checks before it.
        epochs: (members,) of those weights.
        loss: (members,) validation loss of those weights.
        stopped_by_time: whether the deadline ended it.
        curve: (epoch, validation loss of each member, NaN once it has left) at every check.
        epochs_trained: until the last member stopped.
    """

    pack: Pack
    epochs: tuple[int, ...]
    loss: tuple[float, ...]
    stopped_by_time: bool
    curve: tuple[tuple[int, tuple[float, ...]], ...]
    epochs_trained: int


@dataclass(frozen=True)
class Paused:
    """A training at a rung.

    Attributes:
        epoch: of the rung.
        pack: all members at their best so far, on the CPU; to be used before the training goes on.
    """

    epoch: int
    pack: Pack


def drained(steps: Generator[object, None, Value]) -> Value:
    """What a generator returns, whatever it yields."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


class Training:
    """One training: which members are alive, their optimiser, their best weights."""

    def __init__(
        self,
        data: TrainingData,
        build: Callable[[], Architecture],
        members: Sequence[Member],
        settings: TrainingSettings,
        schedule: Schedule,
        *,
        present_only: bool = True,
        deadline: float | None = None,
        placed: DeviceData | None = None,
    ) -> None:
        """Ready for the first step.

        Args:
            data: rows and folds; without validation rows a training lasts for all its epochs.
            build: makes the architecture; called once a member.
            members: the networks to train in lock-step.
            settings: of the optimiser, the loss and the features.
            schedule: how long, and when to look.
            present_only: whether a step sees the tasks of its batch only.
            deadline: seconds since the epoch; past it the best weights so far are returned, marked.
            placed: `data` on the device to train on, by default the CPU.
        """
        placed = placed or DeviceData.of(data, CPU)
        self.data, self.members, self.schedule, self.deadline = data, members, schedule, deadline
        self.random = [np.random.default_rng(member.seed) for member in members]
        self.draws = [np.random.default_rng((member.seed, 1)) for member in members]
        self.alive = torch.arange(len(members))
        self.waiting = torch.ones(len(members), dtype=torch.bool)
        fold = torch.tensor([member.fold for member in members])
        seeds = [member.seed for member in members]
        placed_fold = fold.to(placed.device)
        metadata = placed.metadata[placed_fold]
        self.everyone = Pack.build(build, seeds, metadata, present_only=present_only).to(placed.device)
        weights = LossWeights.of(data, fold.tolist(), settings)
        weights = None if weights is None else weights.to(placed.device)
        self.trainer = Trainer(placed, self.everyone, placed_fold, settings, weights=weights)
        self.averaged = AveragedWeights(self.trainer.values)
        self.best = BestSoFar(self.everyone)
        sizes = np.bincount(data.task[max(data.training, key=len)], minlength=data.shape.tasks)
        self.block = block_size(sizes, schedule.batch)
        longest = max(blocks_of(rows, data.task, self.block) for rows in data.training)
        self.batches = batch_count(longest, self.block, schedule.batch)
        trained = [data.trained_tasks(number) for number in range(len(data.training))]
        self.trained = [trained[member.fold] for member in members]
        self.validates = all(len(rows) > 0 for rows in data.validation)
        self.held_out: list[tuple[Batch, Tensor]] = []
        self.stopped_by_time = False
        self.curve: list[tuple[int, tuple[float, ...]]] = []

    def steps(self) -> Generator[Paused, None, FitResult]:
        """Train until every member's validation loss stops falling, pausing at every rung of the schedule.

        Whoever asks for no next step has stopped it for good.

        Raises:
            DivergedError: a member's loss is not finite.
        """
        epoch = 0
        while epoch < self.schedule.max_epochs and bool(self.waiting.any()) and not self.stopped_by_time:
            epoch += 1
            self._train_epoch()
            last = epoch == self.schedule.max_epochs or self.stopped_by_time
            if epoch % self.schedule.check_every == 0 or last:
                self._check(epoch)
                if epoch in self.schedule.rungs and bool(self.waiting.any()) and not last:
                    yield Paused(epoch, self.best.restored(self.everyone).to(CPU))
        self.everyone.outputs.training_mode(False)
        return FitResult(
            pack=self.best.restored(self.everyone).to(CPU),
            epochs=tuple(self.best.epoch.tolist()),
            loss=tuple(self.best.loss.tolist()),
            stopped_by_time=self.stopped_by_time,
            curve=tuple(self.curve),
            epochs_trained=epoch,
        )

    def _train_epoch(self) -> None:
        rows = [self.data.training[self.members[index].fold] for index in self.alive.tolist()]
        random = [self.random[index] for index in self.alive.tolist()]
        layouts = [lay_out(each, self.data.task, self.block, draw) for each, draw in zip(rows, random, strict=True)]
        draws = [self.draws[index] for index in self.alive.tolist()]
        for batch in deal(layouts, self.batches, self.data.shape.tasks):
            self.trainer.step(batch, draws)
            if self.deadline is not None and time.time() > self.deadline:
                self.stopped_by_time = True
                return
        if self.trainer.pack.renews_buffers:
            self.trainer.settle()
            self.trainer.pack.after_epoch()

    def _check(self, epoch: int) -> None:
        """Compare with the best weights so far, and let members go that no longer improve.

        Where there are validation rows these are means of weights; without, the last ones.
        """
        self.trainer.settle()
        self.trainer.give_means([self.trained[index] for index in self.alive.tolist()])
        if not self.validates:
            self._keep_best(epoch, self._finite_weights(epoch))
            return
        self.averaged.add(self.trainer.values)
        with self.averaged.in_place(self.trainer.values):
            loss = self._validation_loss()
            self._keep_best(epoch, loss)
        self._note(epoch, loss)
        self.waiting[self.alive] &= self.best.waiting(self.alive, epoch, self.schedule.patience, self.schedule.growth)
        self._drop(self.waiting[self.alive])

    def _keep_best(self, epoch: int, loss: Tensor) -> None:
        waiting = self.waiting[self.alive]
        if not bool(torch.isfinite(loss[waiting]).all()):
            raise DivergedError(f"The loss is not finite after {epoch} epochs; a smaller learning rate may help.")
        self.best.update(self.trainer.pack, self.alive, torch.where(waiting, loss, torch.inf), epoch)

    def _note(self, epoch: int, loss: Tensor) -> None:
        everyone = torch.full((len(self.members),), torch.nan)
        everyone[self.alive] = loss
        self.curve.append((epoch, tuple(everyone.tolist())))

    def _validation_loss(self) -> Tensor:
        total, weight = torch.zeros(len(self.alive)), torch.zeros(len(self.alive))
        for batch, count in self._held_out():
            total += self.trainer.loss(batch).cpu() * count
            weight += count
        return total / weight

    def _held_out(self) -> list[tuple[Batch, Tensor]]:
        """Batches of validation rows with the rows of each member in them; the same until a member leaves."""
        if not self.held_out:
            rows = [self.data.validation[self.members[index].fold] for index in self.alive.tolist()]
            layouts = [lay_out(each, self.data.task, self.block) for each in rows]
            values = len(layouts) * self.data.features.values.shape[1]
            size = max(self.schedule.batch, rows_at_once(EVALUATION_BATCH, values))
            batches = deal(layouts, batch_count(max(map(len, layouts)), self.block, size), self.data.shape.tasks)
            self.held_out = [(each, torch.from_numpy(each.mask.sum(axis=(1, 2)))) for each in batches]
        return self.held_out

    def _finite_weights(self, epoch: int) -> Tensor:
        """Without validation rows the last weights are the best: a loss that falls, as long as they are finite."""
        values = self.trainer.pack.parameters.values()
        finite = torch.stack([value.detach().flatten(1).isfinite().all(1) for value in values]).cpu()
        return torch.where(finite.all(0), -float(epoch), torch.nan)

    def _drop(self, waiting: Tensor) -> None:
        kept = torch.nonzero(waiting).flatten()
        if len(kept) == 0 or len(kept) > (1.0 - DROP_SHARE) * len(waiting):
            return
        self.trainer, self.alive = self.trainer.select(kept), self.alive[kept]
        self.averaged.select(kept)
        self.held_out = []
