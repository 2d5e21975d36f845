"""What the search tells the process that keeps up its page."""

import json
from dataclasses import asdict, dataclass
from typing import Final, Self

PROCESS: Final = "mthn_automl.report.live.process"
STOP: Final = "stop"
"""The last word: from then on the page is the search's own to write."""


@dataclass(frozen=True)
class Told:
    """What is known of a run before its first trial.

    Attributes:
        page, events: paths of files.
        name: of the run.
        metric: its name.
        average: what errors are averages over, `rows` or `tasks`.
        started: when the session began, in seconds since the epoch.
        alarms: sentences.
    """

    page: str
    events: str
    name: str
    metric: str
    average: str
    started: float
    alarms: tuple[str, ...]

    def line(self) -> str:
        """As one line of JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, line: str | bytes) -> Self:
        """What `line` made."""
        given = json.loads(line)
        return cls(**{**given, "alarms": tuple(given["alarms"])})
