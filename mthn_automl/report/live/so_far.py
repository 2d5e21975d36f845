"""What has happened in a run so far, read from its `events.jsonl` as that grows."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

TRIAL_COLUMNS = ("architecture", "trial", "ending", "cv_error", "ended", "parameters", "reason")


@dataclass
class SoFar:
    """All sessions of a run together; the time is that of the last.

    Attributes:
        events: the file.
        started: when this session began, in seconds since the epoch.
        phase: the present one; empty between two.
        limit: seconds of this session in all; None: no limit.
        trials: that have ended, of all sessions, with the columns of `TRIAL_COLUMNS`.
    """

    events: Path
    started: float
    phase: str = ""
    limit: float | None = None
    trials: list[dict[str, Any]] = field(default_factory=list)
    _begun: float = 0.0  # the first event of all, from which trials are counted
    _read: int = 0

    def read_on(self) -> None:
        """Take what has been written since; part of a line is left for the next time."""
        with self.events.open("rb") as stream:
            stream.seek(self._read)
            content = stream.read()
        whole = content[: content.rfind(b"\n") + 1]
        self._read += len(whole)
        for line in whole.splitlines():
            self._take(json.loads(line))

    def _take(self, told: dict[str, Any]) -> None:
        at, fields = float(told["seconds"]), told["fields"]
        self._begun = self._begun or at
        match told["event"]:
            case "PhaseStarted":
                self.phase = fields["name"]
                if fields["seconds_left"] is not None:
                    self.limit = at - self.started + fields["seconds_left"]
            case "PhaseFinished":
                self.phase = ""
            case "TrialFinished":
                self.trials.append(
                    {
                        "architecture": fields["architecture"],
                        "trial": fields["number"],
                        "ending": fields["ending"],
                        "cv_error": fields["error"],
                        "reason": fields["reason"],
                        "ended": at - self._begun,
                        "parameters": None,
                    }
                )

    @property
    def table(self) -> pd.DataFrame:
        """The trials, as pictures of a run need them."""
        made = pd.DataFrame(self.trials, columns=list(TRIAL_COLUMNS))
        return made.astype({"cv_error": "float64", "ended": "float64", "parameters": "Int64"})
