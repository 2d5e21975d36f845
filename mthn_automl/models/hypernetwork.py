"""The multi-task hypernetwork: one shared network writes the weights of each task's own small network.

Source: Graffeuille, Koh, Wicker, Lehmann: Multi-Task Learning with Hypernetworks and Task Metadata, IJCAI 2024.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, ProblemShape, Traits
from mthn_automl.models.blocks import Trunk, apply_layer, layer_widths, network_numbers
from mthn_automl.models.generators import FactorisedGenerator
from mthn_automl.models.task_description import EmbeddingStart, TaskDescription, TaskInput, traits_of

EXTRACTOR_WIDTH = 32
FETCHING_PAYS = 1.5
"""Blocks a task from which fetching its weights is cheaper than generating them again (measured)."""


@dataclass(frozen=True)
class HypernetworkSettings:
    """What is chosen. `task_input`: what the generators see of a task; without metadata, its embedding alone."""

    task_input: TaskInput = "both"
    embedding_size: int = 8
    embedding_start: EmbeddingStart = "distinct"
    extractor_layers: int = 0
    compression_rank: int = 1
    width: int = 32
    depth: int = 3


class Hypernetwork(Architecture):
    """z_t = [e_t; m_t], h_t = extractor(z_t), and a generator a target layer: W_t, b_t = g(h_t).

    Example:
        >>> network = Hypernetwork(ProblemShape(features=3, outputs=1, tasks=5), HypernetworkSettings(embedding_size=2))
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = HypernetworkSettings

    def __init__(self, shape: ProblemShape, settings: HypernetworkSettings) -> None:
        super().__init__(shape)
        self.description = TaskDescription(
            shape, settings.task_input, settings.embedding_size, settings.embedding_start
        )
        self.task_indexed = frozenset(f"description.{name}" for name in self.description.own)
        inputs = self.description.width
        self.extractor = Trunk(inputs, EXTRACTOR_WIDTH, settings.extractor_layers, biased=True)
        representation = EXTRACTOR_WIDTH if settings.extractor_layers else inputs
        self.target_layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.generators = nn.ModuleList(
            FactorisedGenerator(representation, *pair, settings.compression_rank, last=pair is self.target_layers[-1])
            for pair in self.target_layers
        )

    @classmethod
    def traits(cls, shape: ProblemShape, settings: HypernetworkSettings) -> Traits:
        return traits_of(shape, settings.task_input)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        *hidden, last = self._of_blocks(task)
        for weight, bias in hidden:
            features = torch.relu(apply_layer(features, weight, bias))
        return apply_layer(features, *last)

    def _of_blocks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Layers of each block; where tasks have several blocks each, generated once a task, then fetched."""
        known = len(self.metadata)
        if FETCHING_PAYS * known > len(task):
            return self.task_networks(task)
        every = self.task_networks(torch.arange(known, device=task.device))
        return [(weight.index_select(0, task), bias.index_select(0, task)) for weight, bias in every]

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        representation = self.extractor(self.description(task, self.metadata))
        return [generator(representation) for generator in self.generators]

    def task_network_parameters(self) -> int:
        return network_numbers(self.target_layers)
