"""Hard sharing whose output layers have a tensor-normal prior, learnt with them: which tasks, outputs and units relate.

Source: Long, Cao, Wang, Yu: Learning Multiple Tasks with Multilinear Relationship Networks, NeurIPS 2017.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.layers import Trunk, apply_layer, layer_widths, mlp_parameters, per_task_head
from mthn_automl.models.parts.problem_shape import ProblemShape

RIDGE = 1e-5
"""Added to the variances, so that every covariance has an inverse (the paper's epsilon)."""


@dataclass(frozen=True)
class MrnSettings:
    """What is chosen.

    Attributes:
        penalty_weight: of the prior.
        width: units of a hidden layer.
        depth: hidden layers.
        dropout: share of hidden units that a training step leaves out.
    """

    penalty_weight: float = 1e-3
    width: int = 32
    depth: int = 2
    dropout: float = 0.0


class Mrn(Architecture):
    """y = trunk(x) W_t + b_t, with the penalty vec(W)' (S_task (x) S_feature (x) S_class)^-1 vec(W).

    The covariances, one a mode of W (tasks, features, classes), are renewed after each epoch by one round of the
    flip-flop algorithm, and scaled to a mean variance of 1: so the weight of the penalty means the
    same for any number of tasks, features and classes. The reference scales their traces to 1, which multiplies it by
    the product of these three.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = Mrn(ProblemShape(features=3, outputs=1, tasks=5), MrnSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])

    Attributes:
        head_weight: W, (tasks, width, d_y).
        task_covariance: (tasks, tasks).
        feature_covariance: (width, width).
        class_covariance: (d_y, d_y).
    """

    Settings: ClassVar[type] = MrnSettings

    head_weight: Tensor
    task_covariance: Tensor
    feature_covariance: Tensor
    class_covariance: Tensor

    def __init__(self, shape: ProblemShape, settings: MrnSettings) -> None:
        super().__init__(shape)
        self.penalty_weight = settings.penalty_weight
        self.layers = layer_widths(shape.features, settings.width, settings.depth, shape.outputs)
        self.trunk = Trunk(shape.features, settings.width, settings.depth, dropout=settings.dropout)
        self.add_task_tables(**per_task_head(shape, settings.width))
        self.register_buffer("task_covariance", torch.eye(shape.tasks))
        self.register_buffer("feature_covariance", torch.eye(settings.width))
        self.register_buffer("class_covariance", torch.eye(shape.outputs))

    @classmethod
    def traits(cls, shape: ProblemShape, settings: MrnSettings) -> Traits:
        return Traits(uses_task=True, uses_metadata=False, cost="all_tasks", mlp_a_task=True)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        return apply_layer(self.trunk(features), *self.rows(task, "head_weight", "head_bias"))

    def task_networks(self, task: Tensor) -> list[tuple[Tensor, Tensor]]:
        weight, bias = self.rows(task, "head_weight", "head_bias")
        return [*self.trunk.of_all_tasks(), (weight, bias)]

    def penalty(self) -> Tensor:
        """In training only: a prediction may know more tasks than the prior does."""
        if not self.training:
            return self.head_weight.new_zeros(())
        return self.penalty_weight * _whitened(self.head_weight, self._covariances()).square().sum()

    def after_epoch(self) -> Mapping[str, Tensor]:
        """S_k <- unfold_k(W) (Kronecker product of the others)^-1 unfold_k(W)' / their size + ridge, mode by mode.

        Tasks come first: what comes later is whitened by the newest of the others and, where these have as many
        dimensions as there are values, left with little to tell.
        """
        weight = self.head_weight.double()
        covariances = [covariance.double() for covariance in self._covariances()]
        for mode in range(len(covariances)):
            unfolded = _whitened(weight, covariances, but=mode).movedim(mode, 0).flatten(1)
            covariances[mode] = _of_mean_variance_1(unfolded @ unfolded.T / unfolded.shape[1])
        names = ("task_covariance", "feature_covariance", "class_covariance")
        renewed = (covariance.to(self.head_weight.dtype) for covariance in covariances)
        return dict(zip(names, renewed, strict=True))

    def _covariances(self) -> list[Tensor]:
        return [self.task_covariance, self.feature_covariance, self.class_covariance]

    def task_network_parameters(self) -> int:
        return mlp_parameters(self.layers)


def _whitened(weight: Tensor, covariances: Sequence[Tensor], *, but: int | None = None) -> Tensor:
    """weight (tasks, features, classes), multiplied along each mode by the inverse Cholesky factor of its covariance.

    Its squares sum to the quadratic form of the inverse Kronecker product, which is never formed. but: a mode to leave.
    """
    for mode, covariance in enumerate(covariances):
        if mode != but:
            factor = torch.linalg.cholesky_ex(covariance).L
            along = weight.movedim(mode, 0)
            solved = torch.linalg.solve_triangular(factor, along.flatten(1), upper=False)
            weight = solved.reshape(along.shape).movedim(0, mode)
    return weight


def _of_mean_variance_1(covariance: Tensor) -> Tensor:
    ridged = covariance + RIDGE * torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
    return ridged / ridged.diagonal().mean()
