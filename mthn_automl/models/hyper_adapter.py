"""A residual network shared by all tasks, with small adapters that one hypernetwork writes for each task and layer.

Sources: Mahabadi, Ruder, Dehghani, Henderson: Parameter-efficient Multi-task Fine-tuning for Transformers via Shared
Hypernetworks (HyperFormer), ACL 2021; Liu, Ma, Tian, He, Kira: Polyhistor: Parameter-Efficient Multi-Task Adaptation
for Dense Vision Tasks, NeurIPS 2022.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.blocks import of_blocks
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.layers import Dense, apply_layer, initial_spread, initial_weight, mlp_parameters
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, TaskDescription, traits_of

Kernels = Literal["full", "factorised"]
REPRESENTATION = 32
"""Hidden units of the hypernetwork."""

RELU_SPREAD = 0.63
"""Standard deviation over z of relu(z + q), both standard normal (root of the mean variance over q)."""

GENERATED_SHARE = 0.5
"""Standard deviation, over tasks, of generated matrices at the start, relative to their common part."""

QUIET = 0.1
"""Standard deviation, over tasks, of generated biases, scales and shifts at the start."""


@dataclass(frozen=True)
class HyperAdapterSettings(DescriptionSettings):
    """What is chosen.

    Attributes:
        kernels: how an adapter's matrices are generated.
        bottleneck: units of an adapter.
        width: units of a shared layer.
        depth: shared layers, each with an adapter.
        dropout: share of hidden units that a training step leaves out.
    """

    kernels: Kernels = "full"
    bottleneck: int = 8
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class AdapterGenerator(nn.Module):
    """r_tl = relu(z_t Q + q_l); r_tl G + g are all parameters of the adapter of task t and layer l, one after another.

    q_l is the embedding of layer l, as it arrives at the hidden units from [z_t; layer embedding].

    Shape:
        description (blocks, d_z) -> (blocks, depth, values), where values is the sum of `sizes`.
    """

    def __init__(self, description: int, depth: int, down: tuple[int, int], up: tuple[int, int], width: int) -> None:
        """down, up: (d_in, d_out) of the generated matrices."""
        super().__init__()
        self.of_task = nn.Parameter(torch.randn(description, REPRESENTATION) / description**0.5)
        self.of_layer = nn.Parameter(torch.randn(depth, REPRESENTATION))
        parts = [
            (initial_weight(*down), GENERATED_SHARE * initial_spread(down[0])),
            (torch.zeros(down[1]), QUIET),
            (initial_weight(*up), GENERATED_SHARE * initial_spread(up[0])),
            *[(torch.zeros(width), QUIET)] * 3,
        ]
        self.sizes = [start.numel() for start, _ in parts]
        spread = torch.cat([torch.full((start.numel(),), scale) for start, scale in parts])
        self.start = nn.Parameter(torch.cat([start.flatten() for start, _ in parts]))
        self.weight = nn.Parameter(
            torch.randn(REPRESENTATION, len(spread)) * spread / (RELU_SPREAD * REPRESENTATION**0.5)
        )

    def forward(self, description: Tensor) -> Tensor:
        representation = torch.relu((description @ self.of_task).unsqueeze(1) + self.of_layer)
        return representation @ self.weight + self.start


class HyperAdapter(Architecture):
    """h_0 = x W_0 + w_0; u = h + relu(norm_tl(h) W_l + w_l); h <- u + relu(u D_tl + d_tl) U_tl + c_tl; y = h V + v.

    norm_tl(h) = (1 + scale_tl) o (h - mean) / deviation + shift_tl. The adapter D (width x bottleneck), d, U, c, the
    scale and the shift are generated (HyperFormer, section 2). It reads u, not its norm, so that the size of the
    features is kept. With factorised kernels (Polyhistor, section 4) D_tl = A_l K_tl and U_tl = K'_tl B_l: only
    the small K, K' (bottleneck x bottleneck) are generated, A and B are shared by the tasks.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = HyperAdapter(ProblemShape(features=3, outputs=1, tasks=5), HyperAdapterSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = HyperAdapterSettings

    def __init__(self, shape: ProblemShape, settings: HyperAdapterSettings) -> None:
        super().__init__(shape)
        width, depth, bottleneck = settings.width, settings.depth, settings.bottleneck
        self.width, self.bottleneck = width, bottleneck
        self.description = TaskDescription(shape, settings)
        self.first = Dense(shape.features, width)
        nn.init.uniform_(self.first.bias, -1.0, 1.0)  # without features the norm would divide zeros by zero
        self.layers = nn.ModuleList(Dense(width, width) for _ in range(depth))
        self.last = Dense(width, shape.outputs, last=True)
        self.dropout = Dropout(settings.dropout)
        self.factorised = settings.kernels == "factorised"
        self.inner = bottleneck if self.factorised else width
        if self.factorised:
            starts = [initial_weight(*pair) for pair in [(width, bottleneck), (bottleneck, width)] * depth]
            self.down_factor = nn.Parameter(torch.stack(starts[::2]))
            self.up_factor = nn.Parameter(torch.stack(starts[1::2]))
        down, up = (self.inner, bottleneck), (bottleneck, self.inner)
        self.generator = AdapterGenerator(self.description.width, depth, down, up, width)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: HyperAdapterSettings) -> Traits:
        return traits_of(shape, settings)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        hidden = self.first(features)
        for level, (layer, flat) in enumerate(zip(self.layers, self._adapters(task).unbind(1), strict=True)):
            *adapter, scale, shift = torch.split(flat, self.generator.sizes, 1)
            normed = functional.layer_norm(hidden, (self.width,))
            normed = torch.addcmul(shift.unsqueeze(1), normed, 1.0 + scale.unsqueeze(1))
            hidden = hidden + self.dropout(torch.relu(layer(normed)), level)
            hidden = hidden + self._adapter(hidden, level, *adapter)
        return self.last(hidden)  # type: ignore[no-any-return]

    def _adapters(self, task: Tensor) -> Tensor:
        """All parameters of the adapters of each block: (blocks, depth, values)."""
        return of_blocks(self._adapters_of, task, len(self.metadata))

    def _adapters_of(self, task: Tensor) -> Tensor:
        return self.generator(self.description(task, self.metadata))  # type: ignore[no-any-return]

    def _adapter(
        self, hidden: Tensor, level: int, down: Tensor, down_bias: Tensor, up: Tensor, up_bias: Tensor
    ) -> Tensor:
        """hidden (blocks, rows, width), the others (blocks, values) -> (blocks, rows, width)."""
        down, up = down.reshape(-1, self.inner, self.bottleneck), up.reshape(-1, self.bottleneck, self.inner)
        if not self.factorised:
            return apply_layer(torch.relu(apply_layer(hidden, down, down_bias)), up, up_bias)
        small = torch.relu(apply_layer(hidden @ self.down_factor[level], down, down_bias)) @ up
        return small @ self.up_factor[level] + up_bias.unsqueeze(1)

    def task_network_parameters(self) -> int:
        """Shared layers, scales and shifts, and the adapters; those of factorised kernels as in `full`: A_l K_tl."""
        width, depth = self.width, len(self.layers)
        shared = [(len(self.first.weight), width), *[(width, width)] * depth, (width, self.last.weight.shape[1])]
        adapter = mlp_parameters([(width, self.bottleneck), (self.bottleneck, width)])
        return mlp_parameters(shared) + depth * (adapter + 2 * width)
