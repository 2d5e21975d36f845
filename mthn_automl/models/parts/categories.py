"""Wide columns as networks read them: a few learnt numbers a category, which all tasks share."""

import torch
from torch import Tensor, nn
from torch.nn import functional

EMBEDDING_SIZE = 8
"""Numbers that describe a category."""


class WithCategories(nn.Module):
    """A module whose rows may have wide columns.

    Shape:
        as `embedded`, of its own table.

    Example:
        >>> module = WithCategories()
        >>> module.add_categories(columns=1, categories=5)
        >>> module.embedded(torch.tensor([[0.5, 1.0]])).shape
        torch.Size([1, 9])

    Attributes:
        wide_columns: so many columns of encoded rows, the last, are indices of categories.
        categories: (categories, size) what is learnt of these; not there where no column is wide.
    """

    wide_columns: int = 0
    categories: nn.Parameter

    def add_categories(self, columns: int, categories: int) -> None:
        """columns: that are wide. categories: of all of these. Nothing is added where there are none."""
        self.wide_columns = columns
        if columns:
            self.categories = nn.Parameter(torch.zeros(categories, EMBEDDING_SIZE))

    def embedded(self, features: Tensor) -> Tensor:
        """Encoded rows as networks read them: with what is learnt of categories in the place of their indices."""
        return embedded(features, self.categories, self.wide_columns) if self.wide_columns else features

    @property
    def category_parameters(self) -> int:
        """Numbers that are learnt of categories, which the network of every task needs."""
        return self.categories.numel() if self.wide_columns else 0


def embedded(features: Tensor, table: Tensor, columns: int) -> Tensor:
    """Features whose last columns are indices of categories, with what the table has of each in their place.

    An index of -1, of a category that is missing or unknown, gives zeros; so does one that no training row had, since
    tables start at zero.

    Shape:
        features (..., others + columns), table (categories, size) -> (..., others + columns * size).

    Example:
        >>> features, table = torch.tensor([[0.5, 1.0], [0.7, -1.0]]), torch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> embedded(features, table, columns=1).tolist()
        [[0.5, 3.0, 4.0], [0.699999988079071, 0.0, 0.0]]
    """
    others, index = features[..., :-columns], features[..., -columns:]
    known = (index >= 0).unsqueeze(-1)
    looked_up = functional.embedding(index.clamp(min=0).long(), table) * known
    return torch.cat([others, looked_up.flatten(-2)], -1)
