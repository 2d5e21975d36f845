"""New tasks of classical models: effects of the columns that are a task's own, beside the scores of new tasks."""

from collections.abc import Iterator
from copy import copy

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.data.schema import Problem
from mthn_automl.deployment.adapt.blocks import Block, Rows, blocks_of
from mthn_automl.deployment.adapt.descent import Outputs, fitted
from mthn_automl.deployment.adapt.spread import LEAST_OFFSET, Spread, likelihood_of, target_of, weights_of
from mthn_automl.models.base import Classical
from mthn_automl.models.parts.added import AddedTasks

VALUES_AT_ONCE = 1 << 22
"""Of derivatives that lie in memory together."""


def adapted_classical(model: Classical, rows: Dataset, first: int, spread: Spread) -> Classical:
    """The model with tasks added: those of `rows`, which are numbered from `first` on."""
    effects = _effects(model, rows, first, spread)
    found = copy(model)
    found.added = AddedTasks(first, effects) if model.added is None else model.added.followed_by(effects)
    return found


def _with_known_class(model: Classical, rows: Dataset, base: FloatArray) -> tuple[Dataset, FloatArray]:
    """Without rows of a class of which the model was trained on no row: it has no score to move."""
    if model.classes is None:
        return rows, base
    known = np.flatnonzero(np.isin(rows.target[:, 0], model.classes.present))
    return rows.take(known), base[known]


def _effects(model: Classical, rows: Dataset, first: int, spread: Spread) -> FloatArray:
    """(new tasks, columns, outputs)."""
    effects, blocks = effects_and_blocks(model, rows, first, spread, model.raw_scores(rows))
    if effects.width == 0:
        return np.asarray(effects.roots)
    own = fitted(effects, blocks, likelihood_of(model, rows.schema.problem, spread), len(effects.roots))
    return np.asarray((own.reshape(effects.roots.shape) * effects.roots).numpy())


def effects_and_blocks(
    model: Classical, rows: Dataset, first: int, spread: Spread, base: FloatArray
) -> "tuple[Effects, list[Block]]":
    """Scores of the tasks from `first` on as a function of their effects, beside `base`, with the rows of these."""
    rows, base = _with_known_class(model, rows, base)
    columns, outputs = model.own_columns(rows), base.shape[1]
    new = rows.tasks.take(np.arange(first, len(rows.tasks)))
    noise = np.array(spread.noise) if rows.schema.problem is Problem.REGRESSION else np.ones(outputs)
    variance = model.own_variance(new, noise)
    if variance is None:
        offset = np.array(spread.offset or (LEAST_OFFSET,))
        variance = np.broadcast_to(offset, (len(new), columns.shape[1], outputs))
    effects = Effects(torch.from_numpy(np.sqrt(spread.width * variance)), outputs)
    given = np.concatenate([base, columns], axis=1)
    return effects, list(blocks_of(Rows(rows.task - first, given, target_of(model, rows), weights_of(rows))))


class Effects(Outputs):
    """Scores that are linear in effects, in units of their standard deviations `roots`, (tasks, columns, outputs)."""

    def __init__(self, roots: Tensor, outputs: int) -> None:
        self.roots, self._outputs = roots, outputs

    @property
    def width(self) -> int:
        return int(self.roots[0].numel())

    def of(self, block: Block, own: Tensor) -> Tensor:
        effects = own.reshape(-1, *self.roots.shape[1:]) * self.roots[block.tasks]
        return block.features[..., : self._outputs] + block.features[..., self._outputs :] @ effects

    def slopes(self, block: Block, own: Tensor) -> Iterator[tuple[slice, Tensor]]:
        tasks, count, _ = block.features.shape
        step = max(1, VALUES_AT_ONCE // (tasks * self._outputs * self.width))
        each = torch.eye(self._outputs, dtype=torch.float64)
        for start in range(0, count, step):
            rows = slice(start, min(start + step, count))
            columns = block.features[:, rows, self._outputs :]
            found = torch.einsum("tnq,tqj,ij->tniqj", columns, self.roots[block.tasks], each)
            yield rows, found.flatten(3)
