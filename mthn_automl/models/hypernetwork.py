"""The multi-task hypernetwork: one shared network writes the weights of each task's own small network.

Source: Graffeuille, Koh, Wicker, Lehmann: Multi-Task Learning with Hypernetworks and Task Metadata, IJCAI 2024.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.blocks import FETCHING_PAYS
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.generators import Compression, GeneratedLayer, make_generators
from mthn_automl.models.parts.hidden import Activation, Hidden, Normalisation
from mthn_automl.models.parts.layers import Trunk, layer_widths, mlp_parameters
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, TaskDescription, traits_of

EXTRACTOR_WIDTH = 32


@dataclass(frozen=True)
class HypernetworkSettings(DescriptionSettings):
    """What is chosen; of the target network, width to normalisation.

    Attributes:
        embedding_rate: learning rate of the embeddings, in units of that of all else.
        extractor_layers: between a task's description and the generators.
        compression: how a layer's weights are made from what the extractor gives.
        compression_rank: terms of the generated part, of factorised and low_rank.
        chunk_size: weights that are written at once, of chunked.
        chunk_embedding_size: values that tell chunks apart, of chunked.
        width: units of a hidden layer.
        depth: hidden layers.
        activation: after each hidden layer.
        normalisation: before each activation.
        dropout: share of hidden units that a training step leaves out.
        task_bias: whether each task adds a bias of its own to the output.
    """

    embedding_rate: float = 1.0
    extractor_layers: int = 0
    compression: Compression = "factorised"
    compression_rank: int = 1
    chunk_size: int = 128
    chunk_embedding_size: int = 8
    width: int = 32
    depth: int = 3
    activation: Activation = "relu"
    normalisation: Normalisation = "none"
    dropout: float = 0.0
    task_bias: bool = False


class Hypernetwork(Architecture):
    """z_t = [e_t; m_t], h_t = extractor(z_t), and generators of each target layer's W_t, b_t from h_t.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = Hypernetwork(ProblemShape(features=3, outputs=1, tasks=5), HypernetworkSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = HypernetworkSettings

    def __init__(self, shape: ProblemShape, settings: HypernetworkSettings) -> None:
        super().__init__(shape)
        self.settings = settings
        self.hidden = Hidden(settings.activation, settings.normalisation)
        self.description = TaskDescription(shape, settings, settings.embedding_rate)
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
            self.add_task_tables(task_bias=nn.Parameter(torch.zeros(shape.tasks, shape.outputs)))

    @classmethod
    def traits(cls, shape: ProblemShape, settings: HypernetworkSettings) -> Traits:
        described = traits_of(shape, settings)
        return replace(described, uses_task=described.uses_task or settings.task_bias, mlp_a_task=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        *hidden, last = self._of_blocks(task)
        for site, layer in enumerate(hidden):
            features = self.dropout(self.hidden.units(layer.apply(features)), site)
        return last.apply(features)

    def _of_blocks(self, task: Tensor) -> list[GeneratedLayer]:
        """Layers of each block; where tasks have several blocks each, generated once a task, then fetched."""
        known = len(self.metadata)
        if FETCHING_PAYS * known > len(task):
            return self.generated(task)
        return [layer.of(task) for layer in self.generated(torch.arange(known, device=task.device))]

    def generated(self, task: Tensor) -> list[GeneratedLayer]:
        """The layers of each task's network; task (tasks,)."""
        layers: list[GeneratedLayer] = self.generators(self.extractor(self.description(task, self.metadata)))
        if self.settings.task_bias:
            bias = layers[-1].bias + self.rows(task, "task_bias")[0]
            layers[-1] = layers[-1]._replace(bias=bias)
        return layers

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        return [layer.folded() for layer in self.generated(task)]

    def task_network_parameters(self) -> int:
        """Weights and biases of the target network, whatever generated them."""
        return mlp_parameters(self.target_layers)
