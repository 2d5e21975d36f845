"""Networks that are only looked at: small ones are made of numbers, large ones without any.

torch loads its compiler for the latter (the device `meta`), which takes seconds that each process would begin with.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from mthn_automl.models.base import Architecture

MOST_MADE = 3_000_000
"""Numbers of a network that is made of them."""

_MAKING = frozenset({torch.randn, torch.rand, torch.zeros, torch.ones, torch.empty})


def outline(build: Callable[[], Architecture]) -> Architecture:
    """A network whose values do not matter; the global random state is left as it was.

    Raises:
        NotImplementedError or RuntimeError: it is large, and looks at its numbers while it is made.
    """
    with torch.random.fork_rng(devices=[]):
        try:
            with _Few():
                return build()
        except _ManyError:
            pass
        with torch.device("meta"):
            return build()


class _ManyError(Exception):
    """More numbers were to be made than is allowed."""


class _Few(TorchFunctionMode):
    """Lets `MOST_MADE` numbers be made."""

    def __init__(self) -> None:
        super().__init__()
        self.left = MOST_MADE

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        named = dict(kwargs or {})
        if func in _MAKING:
            self.left -= math.prod(_size(*args, **named))
            if self.left < 0:
                raise _ManyError
        return func(*args, **named)


def _size(*given: Any, size: Sequence[int] | None = None, **_: Any) -> Sequence[int]:
    """As those that make tensors are told it: by numbers, or by one sequence of them."""
    if size is not None:
        return size
    return given[0] if given and isinstance(given[0], Sequence) else given
