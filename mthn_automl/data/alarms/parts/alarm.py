"""What an alarm says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.dataset import Dataset


class Sees(Enum):
    """What an alarm is shown of many rows: some of them, some tasks with all of their rows, or all."""

    ROWS = 1
    TASKS = 2
    ALL = 3


@dataclass(frozen=True)
class Alarm:
    """Something about the data that a person should know before time is spent on them.

    Attributes:
        name: of its file.
        columns: what it is about; may be empty.
        sentence: what was found, with the numbers.
        advice: what to do about it, with the option that does so.
        evidence: the numbers by name, for machines.
    """

    name: str
    columns: tuple[str, ...]
    sentence: str
    advice: str
    evidence: Mapping[str, float | int | str]

    def __str__(self) -> str:
        """What was found and what to do about it."""
        return f"{self.sentence} {self.advice}"


class Find(Protocol):
    """How an alarm is looked for."""

    def __call__(self, dataset: Dataset, test: NDArray[np.bool_], /) -> Iterator[Alarm]:
        """What is found in rows in the order of the file; test: (rows,) true where a row is sealed for the test."""


def percent(share: float) -> str:
    """`99.7 %`; never rounded up to all of it, nor down to nothing."""
    if 0 < share < 1:
        share = min(max(share, 0.0001), 0.9999)
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"
