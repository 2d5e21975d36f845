"""A network a task in two subspaces a layer, mixed across tasks and subspaces, which reads all of its layers.

Source: Ruder, Bingel, Augenstein, Sogaard: Latent Multi-task Architecture Learning, AAAI 2019.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Size, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.layers import apply_layer, layer_widths, mlp_parameters, per_task_head
from mthn_automl.models.parts.mixing import ColumnLayer, mix, mix_of_blocks, start_of_mixing
from mthn_automl.models.parts.problem_shape import ProblemShape

SUBSPACES = 2


@dataclass(frozen=True)
class SluiceSettings:
    """What is chosen, of each task's network.

    Attributes:
        orthogonality: weight of the penalty that keeps subspaces apart.
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
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

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = Sluice(ProblemShape(features=3, outputs=1, tasks=5), SluiceSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = SluiceSettings

    def __init__(self, shape: ProblemShape, settings: SluiceSettings) -> None:
        super().__init__(shape)
        self.tasks, self.orthogonality = shape.tasks, settings.orthogonality
        self.dropout = Dropout(settings.dropout)
        *hidden, last = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.layers = nn.ModuleList(ColumnLayer(shape.tasks, *pair) for pair in hidden)
        self.mixing = nn.ParameterList(start_of_mixing(SUBSPACES * shape.tasks) for _ in hidden)
        layer_share = nn.Parameter(torch.full((shape.tasks, settings.depth), 1.0 / settings.depth))
        self.add_task_tables(layer_share=layer_share, **per_task_head(shape, settings.width))
        self.add_task_tables(own_column=torch.eye(shape.tasks))
        self.hidden_parameters, self.head_parameters = mlp_parameters(hidden), mlp_parameters([last])

    @classmethod
    def traits(cls, shape: ProblemShape, settings: SluiceSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False, cost="all_tasks")

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        columns = features.flatten(0, 1).unsqueeze(0)
        own, share, weight, bias = self.rows(task, "own_column", "layer_share", "head_weight", "head_bias")
        read = []
        for site, (layer, mixing) in enumerate(zip(self.layers, self.mixing, strict=True)):
            halves = _split(self.dropout(torch.relu(layer(columns)), site, stacked=1))
            read.append(_read(own, mixing, halves))
            if site + 1 < len(self.layers):
                columns = _joined(mix(mixing, halves).reshape(self.tasks, SUBSPACES, *halves.shape[1:]))
        seen = (share.unsqueeze(2).unsqueeze(3) * torch.stack(read, dim=1)).sum(dim=1)
        return apply_layer(seen, weight, bias)

    def penalty(self) -> Tensor:
        """||G_1' G_2||^2 of the weights of the two subspaces, summed over columns and layers."""
        layers: list[ColumnLayer] = list(self.layers)  # type: ignore[arg-type]
        halves = [layer.weight.chunk(SUBSPACES, dim=2) for layer in layers]
        shared = [torch.bmm(first.transpose(1, 2), second).square().sum() for first, second in halves]
        return self.orthogonality * torch.stack(shared).sum()

    def task_network_parameters(self) -> int:
        """All columns and what mixes them, and one task's shares of the layers and output layer."""
        depth = len(self.layers)
        inner = self.tasks * self.hidden_parameters + depth * (SUBSPACES * self.tasks) ** 2
        return inner + depth + self.head_parameters

    def size(self) -> Size:
        """One more task: its column, shares and output layer, and two rows and columns of every mixing."""
        mixing = SUBSPACES**2 * (2 * self.tasks + 1)
        marginal = self.hidden_parameters + self.head_parameters + len(self.layers) * (mixing + 1)
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
