"""What a request may ask for."""

from dataclasses import dataclass
from typing import Final

from mthn_automl.errors import UsageError

MOST_WAITING: Final = 64
"""Requests that are received, wait or are predicted at one time: the bodies of so many are held in memory."""


@dataclass(frozen=True)
class Limits:
    """Of one request.

    Attributes:
        rows: to predict, and of metadata.
        bytes: of its body.
        seconds: from its headers to its answer.

    Raises:
        UsageError: one that lets nothing through.
    """

    rows: int = 10_000
    bytes: int = 16 << 20
    seconds: float = 30.0

    def __post_init__(self) -> None:
        for option, value in (("--max-rows", self.rows), ("--max-bytes", self.bytes), ("--timeout", self.seconds)):
            if not value > 0:
                raise UsageError(f"{option} must be above 0, however it is {value:g}.")
