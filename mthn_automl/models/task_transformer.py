"""A transformer over the features of a row, in which prompts that are written for the task ask the questions.

Sources: Gorishniy, Rubachev, Khrulkov, Babenko: Revisiting Deep Learning Models for Tabular Data (FT-Transformer),
NeurIPS 2021; Ye and Xu: TaskPrompter: Spatial-Channel Multi-Task Prompting for Dense Scene Understanding, ICLR 2023.
"""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from mthn_automl.models.base import Architecture, Traits
from mthn_automl.models.parts.blocks import in_parts, of_blocks
from mthn_automl.models.parts.dropout import Dropout
from mthn_automl.models.parts.layers import Dense, initial_weight, parameters_of, shared_product
from mthn_automl.models.parts.problem_shape import ProblemShape
from mthn_automl.models.parts.task_description import DescriptionSettings, TaskDescription, traits_of

MOST_TOKENS = 64
"""Tokens of features in a row; neighbouring features share one where there are more of them."""

HIDDEN_SHARE = 2
"""Hidden units of a block's feed-forward network, in units of the width."""


@dataclass(frozen=True)
class TaskTransformerSettings(DescriptionSettings):
    """What is chosen.

    Attributes:
        prompts: tokens written for the task.
        heads: of attention.
        width: values of a token.
        depth: blocks.
        dropout: share of hidden units that a training step leaves out.
    """

    prompts: int = 1
    heads: int = 2
    width: int = 32
    depth: int = 1
    dropout: float = 0.0


class FeatureTokens(nn.Module):
    """Token j = x_j w_j + b_j: (..., d_x) -> (..., tokens, width).

    Above `MOST_TOKENS` features a token is that of a group of neighbours, the sum of x_j w_j + b over the group: with
    t tokens attention costs t^2 a row. Columns of one category, of which one is 1, are such a group.
    """

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.group = max(math.ceil(features / MOST_TOKENS), 1)
        self.tokens = math.ceil(features / self.group)
        self.padding = self.tokens * self.group - features
        bound = width**-0.5
        self.weight = nn.Parameter(torch.empty(features, width).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(self.tokens, width).uniform_(-bound, bound))

    def forward(self, features: Tensor) -> Tensor:
        if self.group == 1:
            return torch.addcmul(self.bias, features.unsqueeze(-1), self.weight)
        grouped = functional.pad(features, (0, self.padding)).reshape(*features.shape[:-1], self.tokens, self.group)
        weight = functional.pad(self.weight, (0, 0, 0, self.padding)).reshape(self.tokens, self.group, -1)
        return torch.einsum("...tg,tgw->...tw", grouped, weight) + self.bias


