"""A hypernetwork that is also told how small the networks it writes shall be: one training, the whole curve.

Sources: Navon et al.: Learning the Pareto Front with Hypernetworks, ICLR 2021; Lin et al.: Controllable Pareto
Multi-Task Learning, 2020; the units that close one after another: Yu et al.: Slimmable Neural Networks, ICLR 2019.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.generators import make_generators
from mthn_automl.models.parts.layers import Trunk, apply_mlp, layer_widths, mlp_parameters
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, TaskDescription, traits_of

EXTRACTOR_WIDTH = 32
CLOSING = 0.2
"""A unit's output fades over so much of the preference before it is closed."""

LARGEST_DRAWN, SHARE_OF_NONE = 0.95, 0.25
"""Of the preferences drawn in training; some are 0, which is what a model is ranked by."""


@dataclass(frozen=True)
class ParetoHypernetworkSettings(DescriptionSettings):
    """What is chosen; as of the hypernetwork.

    Attributes:
        extractor_layers: between a task's description and the generators.
        compression_rank: terms of the generated part.
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    extractor_layers: int = 1
    compression_rank: int = 1
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class ParetoHypernetwork(Architecture):
    """h_t = extractor([z_t; p]); W_t, b_t = generators(h_t); hidden unit j is multiplied by a gate that p closes.

    p in [0, 1] is the preference for a small network over a small error: each step of training draws one and
    descends the scalarisation (1 - p) error + p size, divided by 1 - p. size is the share of the weights that lie
    between open units. Gate of unit j: (c_j - p) / CLOSING cut to [0, 1], where c_j is learnt: a unit whose loss
    would cost more than its weights save stays open longer. Networks of larger p are parts of those of smaller p.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = ParetoHypernetwork(ProblemShape(features=3, outputs=1, tasks=5), ParetoHypernetworkSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])

    Attributes:
        preference: p outside training, a scalar buffer; 0: the smallest error.
    """

    Settings: ClassVar[type] = ParetoHypernetworkSettings

    preference: Tensor
    drawn: Tensor
    begin: Tensor

    def __init__(self, shape: ProblemShape, settings: ParetoHypernetworkSettings) -> None:
        super().__init__(shape)
        self.description = TaskDescription(shape, settings)
        inputs = self.description.width + 1
        self.extractor = Trunk(inputs, EXTRACTOR_WIDTH, settings.extractor_layers)
        self.layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.generators = make_generators(
            "factorised",
            EXTRACTOR_WIDTH if settings.extractor_layers else inputs,
            self.layers,
            rank=settings.compression_rank,
        )
        self.dropout = Dropout(settings.dropout)
        self.register_buffer("preference", torch.zeros(()))
        self.register_buffer("drawn", torch.zeros(()))
        self.register_buffer("begin", torch.linspace(CLOSING, 1.0 + CLOSING, settings.width))
        self.later = nn.Parameter(torch.zeros(settings.depth, settings.width))

    @classmethod
    def traits(cls, shape: ProblemShape, settings: ParetoHypernetworkSettings) -> Traits:
        return replace(traits_of(shape, settings), mlp_a_task=True)

    def draw(self, random: np.random.Generator) -> Mapping[str, NDArray[Any]]:
        below = -LARGEST_DRAWN * SHARE_OF_NONE / (1.0 - SHARE_OF_NONE)
        drawn = np.asarray(max(0.0, random.uniform(below, LARGEST_DRAWN)), dtype=np.float32)
        return {**super().draw(random), "drawn": drawn}

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        return apply_mlp(features, self.task_networks(task), self.dropout)

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        """A gate multiplies the weights that lead on from its unit."""
        described = self.description(task, self.metadata)
        preference = self._preference().reshape(1, 1).expand(len(task), 1)
        generated = self.generators(self.extractor(torch.cat([described, preference], dim=1)))
        first, *others = [layer.folded() for layer in generated]
        gates = self.gates().unbind(0)
        return [
            first,
            *((weight * gate.unsqueeze(1), bias) for (weight, bias), gate in zip(others, gates, strict=True)),
        ]

    def _preference(self) -> Tensor:
        return self.drawn if self.training else self.preference

    def gates(self) -> Tensor:
        """(depth, width) in [0, 1]."""
        return torch.clamp((self.begin + self.later - self._preference()) / CLOSING, 0.0, 1.0)

    def penalty(self) -> Tensor:
        """p / (1 - p) times the share of the weights that lie between open units."""
        preference = torch.clamp(self._preference(), max=LARGEST_DRAWN)
        open_units = self.gates().sum(dim=1)
        inputs, outputs = self.layers[0][0], self.layers[-1][1]
        between = (open_units[:-1] * open_units[1:]).sum() + inputs * open_units[0] + open_units[-1] * outputs
        weights = sum(a * b for a, b in self.layers)
        return preference / (1.0 - preference) * between / weights

    def task_network_parameters(self) -> int:
        """Weights and biases of the target network at preference 0, with every unit open."""
        return mlp_parameters(self.layers)
