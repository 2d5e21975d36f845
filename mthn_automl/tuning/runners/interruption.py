"""SIGINT, SIGTERM, SIGHUP while a run works: the first asks it to stop soon and well, the second stops it at once."""

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Self

from mthn_automl.errors import Terminated

HANGING_UP = getattr(signal, "SIGHUP", None)
"""Sent where the terminal is gone, as when a connection is lost; `nohup` makes a process ignore it."""


def heeded() -> tuple[int, ...]:
    """Signals that ask to stop, without SIGHUP where it was ignored from the start."""
    ignored = HANGING_UP is None or signal.getsignal(HANGING_UP) is signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *(() if ignored else (HANGING_UP,)))


class Stopped(BaseException):
    """A signal arrived inside `Interruption.raising`. No `Exception`, so that no model's error handling eats it."""


class Overdue(BaseException):
    """What runs inside `Interruption.raising` has taken longer than it may."""


class Interruption:
    """Which signal has asked to stop, if any. As a context it listens, in the main thread; elsewhere nobody asks.

    pending: whether a signal came that nobody has acted upon. number: of the signal that came, even if somebody has.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.pending = False
        self._raising = False
        self._kept: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._kept = {number: signal.getsignal(number) for number in heeded()}
            self.listen()
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._kept.items():
            signal.signal(number, handler)
        self._kept = {}

    def listen(self) -> None:
        """Take the signals back from whoever else took them, as Ray does when it starts."""
        if threading.current_thread() is threading.main_thread():
            for number in heeded():
                signal.signal(number, self._take)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.number is not None:
            raise _exception(number)
        self.number, self.pending = number, True
        if self._raising:
            raise Stopped

    def acted_upon(self) -> None:
        """What was running has ended: what is begun from now on runs to its end, or to a second signal."""
        self.pending = False

    def raise_if_asked(self) -> None:
        """Raise what the signal stands for.

        Raises:
            KeyboardInterrupt: SIGINT came. Terminated: another one came.
        """
        if self.number is not None:
            raise _exception(self.number)

    @contextmanager
    def raising(self, seconds: float | None = None) -> Iterator[None]:
        """Work of this process that a signal, or the end of its time, may break off anywhere.

        Python breaks off between two of its own instructions; a library's long call ends first.

        Raises:
            Stopped: the first signal arrived, before or meanwhile. Overdue: `seconds` have passed.
        """
        with _alarm(seconds):
            self._raising = True
            try:
                if self.pending:  # not before: a signal between the two would be nobody's
                    raise Stopped
                yield
            finally:
                self._raising = False


def let_interruptions_pass(error: BaseException) -> None:
    """Ctrl-C in the middle of a vectorised call comes out as an error of functorch's own; it is still Ctrl-C."""
    cause: BaseException | None = error
    while cause is not None:
        if not isinstance(cause, Exception):
            raise cause
        cause = cause.__cause__ or cause.__context__


@contextmanager
def _alarm(seconds: float | None) -> Iterator[None]:
    possible = threading.current_thread() is threading.main_thread() and hasattr(signal, "setitimer")
    if seconds is None or not possible or not math.isfinite(seconds):
        yield
        return
    kept = signal.signal(signal.SIGALRM, _overdue)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, kept)


def _overdue(number: int, frame: FrameType | None) -> None:
    raise Overdue


def _exception(number: int) -> BaseException:
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated(number)
