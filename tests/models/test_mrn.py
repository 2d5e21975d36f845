"""The prior of multilinear relationship networks: its penalty, its updates, and what it finds out about tasks."""

import numpy as np
import pytest
import torch
from torch import Tensor

from mthn_automl.data.encoding import Flags
from mthn_automl.models.base import ProblemShape
from mthn_automl.models.mrn import RIDGE, Mrn, MrnSettings
from mthn_automl.training.fit import Schedule
from mthn_automl.training.members import Member
from mthn_automl.training.settings import TrainingSettings
from tests.contracts import zoo
from tests.training.trained import encode_all, fit

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
    first, second = (getattr(network, name) for place, name in enumerate(NAMES) if place != mode)
    unfolded = network.head_weight.detach().movedim(mode, 0).flatten(1)
    found = unfolded @ torch.linalg.inv(torch.kron(first, second)) @ unfolded.T / unfolded.shape[1]
    found = found + RIDGE * torch.eye(len(found))
    return found / found.diagonal().mean()


def test_the_penalty_is_the_quadratic_form_of_the_inverse_kronecker_product(network: Mrn) -> None:
    vector = network.head_weight.flatten()
    whole = torch.kron(torch.kron(*(getattr(network, name) for name in NAMES[:2])), network.class_covariance)
    torch.testing.assert_close(network.penalty(), 0.3 * vector @ torch.linalg.inv(whole) @ vector)


def test_each_covariance_is_renewed_given_the_newest_of_the_others(network: Mrn) -> None:
    renewed = network.after_epoch()
    for mode in range(3):
        expected = of_mode(network, mode)
        torch.testing.assert_close(renewed[NAMES[mode]], expected)
        setattr(network, NAMES[mode], expected)


def test_predictions_pay_no_penalty(network: Mrn) -> None:
    assert network.eval().penalty() == 0.0


def test_training_finds_out_which_tasks_are_alike() -> None:
    """Six tasks of opposite signs, three and three: covariances are on average positive within, negative between."""
    random = np.random.default_rng(0)
    task, sign = np.repeat(np.arange(6), 20), np.array([1, 1, 1, -1, -1, -1])
    features = random.normal(size=(120, 2))
    target = sign[task] * features.sum(axis=1)
    dataset = zoo.build(features=zoo.table(features), task=task, target=target[:, None])
    data = encode_all(dataset, Flags.of(dataset))
    schedule = Schedule(batch=60, max_epochs=200, patience=200)
    result = fit(
        data,
        lambda: Mrn(data.shape, MrnSettings(penalty_weight=1e-4)),
        [Member(0, 0)],
        TrainingSettings(),
        schedule,
        present_only=False,
    )
    covariance = result.pack.buffers["task_covariance"][0].numpy()
    alike = np.equal.outer(sign, sign)
    pairs = alike & ~np.eye(6, dtype=bool)
    assert covariance[pairs].mean() > 0.2 * covariance.diagonal().mean()
    assert covariance[~alike].mean() < 0.0
