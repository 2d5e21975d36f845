"""Several networks in one for each task: layers shared by all, and cheap adapters that are written for the task.

Sources: Gorishniy, Kotelnikov, Babenko: TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling,
ICLR 2025; Wen, Tran, Ba: BatchEnsemble, ICLR 2020. Adapters that depend on the task are ours.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, ProblemShape, Traits
from mthn_automl.models.parts.blocks import initial_weight, layer_widths, shared_product
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.fetching import of_blocks
from mthn_automl.models.parts.in_parts import in_parts
from mthn_automl.models.parts.task_description import EmbeddingStart, TaskDescription, TaskInput, traits_of

QUIET = 0.3
"""Standard deviation, over tasks, of what is written of the adapters for a task at the start."""


@dataclass(frozen=True)
class TabmTasksSettings:
    """What is chosen. implicit_members: networks whose outputs are averaged. width, depth: of the hidden layers."""

    task_input: TaskInput = "both"
    embedding_size: int = 8
    embedding_start: EmbeddingStart = "distinct"
    implicit_members: int = 8
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class TabmTasks(Architecture):
    """Implicit member k of task t: h <- relu(s_tk o ((r_tk o h) W) + b_tk) a layer; y_tk = h V_k + v_tk.

    W is shared by tasks and members, the heads V_k by tasks (Gorishniy et al., section 3.3). The numbers of r, s, b
    and v are a start, plus what is learnt of member k, plus z_t G_k. The start of the first r is +1 or -1 at random,
    that of all other r and s is 1: weight decay draws to the start, where no adapter is. The prediction is the mean
    of the members' outputs, which are logits in classification; the training loss is the mean of their losses.
    """

    Settings: ClassVar[type] = TabmTasksSettings

    start: Tensor

    def __init__(self, shape: ProblemShape, settings: TabmTasksSettings) -> None:
        super().__init__(shape)
        self.members, self.width = settings.implicit_members, settings.width
        *hidden, last = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.description = TaskDescription(
            shape, settings.task_input, settings.embedding_size, settings.embedding_start
        )
        self.task_indexed = frozenset(f"description.{name}" for name in self.description.own)
        self.weights = nn.ParameterList(initial_weight(*pair) for pair in hidden)
        self.head_weight = nn.Parameter(torch.stack([initial_weight(*last) for _ in range(self.members)]))
        self.dropout = Dropout(settings.dropout)
        self.sizes = [size for inputs, outputs in hidden for size in (inputs, outputs, outputs)] + [shape.outputs]
        self.register_buffer("start", self._start())
        self.adapters = nn.Parameter(self._biases())
        described = self.description.width
        self.of_task = nn.Parameter(torch.randn(described, *self.start.shape) * QUIET / max(described, 1) ** 0.5)

    def _start(self) -> Tensor:
        """Of r, s and b of every layer, and of v: (members, numbers)."""
        *layers, outputs = self.sizes
        parts = [torch.full((self.members, size), float(place % 3 < 2)) for place, size in enumerate(layers)]
        parts[0] = torch.randint(0, 2, parts[0].shape) * 2.0 - 1.0
        return torch.cat([*parts, torch.zeros(self.members, outputs)], dim=1)

    def _biases(self) -> Tensor:
        """Members start with different biases, as those of TabM: (members, numbers), zero but for b."""
        parts = [torch.zeros(self.members, size) for size in self.sizes]
        for level, weight in enumerate(self.weights):
            bound = max(len(weight), 1) ** -0.5
            parts[3 * level + 2].uniform_(-bound, bound)
        return torch.cat(parts, dim=1)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: TabmTasksSettings) -> Traits:
        return traits_of(shape, settings.task_input)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        if self.training:
            return self._mean(features, task)
        return in_parts(self._mean, features, task, self.members * self.width)

    def _mean(self, features: Tensor, task: Tensor) -> Tensor:
        return self.training_outputs(features, task).mean(dim=0)

    def training_outputs(self, features: Tensor, task: Tensor) -> Tensor:
        """Of each implicit member: (members, blocks, rows, outputs)."""
        adapters = of_blocks(self._adapters, task, len(self.metadata)).transpose(0, 1).unsqueeze(2)
        *layers, bias = torch.split(adapters, self.sizes, 3)
        hidden = features
        for level, weight in enumerate(self.weights):
            before, after, shift = layers[3 * level : 3 * level + 3]
            hidden = torch.relu(torch.addcmul(shift, shared_product(hidden * before, weight), after))
            hidden = self.dropout(hidden, level, stacked=1)
        outputs = hidden.flatten(1, 2) @ self.head_weight
        return outputs.reshape(*hidden.shape[:3], self.sizes[-1]) + bias

    def _adapters(self, task: Tensor) -> Tensor:
        """(tasks,) -> (tasks, members, numbers)."""
        common, described = (self.start + self.adapters).flatten(), self.description(task, self.metadata)
        return torch.addmm(common, described, self.of_task.flatten(1)).reshape(-1, *self.start.shape)

    def task_network_parameters(self) -> int:
        """Shared matrices once, adapters and head of each implicit member."""
        shared: int = sum(weight.numel() for weight in self.weights)
        return shared + self.head_weight.numel() + self.start.numel()
