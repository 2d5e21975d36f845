"""Whether and how the loss of a pack is compiled: minutes of work that only long trainings earn back."""

import os
import shutil
import warnings
from collections.abc import Callable
from typing import Any

import torch

COMPILE_SECONDS = 100.0
"""Of compiling one shape of pack (measured: 50-140 s on a cold cache)."""

SAVED_SHARE = 0.3
"""Of a step's time that compiling saves (measured on a CPU: 1.4-1.5 times faster, alone and in packs of 15)."""


def worth_compiling(spent: float, left: float | None) -> bool:
    """Whether compiling now is likely to pay. spent: seconds trained so far. left: seconds allowed; None: no limit.

    Nobody knows when early stopping will come; a training that has taken so long is taken to go on as long again.
    What is lost by that is never more than what never compiling, or compiling at once, could have lost (as whoever
    rents skis until the rent has reached their price).
    """
    expected = spent if left is None else min(spent, left)
    return SAVED_SHARE * expected > COMPILE_SECONDS and compiler_found()


def compiler_found() -> bool:
    """Whether this machine has what PyTorch compiles CPU code with."""
    return any(shutil.which(name) for name in (os.environ.get("CXX", "g++"), "clang++"))


class Compiled:
    """A function compiled at its first call; should that fail, the function itself from then on."""

    def __init__(self, plain: Callable[..., Any]) -> None:
        self.plain = plain
        self.failure: Exception | None = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's compiler imports what PyTorch has deprecated
            self._fast: Callable[..., Any] = torch.compile(plain, dynamic=False, options={"compile_threads": 1})

    def __call__(self, *arguments: Any) -> Any:
        if self.failure is None:
            try:
                return self._fast(*arguments)
            except Exception as error:
                self.failure = error
        return self.plain(*arguments)
