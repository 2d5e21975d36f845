"""Outputs of a pack for any rows, without gradients and in bounded memory."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.arrays import IntArray
from mthn_automl.training.batches import PADDING, Layout, batch_count, deal, lay_out, rows_at_once
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.members import Member, Pack
from mthn_automl.training.tensors import ScaledTensor

BLOCK = 64
BATCH = 8192


def pack_outputs(
    pack: Pack, features: Tensor, task: IntArray, fold: Sequence[int], rows: Sequence[IntArray]
) -> list[Tensor]:
    """Raw outputs of each member for its own rows.

    features (folds, all rows, d_x), task (all rows,), fold and rows: of each member.
    Returns a tensor (rows of the member, outputs) a member, in the order of its `rows`.
    """
    if features.shape[1] == 0:  # padding is row 0, so there must be one
        features = features.new_zeros(len(features), 1, features.shape[2])
    flat = features.flatten(0, 1)
    first = torch.tensor(list(fold)).reshape(-1, 1, 1) * features.shape[1]
    batch = rows_at_once(BATCH, len(rows) * features.shape[2])
    return _outputs(pack, lambda wanted: flat.index_select(0, (wanted + first).flatten()), task, rows, batch)


def fold_outputs(pack: Pack, data: TrainingData, members: Sequence[Member], rows: Sequence[IntArray]) -> list[Tensor]:
    """As `pack_outputs`, each member seeing the rows as its fold scales them."""
    features = ScaledTensor.of(data.features, torch.device("cpu"))
    fold = torch.tensor([member.fold for member in members])
    batch = rows_at_once(BATCH, len(rows) * features.values.shape[1])
    return _outputs(pack, lambda wanted: features.take(wanted, fold).flatten(0, 2), data.task, rows, batch)


def _outputs(
    pack: Pack, take: Callable[[Tensor], Tensor], task: IntArray, rows: Sequence[IntArray], at_once: int
) -> list[Tensor]:
    """take: indices of rows (members, blocks, size) to features (members x blocks x size, encoded columns)."""
    size = int(min(BLOCK, at_once, max(1, max((np.bincount(task[each]).max(initial=1) for each in rows), default=1))))
    layouts = [lay_out(each, task, size) for each in rows]
    tasks = pack.buffers["metadata"].shape[1]
    outputs: list[list[Tensor]] = [[] for _ in rows]
    for batch in deal(layouts, batch_count(max(map(len, layouts)), size, at_once), tasks):
        wanted, mask = torch.from_numpy(batch.rows), torch.from_numpy(batch.mask)
        present = np.minimum(np.take_along_axis(batch.present, batch.place, axis=1), tasks - 1)
        with torch.no_grad():
            of_batch, _ = pack(take(wanted).reshape(*wanted.shape, -1), torch.from_numpy(present))
        for member, parts in enumerate(outputs):
            parts.append(of_batch[member][mask[member]])
    members = zip(outputs, layouts, rows, strict=True)
    return [_in_order(torch.cat(parts), layout, each) for parts, layout, each in members]


def _in_order(outputs: Tensor, layout: Layout, rows: IntArray) -> Tensor:
    """From the order of the layout to that of `rows`."""
    laid = layout.rows[layout.rows != PADDING]
    index = np.empty(len(rows), dtype=np.int64)
    index[np.argsort(rows, kind="stable")] = np.argsort(laid, kind="stable")
    return outputs[torch.from_numpy(index)]
