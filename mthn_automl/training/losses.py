"""The loss of a row and the prediction of an output, as the kind of problem has them."""

from torch import Tensor

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.encoding import Encoder
from mthn_automl.data.kind import kind_of
from mthn_automl.data.schema import Problem, Schema


def network_outputs(schema: Schema) -> int:
    """Columns a network writes."""
    return schema.kind.outputs(len(schema.targets), len(schema.classes))


def row_loss(problem: Problem, output: Tensor, target: Tensor, counts: Tensor | None = None) -> Tensor:
    """What a row costs in training: the mean over its targets, each times what it counts.

    Shape:
        output (..., outputs), target (..., scaled targets, of counts and exposures), counts (..., targets) or (..., 1)
        -> (...).
    """
    kind = kind_of(problem)
    loss = kind.loss(output, target)
    if counts is not None:
        loss = loss * counts
    return loss.mean(dim=-1) if kind.several else loss.squeeze(-1)


def weighted_mean(loss: Tensor, weight: Tensor, mask: Tensor) -> Tensor:
    """Sum of weighted losses over the number of rows that are no padding: (members, blocks, rows) -> (members,)."""
    return (loss * weight).flatten(1).sum(dim=1) / mask.flatten(1).sum(dim=1).clamp(min=1.0)


def to_prediction(problem: Problem, output: FloatArray, encoder: Encoder) -> FloatArray:
    """Raw outputs to the target's own scale, at an exposure of 1, or to probabilities.

    Shape:
        (..., outputs) -> (..., targets or classes) float64.
    """
    return encoder.prediction(kind_of(problem), output)
