"""Tokens are what their formula says, however many features there are; both ways of attention are the same."""

import pytest
import torch

from mthn_automl.models.base import ProblemShape
from mthn_automl.models.parts import blocks
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


@pytest.mark.parametrize("heads", [1, 4])
def test_attention_by_questions_is_attention_by_tokens(heads: int) -> None:
    attention, tokens = Attention(WIDTH, heads), torch.randn(2, 3, 7, WIDTH)
    asking = tokens[:, :, :2]
    torch.testing.assert_close(attention.by_questions(asking, tokens), attention.by_tokens(asking, tokens))


def test_attention_of_one_head_is_that_of_torch() -> None:
    attention, tokens = Attention(WIDTH, 1), torch.randn(2, 3, 7, WIDTH)
    query = tokens @ attention.query * WIDTH**0.5
    key, value = tokens @ attention.key, tokens @ attention.value
    expected = torch.nn.functional.scaled_dot_product_attention(query, key, value) @ attention.out.weight
    torch.testing.assert_close(attention(tokens, tokens), expected + attention.out.bias)


def test_a_feature_has_a_token_of_its_own() -> None:
    tokens, features = FeatureTokens(5, WIDTH), torch.randn(2, 3, 5)
    expected = torch.stack([features[..., j, None] * tokens.weight[j] + tokens.bias[j] for j in range(5)], dim=2)
    torch.testing.assert_close(tokens(features), expected)


@pytest.mark.parametrize("count", [MOST_TOKENS + 1, 3 * MOST_TOKENS, 1000])
def test_of_many_features_neighbours_share_a_token(count: int) -> None:
    tokens, features = FeatureTokens(count, WIDTH), torch.randn(2, 3, count)
    found, group = tokens(features), tokens.group
    assert found.shape[2] == -(-count // group) <= MOST_TOKENS
    expected = [features[..., j : j + group] @ tokens.weight[j : j + group] for j in range(0, count, group)]
    torch.testing.assert_close(found, torch.stack(expected, dim=2) + tokens.bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("depth", [1, 3])
def test_only_the_row_itself_is_attended_to(depth: int) -> None:
    network = TaskTransformer(ProblemShape(4, 1, tasks=3), TaskTransformerSettings(depth=depth))
    features = torch.randn(1, 2, 4)
    other = torch.stack([features[:, 0], torch.randn(1, 4)], dim=1)
    task = torch.tensor([1])
    torch.testing.assert_close(network(features, task)[:, 0], network(other, task)[:, 0])


def test_predictions_in_parts_are_those_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    network = TaskTransformer(ProblemShape(4, 1, tasks=3), TaskTransformerSettings(depth=2)).eval()
    features, task = torch.randn(7, 2, 4), torch.tensor([1, 0, 2, 2, 0, 1, 1])
    at_once = network(features, task)
    monkeypatch.setattr(blocks, "VALUES_AT_ONCE", 4 * network.row_values)
    torch.testing.assert_close(network(features, task), at_once)