class Attention(nn.Module):
    """[softmax(q Q_h (K_h' t') / sqrt(width / heads)) t V_h over heads h] O + o, for tokens t and those that ask, q.

    Q, K, V have no biases: those of K and V would change nothing, or what o does.

    Shape:
        asking (blocks, rows, asking, width), tokens (blocks, rows, tokens, width) -> that of `asking`.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.width, self.heads = width, heads
        self.query = nn.Parameter(initial_weight(width, width) * (heads / width) ** 0.5)
        self.key = nn.Parameter(initial_weight(width, width))
        self.value = nn.Parameter(initial_weight(width, width))
        self.out = Dense(width, width, last=True)

    def forward(self, asking: Tensor, tokens: Tensor) -> Tensor:
        few = asking.shape[2] * self.heads <= self.width
        return self.by_questions(asking, tokens) if few else self.by_tokens(asking, tokens)

    def by_questions(self, asking: Tensor, tokens: Tensor) -> Tensor:
        """(q Q_h K_h') t', then (weights t) (V_h O_h): no keys and values of tokens; pays where few ask."""
        of_heads = self.width, self.heads, -1
        ask = torch.einsum("ihd,jhd->ihj", self.query.reshape(of_heads), self.key.reshape(of_heads)).flatten(1)
        out = self.out.weight.reshape(self.heads, -1, self.width)
        answer = torch.einsum("ihd,hdo->hio", self.value.reshape(of_heads), out).flatten(0, 1)
        blocks, rows, count, _ = asking.shape
        questions = shared_product(asking, ask).reshape(blocks, rows, count * self.heads, self.width)
        weight = torch.softmax(questions @ tokens.transpose(2, 3), dim=3)
        mixed = (weight @ tokens).reshape(blocks, rows, count, self.heads * self.width)
        return shared_product(mixed, answer) + self.out.bias

    def by_tokens(self, asking: Tensor, tokens: Tensor) -> Tensor:
        """As the formula has it."""
        query = self._split(shared_product(asking, self.query))
        key, value = (self._split(shared_product(tokens, matrix)) for matrix in (self.key, self.value))
        weight = torch.softmax(query @ key.transpose(3, 4), dim=4)
        return dense(self.out, (weight @ value).transpose(2, 3).flatten(3))

    def _split(self, values: Tensor) -> Tensor:
        """(blocks, rows, tokens, width) -> (blocks, rows, heads, tokens, width of a head)."""
        return values.reshape(*values.shape[:3], self.heads, self.width // self.heads).transpose(2, 3)


class Block(nn.Module):
    """u = q + attention(norm(q), norm(t)); u + relu(norm(u) F + f) G + g, for tokens t and the first of them, q.

    The norms have no scale and shift of their own: the matrices behind them do the same.
    """

    def __init__(self, width: int, heads: int, dropout: float, *, first: bool) -> None:
        """first: attention is to tokens as they come, without a norm (Gorishniy et al., section 3.3)."""
        super().__init__()
        self.first = first
        self.attention = Attention(width, heads)
        self.widen = Dense(width, HIDDEN_SHARE * width)
        self.narrow = Dense(HIDDEN_SHARE * width, width, last=True)
        self.dropout = Dropout(dropout)

    def forward(self, tokens: Tensor, asking: int) -> Tensor:
        """(blocks, rows, tokens, width) -> (blocks, rows, asking, width)."""
        normed = tokens if self.first else norm(tokens)
        attended: Tensor = tokens[:, :, :asking] + self.dropout(self.attention(normed[:, :, :asking], normed), 0)
        hidden = self.dropout(torch.relu(dense(self.widen, norm(attended))), 1)
        return attended + dense(self.narrow, hidden)


def dense(layer: Dense, values: Tensor) -> Tensor:
    """As the layer itself, which is for fewer dimensions."""
    return shared_product(values, layer.weight) + layer.bias


def norm(values: Tensor) -> Tensor:
    """Each token to mean 0 and variance 1 over its values."""
    return functional.layer_norm(values, values.shape[-1:])


class TaskTransformer(Architecture):
    """P_t = z_t G + g; [P_t; tokens of x] through the blocks; y = relu(norm(mean of the prompts)) W + b.

    Attention is among the tokens of one row. In the last block only the prompts ask, as nothing else is read.

    Shape:
        features (blocks, rows, d_x), task (blocks,) -> (blocks, rows, d_y).

    Example:
        >>> network = TaskTransformer(ProblemShape(features=3, outputs=1, tasks=5), TaskTransformerSettings())
        >>> network(torch.zeros(2, 4, 3), torch.tensor([0, 3])).shape
        torch.Size([2, 4, 1])
    """

    Settings: ClassVar[type] = TaskTransformerSettings

    def __init__(self, shape: ProblemShape, settings: TaskTransformerSettings) -> None:
        super().__init__(shape)
        width, self.prompts = settings.width, settings.prompts
        self.description = TaskDescription(shape, settings)
        described = self.description.width
        self.prompt_start = nn.Parameter(torch.randn(self.prompts, width) * width**-0.5)
        self.prompt_weight = nn.Parameter(torch.randn(described, self.prompts, width) * (described * width) ** -0.5)
        self.feature_tokens = FeatureTokens(shape.features, width)
        self.blocks = nn.ModuleList(
            Block(width, settings.heads, settings.dropout, first=level == 0) for level in range(settings.depth)
        )
        self.last = Dense(width, shape.outputs, last=True)
        tokens = self.prompts + self.feature_tokens.tokens
        self.row_values = tokens * max(HIDDEN_SHARE * width, tokens * settings.heads)

    @classmethod
    def traits(cls, shape: ProblemShape, settings: TaskTransformerSettings) -> Traits:
        return traits_of(shape, settings)

    def forward(self, features: Tensor, task: Tensor) -> Tensor:
        if self.training:
            return self._answer(features, task)
        return in_parts(self._answer, features, task, self.row_values)

    def _answer(self, features: Tensor, task: Tensor) -> Tensor:
        prompts = of_blocks(self._prompts, task, len(self.metadata)).unsqueeze(1)
        prompts = prompts.expand(-1, features.shape[1], -1, -1)
        tokens = torch.cat([prompts, self.feature_tokens(features)], dim=2)
        for block in self.blocks:
            tokens = block(tokens, self.prompts if block is self.blocks[-1] else tokens.shape[2])
        answer = torch.relu(norm(tokens.mean(dim=2)))
        return self.last(answer)  # type: ignore[no-any-return]

    def _prompts(self, task: Tensor) -> Tensor:
        """(tasks,) -> (tasks, prompts, width)."""
        written: Tensor = self.description(task, self.metadata) @ self.prompt_weight.flatten(1)
        return written.reshape(-1, *self.prompt_start.shape) + self.prompt_start

    def task_network_parameters(self) -> int:
        """All but what describes tasks and writes prompts; the prompts of the task instead."""
        shared = (self.feature_tokens, self.blocks, self.last)
        return self.prompt_start.numel() + parameters_of(*shared)
