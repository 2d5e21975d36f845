"""Hard sharing where each task uses a part of the shared units, and roams until it has used all of them.

Source: Pascal, Michiardi, Bost, Huet, Zuluaga: Maximum Roaming Multi-Task Learning, AAAI 2021.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.layers import Dense, apply_layer, layer_widths, mlp_parameters, per_task_head
from mthn_automl.models.parts.problem_shape import ProblemShape


@dataclass(frozen=True)
class MaximumRoamingSettings:
    """What is chosen.

    Attributes:
        active_share: p, of a hidden layer's units that a task uses at a time.
        roaming_every: epochs between two swaps of a unit.
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    active_share: float = 0.5
    roaming_every: int = 2
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class MaximumRoaming(Architecture):
    """h_l = mask_t,l o relu(h_l-1 W_l + b_l), y = h_L W_t + b_t.

    Every `roaming_every` epochs each task drops in each layer one of its active units, drawn at random, for one that
    it has never used, until none is left. All draws are made at the start, so that the masks follow from
    the number of epochs. A task never seen weighs each unit by the share of tasks that use it.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = MaximumRoaming(ProblemShape(features=3, outputs=1, tasks=5), MaximumRoamingSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])

    Attributes:
        head_weight: W_t, (tasks, width, d_y).
        mask: (tasks, depth, width), 1 for the units in use.
        roam: (tasks, 2, depth, width), after how many swaps a unit comes into use, and goes out of it.
        epochs: those that are over.
    """

    Settings: ClassVar[type] = MaximumRoamingSettings

    head_weight: Tensor
    mask: Tensor
    roam: Tensor
    epochs: Tensor

    def __init__(self, shape: ProblemShape, settings: MaximumRoamingSettings) -> None:
        super().__init__(shape)
        self.roaming_every = settings.roaming_every
        self.dropout = Dropout(settings.dropout)
        self.widths = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.layers = nn.ModuleList(Dense(*pair) for pair in self.widths[:-1])
        self.add_task_tables(**per_task_head(shape, settings.width))
        active = active_units(settings)
        self._scale_up(math.sqrt(settings.width / active))
        roam = draw_roam(shape.tasks, settings.depth, settings.width, active)
        self.add_task_tables(roam=roam, mask=mask_after(roam, torch.zeros(())))
        self.register_buffer("epochs", torch.zeros(()))

    def _scale_up(self, factor: float) -> None:
        """So that layers which read active units only start with the variance that they would have with all units."""
        with torch.no_grad():
            for weight in (*(layer.weight for layer in self._layers()[1:]), self.head_weight):
                weight.mul_(factor)

    def _layers(self) -> list[Dense]:
        return list(self.layers)  # type: ignore[arg-type]

    @classmethod
    def traits(cls, shape: ProblemShape, settings: MaximumRoamingSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False, mlp_a_task=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        masks = self.mask.index_select(0, task).unsqueeze(2).unbind(1)
        for site, (layer, mask) in enumerate(zip(self.layers, masks, strict=True)):
            features = self.dropout(torch.relu(layer(features)) * mask, site)
        return apply_layer(features, *self.rows(task, "head_weight", "head_bias"))

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Masks are no less than zero, so they may be multiplied in before ReLU."""
        masks = self.mask.index_select(0, task).unbind(1)
        hidden = [
            (layer.weight * mask.unsqueeze(1), layer.bias * mask)
            for layer, mask in zip(self._layers(), masks, strict=True)
        ]
        weight, bias = self.rows(task, "head_weight", "head_bias")
        return [*hidden, (weight, bias)]

    def after_epoch(self) -> Mapping[str, Tensor]:
        epochs = self.epochs + 1
        swaps = torch.floor(epochs / self.roaming_every)
        return {"epochs": epochs, "mask": mask_after(self.roam, swaps)}

    def task_network_parameters(self) -> int:
        """Of full width: the units that a task does not use are counted with it."""
        return mlp_parameters(self.widths)


def active_units(settings: MaximumRoamingSettings) -> int:
    """Units of a layer that a task uses at a time."""
    return max(1, round(settings.active_share * settings.width))


def mask_after(roam: Tensor, swaps: Tensor) -> Tensor:
    """roam (tasks, 2, depth, width) -> (tasks, depth, width): 1 for the units in use after so many swaps."""
    comes, goes = roam.unbind(1)
    return ((comes <= swaps) & (swaps < goes)).to(roam.dtype)


def draw_roam(tasks: int, depth: int, width: int, active: int) -> Tensor:
    """When each unit comes and goes, in swaps: (tasks, 2, depth, width). The last ones stay for ever.

    Units come in a random order, the first `active` of them at once; at each swap the one that goes is drawn from
    those in use, with no regard to how long they have been so.
    """
    order = torch.rand(tasks, depth, width).argsort(dim=2)
    comes = torch.zeros(tasks, depth, width)
    goes = torch.full((tasks, depth, width), torch.inf)
    in_use = order[:, :, :active].clone()
    for swap in range(1, width - active + 1):
        leaving = torch.randint(active, (tasks, depth, 1))
        unit = order[:, :, active + swap - 1 : active + swap]
        goes.scatter_(2, in_use.gather(2, leaving), float(swap))
        comes.scatter_(2, unit, float(swap))
        in_use.scatter_(2, leaving, unit)
    return torch.stack([comes, goes], dim=1)
