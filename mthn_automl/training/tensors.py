"""Training data on a device, and the rows of a batch taken from them."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.scaling import drawn_in
from mthn_automl.data.schema import Problem
from mthn_automl.training.device import holds
from mthn_automl.training.encode import TrainingData
from mthn_automl.training.scaled import Scaled


@dataclass(frozen=True)
class ScaledTensor:
    """A `Scaled` for a device.

    Attributes:
        values: (rows, width) float32; on the CPU where they do not fit on the device.
        scale: (folds, width) float32; None where every fold takes the values as they are.
        shift: (folds, width) float32; None likewise.
        gaps: whether any value is missing.
        far: whether any may exceed FAR once it is scaled.
        squashed: so many leading columns are squashed.
    """

    values: Tensor
    scale: Tensor | None
    shift: Tensor | None
    gaps: bool
    far: bool
    squashed: int = 0

    @classmethod
    def of(cls, scaled: Scaled, device: torch.device) -> "ScaledTensor":
        resident = holds(device, scaled.values.nbytes)
        values = _tensor(scaled.values, device if resident else torch.device("cpu"))
        return cls(values, None, None, False, False).scaled_as(scaled, device)

    def scaled_as(self, scaled: Scaled, device: torch.device) -> "ScaledTensor":
        """The same values under other scales."""
        if scaled.identity:
            return ScaledTensor(self.values, None, None, scaled.gaps, scaled.far, scaled.squashed)
        scale, shift = _tensor(scaled.scale, device), _tensor(scaled.shift, device)
        return ScaledTensor(self.values, scale, shift, scaled.gaps, scaled.far, scaled.squashed)

    def take(self, rows: Tensor, fold: Tensor) -> Tensor:
        """Rows as their folds scale them, where `fold` is.

        Shape:
            rows (members, blocks, size) int64 on the CPU, fold (members,) -> (members, blocks, size, width).
        """
        flat = rows.flatten().to(self.values.device)
        taken: Tensor = self.values.index_select(0, flat).to(fold.device).reshape(*rows.shape, -1)
        if self.scale is not None and self.shift is not None:
            scale, shift = (each[fold].unsqueeze(1).unsqueeze(1) for each in (self.scale, self.shift))
            taken = torch.addcmul(shift, taken, scale)
        drawn: Tensor = drawn_in(taken, torch, gaps=self.gaps, far=self.far, squashed=self.squashed)
        return drawn


@dataclass(frozen=True)
class DeviceData:
    """The parts of `TrainingData` that steps need, on a device; on the CPU they share its memory.

    Attributes:
        features: of all rows.
        target: of all rows.
        metadata: (folds, tasks, d_m) float32.
        problem: what is predicted.
        device: where steps are taken.
        counts: of all rows; None: everything counts alike.
    """

    features: ScaledTensor
    target: ScaledTensor
    metadata: Tensor
    problem: Problem
    device: torch.device
    counts: ScaledTensor | None = None

    @classmethod
    def of(cls, data: TrainingData, device: torch.device) -> "DeviceData":
        features, target = ScaledTensor.of(data.features, device), ScaledTensor.of(data.target, device)
        counts = None if data.counts is None else ScaledTensor.of(data.counts, device)
        return cls(features, target, _tensor(data.metadata, device), data.problem, device, counts)

    def scaled_as(self, data: TrainingData) -> "DeviceData":
        """The same rows, whose features `data` scales in another way, and with its targets."""
        target = ScaledTensor.of(data.target, self.device)
        return replace(self, features=self.features.scaled_as(data.features, self.device), target=target)


def _tensor(array: FloatArray, device: torch.device) -> Tensor:
    """Shares memory where it can. Arrays of Ray's object store are read-only, which nothing here violates."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(np.ascontiguousarray(array)).to(device)
