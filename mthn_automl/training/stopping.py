"""The best weights of each member, and when to stop looking for better ones."""

import torch
from torch import Tensor

from mthn_automl.training.members import Pack
from mthn_automl.training.tables import State

LONGEST = 5
"""Times the patience that a member waits at most."""


class BestSoFar:
    """Best validation loss of each member, its epoch, and a copy of its parameters and buffers there."""

    def __init__(self, pack: Pack) -> None:
        self.loss = torch.full((len(pack),), torch.inf)
        self.epoch = torch.zeros(len(pack), dtype=torch.int64)
        self.parameters = _copy(pack.parameters)
        self.buffers = _copy(pack.buffers)

    def update(self, pack: Pack, members: Tensor, loss: Tensor, epoch: int) -> None:
        """Take over the members of `pack` (numbered `members` here) whose loss is the lowest yet."""
        better = torch.nonzero(loss < self.loss[members]).flatten()
        improved = members[better]
        self.loss[improved] = loss[better]
        self.epoch[improved] = epoch
        for name, value in pack.parameters.items():
            self.parameters[name][improved] = value.detach()[better]
        for name, value in pack.buffers.items():
            self.buffers[name][improved] = value[better]

    def waiting(self, members: Tensor, epoch: int, patience: int, growth: float = 0.0) -> Tensor:
        """Which members improved within `patience` epochs, or `growth` x their best epoch if more: (members,) bool.

        That is five times the patience at most.
        """
        best = self.epoch[members]
        return epoch - best < torch.clamp(growth * best, min=patience, max=LONGEST * patience)

    def restored(self, pack: Pack) -> Pack:
        """All members at their best."""
        return Pack(pack.prototype, self.parameters, self.buffers, present_only=pack.present_only)


def _copy(state: State) -> State:
    return {name: value.detach().clone() for name, value in state.items()}
