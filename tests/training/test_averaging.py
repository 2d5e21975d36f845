"""What is validated and kept of a training is the mean of its weights over the last checks."""

import pytest
import torch

from mthn_automl.training.averaging import DECAY, AveragedWeights


def test_the_mean_is_of_the_checks_alone_and_the_later_weigh_more() -> None:
    """Whatever the weights were at the start."""
    values = torch.full((2, 3), 100.0)
    averaged = AveragedWeights([values])
    for check in (1.0, 2.0, 3.0):
        averaged.add([torch.full((2, 3), check)])
    weights = torch.tensor([DECAY**2, DECAY, 1.0])
    expected = float((weights * torch.tensor([1.0, 2.0, 3.0])).sum() / weights.sum())
    torch.testing.assert_close(averaged.means[0], torch.full((2, 3), expected))


def test_the_weights_come_back_to_where_the_last_step_left_them_also_after_an_error() -> None:
    values = torch.zeros(2, 3)
    averaged = AveragedWeights([values])
    averaged.add([torch.ones(2, 3)])
    with averaged.in_place([values]):
        assert (values == 1.0).all()
    assert (values == 0.0).all()

    def failing() -> None:
        with averaged.in_place([values]):
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        failing()
    assert (values == 0.0).all()


def test_of_members_that_leave_nothing_is_kept() -> None:
    averaged = AveragedWeights([torch.arange(3.0)[:, None], torch.arange(3.0)[:, None, None]])
    averaged.select(torch.tensor([2, 0]))
    assert [each.flatten().tolist() for each in averaged.means] == [[2.0, 0.0], [2.0, 0.0]]
