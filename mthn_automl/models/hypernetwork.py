"""The multi-task hypernetwork: one shared network writes the weights of each task's own small network.

Source: Graffeuille, Koh, Wicker, Lehmann: Multi-Task Learning with Hypernetworks and Task Metadata, IJCAI 2024.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from mthn_automl.models.base import Architecture, ProblemShape, Traits
from mthn_automl.models.parts.activations import Activation, activate
from mthn_automl.models.parts.blocks import Trunk, layer_widths, network_numbers
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.fetching import FETCHING_PAYS
from mthn_automl.models.parts.generated_layer import GeneratedLayer
from mthn_automl.models.parts.generators import Compression, make_generators
from mthn_automl.models.parts.task_description import EmbeddingStart, TaskDescription, TaskInput, traits_of

EXTRACTOR_WIDTH = 32


@dataclass(frozen=True)
class HypernetworkSettings:
    """What is chosen.

    task_input: what the generators see of a task; without metadata, its embedding alone. embedding_rate: learning
    rate of the embeddings, in units of that of all else. compression_rank: of factorised and low_rank; chunk_size,
    chunk_embedding_size: of chunked. width, depth: of the hidden layers of the target network; activation, dropout,
    normalisation: after each of these. task_bias: whether each task adds a bias of its own to the output.
    """

    task_input: TaskInput = "both"
    embedding_size: int = 8
    embedding_start: EmbeddingStart = "distinct"
    embedding_rate: float = 1.0
    extractor_layers: int = 0
    compression: Compression = "factorised"
    compression_rank: int = 1
    chunk_size: int = 128
    chunk_embedding_size: int = 8
    width: int = 32
    depth: int = 3
    activation: Activation = "relu"
    normalisation: Literal["none", "layer"] = "none"
    dropout: float = 0.0
    task_bias: bool = False


class Hypernetwork(Architecture):
    """z_t = [e_t; m_t], h_t = extractor(z_t), and generators of each target layer's W_t, b_t from h_t.

    Example:
        >>> network = Hypernetwork(ProblemShape(features=3, outputs=1, tasks=5), HypernetworkSettings(embedding_size=2))
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = HypernetworkSettings

    def __init__(self, shape: ProblemShape, settings: HypernetworkSettings) -> None:
        super().__init__(shape)
        self.settings = settings
        self.description = TaskDescription(
            shape, settings.task_input, settings.embedding_size, settings.embedding_start, settings.embedding_rate
        )
        self.task_indexed = frozenset(f"description.{name}" for name in self.description.own)
        inputs = self.description.width
        self.extractor = Trunk(inputs, EXTRACTOR_WIDTH, settings.extractor_layers)
        self.target_layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.generators = make_generators(
            settings.compression,
            EXTRACTOR_WIDTH if settings.extractor_layers else inputs,
            self.target_layers,
            rank=settings.compression_rank,
            chunk_size=settings.chunk_size,
            chunk_embedding_size=settings.chunk_embedding_size,
        )
        self.dropout = Dropout(settings.dropout)
        if settings.task_bias:
            self.task_bias = nn.Parameter(torch.zeros(shape.tasks, shape.outputs))
            self.task_indexed |= {"task_bias"}

    @classmethod
    def traits(cls, shape: ProblemShape, settings: HypernetworkSettings) -> Traits:
        described = traits_of(shape, settings.task_input)
        return replace(described, uses_task=described.uses_task or settings.task_bias)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        *hidden, last = self._of_blocks(task)
        for site, layer in enumerate(hidden):
            features = self.dropout(self._activated(layer.apply(features)), site)
        return last.apply(features)

    def _activated(self, values: Tensor) -> Tensor:
        if self.settings.normalisation == "layer":
            values = functional.layer_norm(values, values.shape[-1:])
        return activate(values, self.settings.activation)

    def _of_blocks(self, task: Tensor) -> list[GeneratedLayer]:
        """Layers of each block; where tasks have several blocks each, generated once a task, then fetched."""
        known = len(self.metadata)
        if FETCHING_PAYS * known > len(task):
            return self._of_tasks(task)
        return [layer.of(task) for layer in self._of_tasks(torch.arange(known, device=task.device))]

    def _of_tasks(self, task: Tensor) -> list[GeneratedLayer]:
        layers: list[GeneratedLayer] = self.generators(self.extractor(self.description(task, self.metadata)))
        if self.settings.task_bias:
            bias = layers[-1].bias + self.task_bias.index_select(0, task)
            layers[-1] = layers[-1]._replace(bias=bias)
        return layers

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]] | None:
        if self.settings.activation != "relu" or self.settings.normalisation != "none":
            return None
        return [layer.folded() for layer in self._of_tasks(task)]

    def task_network_parameters(self) -> int:
        """Weights and biases of the target network, whatever generated them."""
        return network_numbers(self.target_layers)
