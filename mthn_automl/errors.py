"""The whole exception tree. Every message says what must hold, what was found and what to do."""

import difflib
import signal
from collections.abc import Iterable
from typing import ClassVar


class MthnError(Exception):
    """Base of every error this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class UsageError(MthnError, ValueError):
    """An option, setting or search space file that cannot be used as it stands."""

    exit_code = 2


class DataError(MthnError, ValueError):
    """Data that cannot be searched or predicted as they stand; names the file, column, task or row."""

    exit_code = 3


class FormatError(MthnError, ValueError):
    """A model or run folder that this version cannot read."""


class RunError(MthnError, RuntimeError):
    """A run folder in a state that forbids what was asked for."""


class StorageError(MthnError, OSError):
    """A file that cannot be written: there is no room for it, or nothing may be written where it lies."""


class ClusterError(MthnError, ConnectionError):
    """A Ray cluster that cannot be joined, or that has no room for a trial."""


class NothingFinishedError(MthnError, RuntimeError):
    """No trial of any architecture finished within the budget."""

    exit_code = 4


class DivergedError(MthnError, ArithmeticError):
    """Training produced a loss that is not finite."""


class OutOfTimeError(MthnError, TimeoutError):
    """A fit that did not end, or would not have ended, within the time given."""


class TooLargeError(MthnError, ValueError):
    """A network with more numbers than can be trained."""


class UndefinedError(MthnError, ArithmeticError):
    """A metric that has no value for the rows at hand, such as ROC AUC with one class."""


class RequestError(MthnError, ValueError):
    """A request over HTTP that is refused with a status."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class UnsupportedError(MthnError, NotImplementedError):
    """What cannot be written in the format that was asked for, such as a member of an ensemble."""


class UnknownWarning(UserWarning):
    """Rows to predict hold what training has not seen: categories, tasks, numbers out of range, empty columns."""


class Terminated(BaseException):
    """SIGTERM or SIGHUP arrived, the signal `number`; as `KeyboardInterrupt`, no error to be handled on the way."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__(number)
        self.number = int(number)


def extra_line(extra: str) -> str:
    """What to type for an extra of this package, which is not published, and where.

    Example:
        >>> extra_line("excel")
        "`pip install '.[excel]'` in a clone of mthn-automl"
    """
    return f"`pip install '.[{extra}]'` in a clone of mthn-automl"


MOST_COMPARED, MOST_NAMED = 5_000, 30
"""Known names that a wrong one is compared with, and that a sentence lists."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A clause that names the nearest known name, or lists all of them when none is near."""
    names = sorted(known)
    compared = names[:MOST_COMPARED]
    near = difflib.get_close_matches(name, compared, n=1, cutoff=0.5)
    if not near:
        lowered = {each.lower(): each for each in compared}
        near = [lowered[hit] for hit in difflib.get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)]
    if near:
        return f"did you mean '{near[0]}'?"
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return f"known: {', '.join(names[:MOST_NAMED])}{more}." if names else "there are none."
