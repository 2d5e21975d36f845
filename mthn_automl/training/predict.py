"""Outputs of a pack for any rows, without gradients and in bounded memory."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.dataset import IntArray
from mthn_automl.training.batches import PADDING, batch_count, cut, lay_out
from mthn_automl.training.members import Pack

BLOCK = 64
BATCH = 8192


def pack_outputs(
    pack: Pack, features: Tensor, task: IntArray, fold: Sequence[int], rows: Sequence[IntArray]
) -> list[Tensor]:
    """Raw outputs of each member for its own rows.

    features (folds, all rows, d_x), task (all rows,), fold and rows: of each member.
    Returns a tensor (rows of the member, outputs) a member, in the order of its `rows`.
    """
    size = int(min(BLOCK, max(1, max((np.bincount(task[each]).max(initial=1) for each in rows), default=1))))
    layouts = [lay_out(each, task, size) for each in rows]
    batches = batch_count(max(map(len, layouts)), size, BATCH)
    numbers = torch.tensor(list(fold))
    outputs = torch.zeros(len(pack), len(task), 0)
    for batch in cut(layouts, batches):
        wanted = torch.from_numpy(batch.rows)
        flat = (wanted.clamp(min=0) + numbers.reshape(-1, 1, 1) * features.shape[1]).flatten()
        given = features.flatten(0, 1).index_select(0, flat).reshape(*wanted.shape, features.shape[2])
        with torch.no_grad():
            found, _ = pack(given, torch.from_numpy(batch.task))
        if outputs.shape[2] == 0:
            outputs = torch.zeros(len(pack), len(task), found.shape[3])
        member, block, place = torch.nonzero(wanted != PADDING, as_tuple=True)
        outputs[member, wanted[member, block, place]] = found[member, block, place]
    return [outputs[member][torch.from_numpy(each)] for member, each in enumerate(rows)]
