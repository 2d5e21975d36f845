"""Parameters side by side in one table, so that the optimiser and a step's fetching of rows are one operation each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

State = dict[str, Tensor]


@dataclass(frozen=True)
class Table:
    """Parameters of one kind, shared or of single tasks.

    Attributes:
        values: (members, width), or (members, tasks + 1, width), of whose rows the last is nobody's, for padding.
        columns: name, width and shape of each parameter.
    """

    values: Tensor
    columns: tuple[tuple[str, int, torch.Size], ...]

    @classmethod
    def of_shared(cls, parameters: State) -> "Table | None":
        """parameters: by name, (members, ...); None where there are none."""
        if not parameters:
            return None
        columns = _columns(parameters, 1)
        return cls(_join([value.detach() for value in parameters.values()], columns, 1), columns)

    @classmethod
    def of_tasks(cls, parameters: State) -> "Table | None":
        """parameters: by name, (members, tasks, ...); None where there are none."""
        if not parameters:
            return None
        columns = _columns(parameters, 2)
        joined = _join([value.detach() for value in parameters.values()], columns, 2)
        return cls(torch.cat([joined, torch.zeros_like(joined[:, :1])], dim=1), columns)

    def split(self, rows: Tensor) -> State:
        """(..., width) as the parameters it is made of, (..., *shape): views where `rows` is contiguous."""
        parts = torch.split(rows, [width for _, width, _ in self.columns], dim=-1)
        named = zip(self.columns, parts, strict=True)
        return {name: part.reshape(*rows.shape[:-1], *shape) for (name, _, shape), part in named}

    def join(self, parts: Sequence[Tensor], batched: int) -> Tensor:
        """What `split` takes apart, in the order of the columns; the first `batched` dimensions are kept."""
        return _join(parts, self.columns, batched)


def _join(parts: Sequence[Tensor], columns: Sequence[tuple[str, int, torch.Size]], batched: int) -> Tensor:
    named = zip(parts, columns, strict=True)
    return torch.cat([part.reshape(*part.shape[:batched], width) for part, (_, width, _) in named], dim=batched)


def _columns(parameters: State, batched: int) -> tuple[tuple[str, int, torch.Size], ...]:
    shapes = {name: value.shape[batched:] for name, value in parameters.items()}
    return tuple((name, math.prod(shape), shape) for name, shape in shapes.items())
