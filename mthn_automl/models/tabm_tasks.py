"""Several networks in one for each task: layers shared by all, and cheap adapters that are written for the task.

Sources: Gorishniy, Kotelnikov, Babenko: TabM: Advancing Tabular Deep Learning with Parameter-Efficient Ensembling,
ICLR 2025; Wen, Tran, Ba: BatchEnsemble, ICLR 2020. Adapters that depend on the task are ours.
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.blocks import in_parts, of_blocks
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.layers import initial_weight, layer_widths, shared_product
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, TaskDescription, traits_of

QUIET = 0.3
"""Standard deviation, over tasks, of what is written of the adapters for a task at the start."""


@dataclass(frozen=True)
class TabmTasksSettings(DescriptionSettings):
    """What is chosen.

    Attributes:
        implicit_members: networks whose outputs are averaged.
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    implicit_members: int = 8
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class TabmTasks(Architecture):
    """Implicit member k of task t: h <- relu(s_tk o ((r_tk o h) W) + b_tk) a layer; y_tk = h V_k + v_tk.

    W is shared by tasks and members, the heads V_k by tasks (Gorishniy et al., section 3.3). The values of r, s, b
    and v are a start, plus what is learnt of member k, plus z_t G_k. The start of the first r is +1 or -1 at random,
    that of all other r and s is 1: weight decay draws to the start, where no adapter is. The prediction is the mean
    of the members' outputs, which are logits in classification; the training loss is the mean of their losses.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = TabmTasks(ProblemShape(features=3, outputs=1, tasks=5), TabmTasksSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = TabmTasksSettings

    start: Tensor

    def __init__(self, shape: ProblemShape, settings: TabmTasksSettings) -> None:
        super().__init__(shape)
        self.members, self.width = settings.implicit_members, settings.width
        *hidden, last = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.description = TaskDescription(shape, settings)
        self.weights = nn.ParameterList(initial_weight(*pair) for pair in hidden)
        self.head_weight = nn.Parameter(torch.stack([initial_weight(*last) for _ in range(self.members)]))
        self.dropout = Dropout(settings.dropout)
        self.sizes = [size for inputs, outputs in hidden for size in (inputs, outputs, outputs)] + [shape.outputs]
        self.register_buffer("start", self._start())
        self.adapters = nn.Parameter(self._biases())
        described = self.description.width
        self.of_task = nn.Parameter(torch.randn(described, *self.start.shape) * QUIET / max(described, 1) ** 0.5)

    def _start(self) -> Tensor:
        """Of r, s and b of every layer, and of v: (members, values)."""
        *layers, outputs = self.sizes
        parts = [torch.full((self.members, size), float(index % 3 < 2)) for index, size in enumerate(layers)]
        parts[0] = torch.randint(0, 2, parts[0].shape) * 2.0 - 1.0
        return torch.cat([*parts, torch.zeros(self.members, outputs)], dim=1)

    def _biases(self) -> Tensor:
        """Members start with different biases, as those of TabM: (members, values), zero but for b."""
        parts = [torch.zeros(self.members, size) for size in self.sizes]
        for level, weight in enumerate(self.weights):
            bound = max(len(weight), 1) ** -0.5
            parts[3 * level + 2].uniform_(-bound, bound)
        return torch.cat(parts, dim=1)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: TabmTasksSettings) -> Traits:
        return traits_of(shape, settings)

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
        """(tasks,) -> (tasks, members, values)."""
        common, described = (self.start + self.adapters).flatten(), self.description(task, self.metadata)
        return torch.addmm(common, described, self.of_task.flatten(1)).reshape(-1, *self.start.shape)

    def task_network_parameters(self) -> int:
        """Shared matrices once, adapters and head of each implicit member."""
        shared: int = sum(weight.numel() for weight in self.weights)
        return shared + self.head_weight.numel() + self.start.numel()
