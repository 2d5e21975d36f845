"""Losses agree with torch's own and with values by hand; predictions are on the target's own scale."""

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from mthn_automl.data.encoding import Encoder
from mthn_automl.data.preprocess import Preprocessor
from mthn_automl.data.scaling import Scaling
from mthn_automl.data.schema import Problem, Schema
from mthn_automl.training.losses import network_outputs, row_loss, to_prediction, weighted_mean


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def normal(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=generator())


def encoder(mean: tuple[float, ...], scale: tuple[float, ...]) -> Encoder:
    return Encoder(Preprocessor(Scaling((), ()), (), (), ()), None, Scaling(mean, scale))


def schema(problem: Problem, targets: int, classes: int) -> Schema:
    return Schema(("task",), tuple("abc"[:targets]), problem, tuple("xyz"[:classes]), ())


def test_a_network_writes_a_column_a_target_or_logit() -> None:
    for problem, targets, classes, expected in (
        (Problem.REGRESSION, 1, 0, 1),
        (Problem.REGRESSION, 3, 0, 3),
        (Problem.BINARY, 1, 2, 1),
        (Problem.MULTICLASS, 1, 3, 3),
        (Problem.MULTICLASS, 1, 2, 2),
        (Problem.ORDINAL, 1, 3, 2),
        (Problem.COUNT, 1, 0, 1),
    ):
        assert network_outputs(schema(problem, targets, classes)) == expected


def test_a_row_loses_the_squared_error_or_the_cross_entropy() -> None:
    """As torch has them, each row by itself, whatever the leading dimensions."""
    for leading in ((7,), (2, 5, 7)):
        output, target = normal(2, *leading, 3)
        losses = [row_loss(Problem.REGRESSION, output, target)]
        expected = [functional.mse_loss(output, target)]
        logit, truth = 3 * normal(*leading, 1), (normal(*leading, 1) > 0.3).float()
        losses.append(row_loss(Problem.BINARY, logit, truth))
        expected.append(functional.binary_cross_entropy(torch.sigmoid(logit), truth))
        logits, classes = 3 * normal(*leading, 4), torch.randint(4, (*leading, 1), generator=generator())
        losses.append(row_loss(Problem.MULTICLASS, logits, classes.float()))
        expected.append(functional.cross_entropy(logits.reshape(-1, 4), classes.flatten()))
        assert [loss.shape for loss in losses] == [leading] * 3
        torch.testing.assert_close(torch.stack([loss.mean() for loss in losses]), torch.stack(expected))


def test_a_row_loses_what_a_pencil_says() -> None:
    for problem, output, target, expected in (
        (Problem.REGRESSION, [1.0, 4.0], [0.0, 2.0], 2.5),
        (Problem.BINARY, [0.0], [1.0], np.log(2)),
        (Problem.BINARY, [1000.0], [0.0], 1000.0),
        (Problem.MULTICLASS, [0.0, 0.0, 0.0], [2.0], np.log(3)),
        (Problem.MULTICLASS, [1000.0, 0.0, 0.0], [1.0], 1000.0),
        (Problem.ORDINAL, [0.0], [1.0], np.log(2)),
        (Problem.ORDINAL, [0.0, -1000.0], [2.0], np.log(2) + 5e-4),
        (Problem.COUNT, [np.log(2.0)], [1.0, 2.0], 3.0 - np.log(4.0)),
    ):
        loss = row_loss(problem, torch.tensor([output]), torch.tensor([target])).item()
        assert loss == pytest.approx(expected), (problem, output)


def test_padding_does_not_count_in_the_mean_and_a_member_without_rows_loses_nothing() -> None:
    loss = torch.tensor([[[1.0, 3.0], [5.0, 100.0]], [[2.0, 100.0], [100.0, 100.0]]])
    mask = torch.tensor([[[1.0, 1.0], [1.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]]])
    assert weighted_mean(loss, mask, mask).tolist() == [3.0, 2.0]
    assert weighted_mean(torch.ones(2, 1, 3), *[torch.zeros(2, 1, 3)] * 2).tolist() == [0.0, 0.0]


def test_outputs_become_values_on_their_own_scales_or_probabilities_that_sum_to_one() -> None:
    output, plain = np.array([[0.0, 1.0], [-2.0, 0.5]]), encoder((0.0,), (1.0,))
    found = to_prediction(Problem.REGRESSION, output, encoder((1e6, -1.0), (10.0, 2.0)))
    assert found.dtype == np.float64
    assert found.tolist() == [[1e6, 1.0], [1e6 - 20, 0.0]]
    found = to_prediction(Problem.BINARY, np.array([[0.0], [np.log(3.0)], [-800.0]]), plain)
    np.testing.assert_allclose(found, [[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]], atol=1e-7)
    logits = np.log([[1.0, 2.0, 5.0], [1.0, 1.0, 2.0]]) + 50.0
    found = to_prediction(Problem.MULTICLASS, logits, plain)
    np.testing.assert_allclose(found, [[0.125, 0.25, 0.625], [0.25, 0.25, 0.5]], rtol=1e-5)
    np.testing.assert_allclose(found.sum(axis=1), 1.0, rtol=1e-14)


@pytest.mark.parametrize("problem", [Problem.REGRESSION, Problem.BINARY, Problem.MULTICLASS])
def test_what_counts_nothing_changes_no_loss_and_no_gradient(problem: Problem) -> None:
    outputs, targets = (3, 3) if problem is Problem.REGRESSION else (1 if problem is Problem.BINARY else 3, 1)
    output, counts = normal(4, 5, outputs).requires_grad_(), torch.ones(4, 5, targets)
    target = torch.zeros(4, 5, targets)
    counts[0, 0, -1], counts[1, 1, 0] = 0.0, 2.0
    other = target.clone()
    other[0, 0, -1] = 1.0
    loss = row_loss(problem, output, target, counts)
    torch.testing.assert_close(loss, row_loss(problem, output, other, counts), rtol=0, atol=0)
    plain = row_loss(problem, output, target)
    torch.testing.assert_close(loss[2:], plain[2:])
    (gradient,) = torch.autograd.grad(loss[0, 0], output)
    assert (gradient[0, 0, -1] == 0).all()
    assert loss[1, 1] > plain[1, 1]
