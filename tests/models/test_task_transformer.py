"""Tokens are what their formula says, however many features there are; both ways of attention are the same."""

import pytest
import torch

from mthn_automl.models.parts import blocks
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.task_transformer import (
    MOST_TOKENS,
    Attention,
    FeatureTokens,
    TaskTransformer,
    TaskTransformerSettings,
)

WIDTH = 16


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def test_attention_by_questions_is_that_by_tokens_and_of_one_head_that_of_torch() -> None:
    tokens = torch.randn(2, 3, 7, WIDTH)
    for heads in (4, 1):
        attention, asking = Attention(WIDTH, heads), tokens[:, :, :2]
        torch.testing.assert_close(attention.by_questions(asking, tokens), attention.by_tokens(asking, tokens))
    query = tokens @ attention.query * WIDTH**0.5
    key, value = tokens @ attention.key, tokens @ attention.value
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value) @ attention.out.weight
    torch.testing.assert_close(attention(tokens, tokens), expected + attention.out.bias)


@pytest.mark.parametrize("count", [5, MOST_TOKENS + 1, 3 * MOST_TOKENS, 1000])
def test_a_feature_has_a_token_of_its_own_which_of_many_neighbours_share(count: int) -> None:
    tokens, features = FeatureTokens(count, WIDTH), torch.randn(2, 3, count)
    found, group = tokens(features), tokens.group
    assert group == 1 or count > MOST_TOKENS
    assert found.shape[2] == -(-count // group) <= MOST_TOKENS
    expected = [features[..., j : j + group] @ tokens.weight[j : j + group] for j in range(0, count, group)]
    torch.testing.assert_close(found, torch.stack(expected, dim=2) + tokens.bias, rtol=1e-4, atol=1e-5)


def test_only_the_row_itself_is_attended_to() -> None:
    features, task = torch.randn(1, 2, 4), torch.tensor([1])
    other = torch.stack([features[:, 0], torch.randn(1, 4)], dim=1)
    for depth in (1, 3):
        network = TaskTransformer(ProblemShape(4, 1, tasks=3), TaskTransformerSettings(depth=depth))
        torch.testing.assert_close(network(features, task)[:, 0], network(other, task)[:, 0])


def test_predictions_in_parts_are_those_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = TaskTransformer(ProblemShape(4, 1, tasks=3), TaskTransformerSettings(depth=2)).eval()
    features, task = torch.randn(7, 2, 4), torch.tensor([1, 0, 2, 2, 0, 1, 1])
    at_once = network(features, task)
    monkeypatch.setattr(blocks, "VALUES_AT_ONCE", 4 * network.row_values)
    torch.testing.assert_close(network(features, task), at_once)
