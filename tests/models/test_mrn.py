"""The prior of multilinear relationship networks: its penalty, its updates, and what these find out about tasks."""

import pytest
import torch
from torch import Tensor

from mthn_automl.models.mrn import RIDGE, Mrn, MrnSettings
from mthn_automl.models.parts.problem_shape import ProblemShape

SHAPE = ProblemShape(features=3, outputs=2, tasks=4)
WIDTH = 5
NAMES = ("task_covariance", "feature_covariance", "class_covariance")


@pytest.fixture
def network() -> Mrn:
    """In double precision and in training, its heads and covariances drawn at random."""
    torch.manual_seed(0)
    network = Mrn(SHAPE, MrnSettings(width=WIDTH, penalty_weight=0.3)).double().train()
    with torch.no_grad():
        network.head_weight.normal_()
    for name in NAMES:
        factor = torch.randn_like(getattr(network, name))
        setattr(network, name, factor @ factor.T + torch.eye(len(factor)))
    return network


def of_mode(network: Mrn, mode: int) -> Tensor:
    """The right-hand side of the update, with the whole Kronecker product."""
    first, second = (getattr(network, name) for index, name in enumerate(NAMES) if index != mode)
    unfolded = network.head_weight.detach().movedim(mode, 0).flatten(1)
    found = unfolded @ torch.linalg.inv(torch.kron(first, second)) @ unfolded.T / unfolded.shape[1]
    found = found + RIDGE * torch.eye(len(found))
    return found / found.diagonal().mean()


def test_the_penalty_is_the_quadratic_form_of_the_inverse_kronecker_product(network: Mrn) -> None:
    vector = network.head_weight.flatten()
    whole = torch.kron(torch.kron(*(getattr(network, name) for name in NAMES[:2])), network.class_covariance)
    torch.testing.assert_close(network.penalty(), 0.3 * vector @ torch.linalg.inv(whole) @ vector)
    assert network.eval().penalty() == 0.0, "predictions pay none"


def test_each_covariance_is_renewed_given_the_newest_of_the_others(network: Mrn) -> None:
    """It is symmetric and positive, with a mean variance of 1."""
    renewed = network.after_epoch()
    for mode, name in enumerate(NAMES):
        expected = of_mode(network, mode)
        torch.testing.assert_close(renewed[name], expected)
        torch.testing.assert_close(renewed[name], renewed[name].T)
        assert torch.linalg.eigvalsh(renewed[name]).min() > 0.0
        assert float(renewed[name].detach().diagonal().mean()) == pytest.approx(1.0)
        setattr(network, name, expected)


def test_weights_of_related_tasks_give_back_their_relations() -> None:
    """Six tasks, three and three of opposite signs: drawn from the prior with correlations of 0.8 and -0.8.

    The first update of the tasks' covariance, whitened by the identity, is the mean of 200 products of such weights:
    its correlations have a standard error of about (1 - 0.8^2) / sqrt(200) = 0.025.
    """
    sign = torch.tensor([1.0, 1.0, 1.0, -1.0, -1.0, -1.0], dtype=torch.float64)
    planted = 0.8 * torch.outer(sign, sign) + 0.2 * torch.eye(6)
    for seed in range(5):
        torch.manual_seed(seed)
        network = Mrn(ProblemShape(features=3, outputs=4, tasks=6), MrnSettings(width=50)).double()
        drawn = torch.linalg.cholesky(planted) @ torch.randn(6, 200, dtype=torch.float64)
        with torch.no_grad():
            network.head_weight.copy_(drawn.reshape(6, 50, 4))
            found = network.after_epoch()["task_covariance"]
        spread = found.diagonal().sqrt()
        torch.testing.assert_close(found / torch.outer(spread, spread), planted, rtol=0.0, atol=0.2)
