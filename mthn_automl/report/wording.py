"""Events, times and counts in words."""

import math
from collections.abc import Sequence
from typing import Any, Final

from mthn_automl.tuning.events import (
    Event,
    PhaseFinished,
    PhaseStarted,
    Said,
    TrialAtRung,
    TrialFinished,
    TrialStarted,
    WorkersSeen,
)

OVER: Final = {"rows": "", "tasks": " over tasks"}
"""What names of errors are followed by, by what they are averages over."""

TEST_COLUMNS: Final = {
    "rows": ("test_error", "test_low", "test_high"),
    "tasks": ("test_error_tasks", "test_low_tasks", "test_high_tasks"),
}
"""The error on the test rows with its interval, by what models are ranked by an average over."""


def sentence(event: Event) -> str:
    """The event as a sentence on one line, as run.log has it."""
    match event:
        case Said(text):
            return " ".join(text.split())
        case PhaseStarted(name, seconds_left):
            left = "" if seconds_left is None else f"; {duration(seconds_left)} are left"
            return f"The {name} begins{left}."
        case TrialStarted(architecture, number):
            return f"{architecture}-{number} begins."
        case TrialAtRung():
            at = f"rung {event.rung} of {event.rungs}, epoch {event.epoch}"
            return f"{event.architecture}-{event.number} goes on after {at}."
        case TrialFinished(architecture, number):
            return f"{architecture}-{number} {_end(event)}".removesuffix(".") + "."
        case WorkersSeen():
            return f"There {'is' if event.workers == 1 else 'are'} {workers_text(event)}."
        case PhaseFinished(name, seconds):
            return f"The {name} is over after {duration(seconds)}."


def _end(event: TrialFinished) -> str:
    after = f"after {event.seconds:.1f} s"
    match event.ending:
        case "complete":
            beside = f"; {reason_of(event)}" if event.reason else ""
            return f"ends {after} with error {digits(event.error)}, the best so far is {digits(event.best)}{beside}"
        case "stopped":
            return f"is stopped: {reason_of(event)}"
        case "lost" | "abandoned":
            return f"is {event.ending} and will run again: {reason_of(event)}"
        case _:
            return f"fails: {reason_of(event)}"


def reason_of(event: TrialFinished) -> str:
    """The reason on one line."""
    return " ".join(event.reason.split()) or "no reason given"


def duration(seconds: float) -> str:
    """Seconds as people say them: `45 s`, `2 min 05 s`, `1 h 02 min`."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def workers_text(workers: WorkersSeen) -> str:
    """Such as `2 workers on 1 node`."""
    return f"{_counted(workers.workers, 'worker')} on {_counted(workers.nodes, 'node')}"


def joined(parts: Sequence[str]) -> str:
    """`one, another and a third`."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))


def percent(share: float) -> str:
    """`12 %`; of what is nearly all never all of it."""
    if 0.985 <= share < 1:
        return f"{min(100 * share, 99.9):.3g} %"
    return f"{100 * share:.2g} %" if abs(share) < 0.995 else f"{100 * share:.0f} %"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def digits(value: Any, count: int = 4) -> str:
    """A value to so many significant digits, and a dash where there is none."""
    if value is None or math.isnan(value):
        return "-"
    text = f"{float(value):#.{count}g}" if math.isfinite(value) else str(value)
    return text.rstrip(".")
