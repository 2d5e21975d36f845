"""The loss of a row and the prediction of an output, for each kind of problem."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.encoding import Encoder
from mthn_automl.data.schema import Problem, Schema


def network_outputs(schema: Schema) -> int:
    """Columns a network writes: one a target; one logit for two classes; one logit a class for more."""
    return 1 if schema.problem is Problem.BINARY else schema.outputs


def row_loss(problem: Problem, output: Tensor, target: Tensor, counts: Tensor | None = None) -> Tensor:
    """Squared error (mean over targets), or cross-entropy; each target's times what it counts.

    Shape:
        output (..., outputs), target (..., targets), counts (..., targets) or (..., 1) -> (...).
    """
    loss = _loss_of_targets(problem, output, target)
    if counts is not None:
        loss = loss * counts
    return loss.mean(dim=-1) if problem is Problem.REGRESSION else loss.squeeze(-1)


def _loss_of_targets(problem: Problem, output: Tensor, target: Tensor) -> Tensor:
    """(..., targets)."""
    if problem is Problem.REGRESSION:
        return (output - target).square()
    if problem is Problem.BINARY:
        return functional.binary_cross_entropy_with_logits(output, target, reduction="none")
    return -functional.log_softmax(output, dim=-1).gather(-1, target.long())


def weighted_mean(loss: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    """Sum of weighted losses over the number of rows that are no padding: (members, blocks, rows) -> (members,)."""
    return (loss * weight).flatten(1).sum(dim=1) / mask.flatten(1).sum(dim=1).clamp(min=1.0)


def to_prediction(problem: Problem, output: Tensor, encoder: Encoder) -> FloatArray:
    """Raw outputs to the target's own scale, or to probabilities: (rows, outputs) -> (rows, targets or classes)."""
    if problem is Problem.REGRESSION:
        return encoder.decode_target(output.numpy())
    if problem is Problem.BINARY:
        second = torch.sigmoid(output.double()).numpy()
        return np.concatenate([1.0 - second, second], axis=1)
    return torch.softmax(output.double(), dim=-1).numpy()
