"""A network a task in two subspaces a layer, mixed across tasks and subspaces, which reads all of its layers.

Source: Ruder, Bingel, Augenstein, Sogaard: Latent Multi-task Architecture Learning, AAAI 2019.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, ProblemShape, Size, Traits
from mthn_automl.models.parts.blocks import apply_layer, layer_widths, network_numbers, per_task_weight
from mthn_automl.models.parts.columns import ColumnLayer, mix, mix_of_blocks, start_of_mixing
from mthn_automl.models.parts.dropout import Dropout

SUBSPACES = 2


@dataclass(frozen=True)
class SluiceSettings:
    """What is chosen.

    orthogonality: weight of the penalty that keeps subspaces apart. width, depth, dropout: of the hidden layers of
    each task's network.
    """

    orthogonality: float = 1e-3
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class Sluice(Architecture):
    """Column t, subspace i: a_l = relu(h_l-1,t W_l + b_l), h_l,t,i = sum over s, j of alpha_l[t i, s j] a_l,s,j; task
    t reads sum over layers of beta_t,l h_l,t, on which its output layer stands.

    A task never seen has no column: it reads the mean of what the known ones read, by the mean of their beta and
    output layers.

    Example:
        >>> network = Sluice(ProblemShape(features=3, outputs=1, tasks=5), SluiceSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])

    Attributes:
        own_column: (tasks, columns), 1 for the task's own column.
    """

    Settings: ClassVar[type] = SluiceSettings

    own_column: Tensor

    def __init__(self, shape: ProblemShape, settings: SluiceSettings) -> None:
        super().__init__(shape)
        self.tasks, self.orthogonality = shape.tasks, settings.orthogonality
        self.dropout = Dropout(settings.dropout)
        *hidden, last = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.layers = nn.ModuleList(ColumnLayer(shape.tasks, *pair) for pair in hidden)
        self.mixing = nn.ParameterList(start_of_mixing(SUBSPACES * shape.tasks) for _ in hidden)
        self.layer_share = nn.Parameter(torch.full((shape.tasks, settings.depth), 1.0 / settings.depth))
        self.head_weight = per_task_weight(shape, *last)
        self.head_bias = nn.Parameter(torch.zeros(shape.tasks, shape.outputs))
        self.register_buffer("own_column", torch.eye(shape.tasks))
        self.task_indexed = frozenset({"layer_share", "head_weight", "head_bias", "own_column"})
        self.hidden_numbers, self.head_numbers = network_numbers(hidden), network_numbers([last])

    @classmethod
    def traits(cls, shape: ProblemShape, settings: SluiceSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False, cost="all_tasks")

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        columns, own = features.flatten(0, 1).unsqueeze(0), self.own_column.index_select(0, task)
        read = []
        for site, (layer, mixing) in enumerate(zip(self.layers, self.mixing, strict=True)):
            halves = _split(self.dropout(torch.relu(layer(columns)), site, stacked=1))
            read.append(_read(own, mixing, halves))
            if site + 1 < len(self.layers):
                columns = _joined(mix(mixing, halves).reshape(self.tasks, SUBSPACES, *halves.shape[1:]))
        share = self.layer_share.index_select(0, task).unsqueeze(2).unsqueeze(3)
        seen = (share * torch.stack(read, dim=1)).sum(dim=1)
        return apply_layer(seen, self.head_weight.index_select(0, task), self.head_bias.index_select(0, task))

    def penalty(self) -> Tensor:
        """||G_1' G_2||^2 of the weights of the two subspaces, summed over columns and layers."""
        layers: list[ColumnLayer] = list(self.layers)  # type: ignore[arg-type]
        halves = [layer.weight.chunk(SUBSPACES, dim=2) for layer in layers]
        found = [torch.bmm(first.transpose(1, 2), second).square().sum() for first, second in halves]
        return self.orthogonality * torch.stack(found).sum()

    def task_network_parameters(self) -> int:
        """All columns and what mixes them, and one task's shares of the layers and output layer."""
        depth = len(self.layers)
        inner = self.tasks * self.hidden_numbers + depth * (SUBSPACES * self.tasks) ** 2
        return inner + depth + self.head_numbers

    def size(self) -> Size:
        """One more task: its column, shares and output layer, and two rows and columns of every mixing."""
        mixing = SUBSPACES**2 * (2 * self.tasks + 1)
        marginal = self.hidden_numbers + self.head_numbers + len(self.layers) * (mixing + 1)
        return Size(super().size().total, self.task_network_parameters(), marginal)


def _split(columns: Tensor) -> Tensor:
    """(columns, rows, width) -> (columns x subspaces, rows, width of a subspace)."""
    count, rows, width = columns.shape
    halves = columns.reshape(count, rows, SUBSPACES, width // SUBSPACES).transpose(1, 2)
    return halves.reshape(count * SUBSPACES, rows, width // SUBSPACES)


def _read(own: Tensor, mixing: Tensor, halves: Tensor) -> Tensor:
    """The mixture that the column of each block's own task goes on with: (blocks, rows, width)."""
    rows = (own @ mixing.reshape(own.shape[1], -1)).reshape(len(own), SUBSPACES, len(halves))
    return _joined(mix_of_blocks(rows, halves))


def _joined(halves: Tensor) -> Tensor:
    """(count, subspaces, rows, width of a subspace) -> (count, rows, width)."""
    return halves.transpose(1, 2).flatten(2)
