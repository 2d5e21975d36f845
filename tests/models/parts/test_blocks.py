"""What blocks share is made once, and predictions in parts are those at once."""

import pytest
import torch
from torch import Tensor

from mthn_automl.models.parts import blocks
from mthn_automl.models.parts.blocks import FETCHING_PAYS, in_parts, of_blocks


def test_of_many_blocks_each_task_is_made_once() -> None:
    asked: list[int] = []

    def make(task: Tensor) -> Tensor:
        asked.append(len(task))
        return 10.0 * task

    for count in (3, 20):
        task = torch.arange(count) % 3
        torch.testing.assert_close(of_blocks(make, task, 3), 10.0 * task)
    assert FETCHING_PAYS * 3 < 20
    assert asked == [3, 3]


def test_predictions_in_parts_are_those_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def predict(features: Tensor, task: Tensor) -> Tensor:
        asked.append(len(task))
        return features + task.reshape(-1, 1, 1)

    features, task = torch.randn(7, 2, 4), torch.tensor([1, 0, 2, 2, 0, 1, 1])
    monkeypatch.setattr(blocks, "VALUES_AT_ONCE", 4 * 50)
    torch.testing.assert_close(in_parts(predict, features, task, row_values=50), features + task.reshape(-1, 1, 1))
    assert asked == [2, 2, 2, 1]
