"""The line in which requests wait for the one thread that predicts."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from mthn_automl.deployment.serving.limits import MOST_WAITING
from mthn_automl.errors import OutOfTimeError, RequestError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Deadline:
    """When a request must be answered."""

    seconds: float
    begun: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Raise an OutOfTimeError if it has passed: nobody waits for the answer any more."""
        if time.monotonic() - self.begun > self.seconds:
            raise OutOfTimeError(self.sentence)

    @property
    def sentence(self) -> str:
        return (
            f"A request must be answered within {self.seconds:g} s, however this one was not; send fewer rows at once."
        )


class Line:
    """Work is done in the order in which it comes, by one thread, so that answers depend on no other request."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "predicting")
        self._waiting = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one request, from before its body is read.

        Raises:
            RequestError: all are taken.
        """
        if self._waiting >= MOST_WAITING:
            raise RequestError(
                503, f"At most {MOST_WAITING} requests can wait at one time, however so many do; try again soon."
            )
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    async def done(self, work: Callable[[], Answer]) -> Answer:
        """What the work gives. It is not begun any more where its request has been given up."""
        return await asyncio.wrap_future(self._thread.submit(work))

    def close(self) -> None:
        """End the thread after the work at hand."""
        self._thread.shutdown(cancel_futures=True)
