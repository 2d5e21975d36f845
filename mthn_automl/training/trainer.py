"""One pack in training on one device: a step, a loss, and members that leave."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.schema import Problem
from mthn_automl.training.batches import Batch
from mthn_automl.training.losses import row_loss, weighted_mean
from mthn_automl.training.members import Outputs, Pack, compute, rows_of
from mthn_automl.training.optimiser import PackOptimiser, TaskRows
from mthn_automl.training.settings import TrainingSettings
from mthn_automl.training.tables import State, Table
from mthn_automl.training.tensors import DeviceData
from mthn_automl.training.weighting import LossWeights

FEW_TASKS, FEW_VALUES = 1000, 200_000
"""Tasks, and values in their tables, up to which AdamW over all of them costs less than fetching rows (measured)."""


@dataclass(frozen=True)
class Rows:
    """A batch's rows on the device.

    Attributes:
        features: (members, blocks, rows, d_x) float32, as each member's fold scales them.
        target: (members, blocks, rows, targets) float32, likewise.
        mask: (members, blocks, rows) float32, 1 for a row and 0 for padding.
        weight: (members, blocks, rows) float32, what a row counts in the loss by its task; 0 for padding.
        place: (members, blocks) int64, where among the tasks that the network is given each block's task stands.
        counts: (members, blocks, rows, targets or 1) float32, what each target of a row counts; None: all count alike.
    """

    features: Tensor
    target: Tensor
    mask: Tensor
    weight: Tensor
    place: Tensor
    counts: Tensor | None = None


def losses(
    outputs: Outputs, problem: Problem, parameters: State, buffers: State, rows: Rows
) -> tuple[Tensor, Tensor, Tensor]:
    """Weighted mean loss over the rows, penalty, and loss of each row, of each member; a pure function of tensors.

    The parameters and buffers of one member alone come without the dimension of members: stacking one is slower.
    """
    if len(rows.place) > 1:
        output, penalty = compute(outputs, parameters, buffers, rows.features, rows.place)
    else:
        output, penalty = outputs(parameters, buffers, rows.features.squeeze(0), rows.place.squeeze(0))
        output, penalty = output.unsqueeze(0), penalty.unsqueeze(0)
    loss = _loss_of_rows(problem, output, rows)
    return weighted_mean(loss, rows.weight, rows.mask), penalty, loss.detach()


def _loss_of_rows(problem: Problem, output: Tensor, rows: Rows) -> Tensor:
    """(members, blocks, rows); the mean over heads where outputs are (members, heads, blocks, rows, outputs)."""
    target, counts = rows.target, rows.counts
    if output.ndim == target.ndim:
        return row_loss(problem, output, target, counts)
    of_heads = target.unsqueeze(1).expand(-1, output.shape[1], -1, -1, -1)
    return row_loss(problem, output, of_heads, None if counts is None else counts.unsqueeze(1)).mean(dim=1)


class Trainer:
    """Steps of the members of `pack`, whose parameters it changes in place. fold (members,): of each member."""

    def __init__(
        self,
        data: DeviceData,
        pack: Pack,
        fold: Tensor,
        settings: TrainingSettings,
        *,
        weights: LossWeights | None = None,
        dense: bool | None = None,
    ) -> None:
        """weights: None: every row counts alike.

        dense: whether AdamW goes over all rows of the task tables at every step; None: where they are few.
        """
        self.weights = weights
        self.data, self.pack, self.fold, self.settings = data, pack, fold, settings
        of_tasks = pack.prototype.task_indexed & pack.parameters.keys() if pack.present_only else frozenset()
        self.shared = Table.of_shared({name: value for name, value in pack.parameters.items() if name not in of_tasks})
        self.table = Table.of_tasks({name: value for name, value in pack.parameters.items() if name in of_tasks})
        self.tasks = pack.buffers["metadata"].shape[1]
        self._first_row = np.arange(len(pack))[:, None] * (self.tasks + 1)
        parameters = {} if self.shared is None else self.shared.split(self.shared.values)
        if self.table is not None:
            parameters |= self.table.split(self.table.values[:, :-1])
        pack.parameters = {name: parameters[name] for name in pack.parameters}
        few = self.table is not None and self.tasks <= FEW_TASKS and self.table.values.numel() <= FEW_VALUES
        self.dense = self.table is not None and (few if dense is None else dense)
        self._prepare()

    def _prepare(self) -> None:
        """Leaves that share memory with the tables, and the optimiser of these."""
        shared = {} if self.shared is None else self.shared.split(self._alone(self.shared.values))
        self.leaves = {name: value.detach().requires_grad_() for name, value in shared.items()}
        whole = [] if self.shared is None else [self.shared.values]
        rows = None
        if self.table is not None and self.dense:
            self.all_rows = self.table.values.detach().requires_grad_()
            whole.append(self.table.values)
        elif self.table is not None:
            rows = TaskRows(self.table.values, self.settings)
        self.optimiser = PackOptimiser(whole, rows, self.settings)

    def step(self, batch: Batch, random: Sequence[np.random.Generator] = ()) -> Tensor:
        """One step of the optimiser; the members' losses before it, (members,). random: each member's own stream."""
        self.pack.outputs.training_mode(True)
        if random:
            self.pack.draw(random)
        indices, fetched = self._table_rows(batch), None
        if self.optimiser.rows is not None:
            fetched = self.optimiser.rows.fetch(indices)
        leaves, rows = list(self.leaves.values()), None
        if fetched is not None:
            leaves, rows = [*leaves, fetched.values], fetched.values
        elif self.dense:
            leaves, rows = [*leaves, self.all_rows], self.all_rows.flatten(0, 1).index_select(0, self._to(indices))
        given = self._rows(batch, self.weights)
        loss, penalty, of_rows = self._losses(batch, rows, given)
        if self.weights is not None:
            self.weights.learn(batch, of_rows, given.mask, given.counts)
        gradients = torch.autograd.grad((loss + penalty).sum(), leaves, materialize_grads=True)
        shared, of_tasks = gradients[: len(self.leaves)], gradients[len(self.leaves) :]
        self.optimiser.step([*self._of_shared(shared), *of_tasks], fetched)
        return loss.detach()

    @property
    def values(self) -> list[Tensor]:
        """The tables that hold all parameters, (members, ...) each; a step changes them in place."""
        return [each.values for each in (self.shared, self.table) if each is not None]

    def _of_shared(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        if self.shared is None:
            return []
        return [self.shared.join(gradients, int(len(self.pack) > 1)).reshape(self.shared.values.shape)]

    def settle(self) -> None:
        """Make the pack's parameters those of the present step for all tasks."""
        if self.optimiser.rows is not None:
            self.optimiser.rows.settle()

    def give_means(self, trained: Sequence[IntArray | None]) -> None:
        """Give tasks on which a member does not train the mean of the tables' rows of those on which it does.

        A task never seen is given the same. The pack must be settled.

        Args:
            trained: of each member, the tasks on which it trains; None: on all.
        """
        state = {**self.pack.parameters, **self.pack.buffers}
        tables = [state[name].detach() for name in self.pack.prototype.task_indexed]
        for member, tasks in enumerate(trained):
            if tasks is not None:
                others = self._to(np.setdiff1d(np.arange(self.tasks), tasks))
                for table in tables:
                    table[member, others] = table[member, self._to(tasks)].mean(dim=0)

    def loss(self, batch: Batch) -> Tensor:
        """Mean loss of each member over a batch, (members,); the pack must be settled."""
        self.pack.outputs.training_mode(False)
        with torch.no_grad():
            rows = None if self.table is None else self.table.values.flatten(0, 1)[self._to(self._table_rows(batch))]
            return self._losses(batch, rows, self._rows(batch, None))[0]

    def select(self, kept: Tensor) -> "Trainer":
        """The given members only, going on as before; the pack must be settled."""
        weights = None if self.weights is None else self.weights.select(kept)
        smaller = Trainer(
            self.data, self.pack.select(kept), self.fold[kept], self.settings, weights=weights, dense=self.dense
        )
        smaller.optimiser.take_over(self.optimiser, kept)
        return smaller

    def _alone(self, value: Tensor) -> Tensor:
        """Without the dimension of members where there is one only."""
        return value.squeeze(0) if len(self.pack) == 1 else value

    def _table_rows(self, batch: Batch) -> IntArray:
        """Indices of the rows of the table that the batch needs, member after member."""
        return np.asarray((batch.present + self._first_row).reshape(-1))

    def _losses(self, batch: Batch, rows: Tensor | None, given: Rows) -> tuple[Tensor, Tensor, Tensor]:
        parameters, buffers = dict(self.leaves), self.pack.buffers
        if self.pack.present_only:
            known = self._to(np.minimum(batch.present, self.tasks - 1))
            of_tasks = self.pack.task_indexed
            buffers = {name: rows_of(value, known) if name in of_tasks else value for name, value in buffers.items()}
        if self.table is not None and rows is not None:
            parameters |= self.table.split(self._alone(rows.reshape(*batch.present.shape, -1)))
        buffers = {name: self._alone(value) for name, value in buffers.items()}
        return losses(self.pack.outputs, self.data.problem, parameters, buffers, given)

    def _rows(self, batch: Batch, weights: LossWeights | None) -> Rows:
        task = batch.place
        if not self.pack.present_only:
            task = np.take_along_axis(batch.present, batch.place, axis=1) % self.tasks
        rows = torch.from_numpy(batch.rows)
        features, target = (each.take(rows, self.fold) for each in (self.data.features, self.data.target))
        counts = None if self.data.counts is None else self.data.counts.take(rows, self.fold)
        mask = self._to(batch.mask).to(features.dtype)
        weight = mask if weights is None else weights.of_rows(batch, mask)
        return Rows(features, target, mask, weight, self._to(task), counts)

    def _to(self, array: np.ndarray) -> Tensor:
        return torch.from_numpy(array).to(self.data.device, non_blocking=True)
