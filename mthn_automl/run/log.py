"""What happened when, twice: `run.log` for people, `events.jsonl` for machines."""

import json
import math
import time
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from mthn_automl.report.wording import sentence
from mthn_automl.run.folder import RunFolder
from mthn_automl.storage import cut_torn_line, writing
from mthn_automl.terminal import inert
from mthn_automl.tuning.events import Event, PhaseFinished, PhaseStarted, Watcher

BETWEEN = "run"
"""What stands where the phase would before the first one, and between two."""


class Log:
    """A watcher that writes each event to both files of a run, and then passes it on.

    A line of `run.log` is a time, the phase and a sentence, two spaces apart:

        2026-01-02 03:04:05  search    ridge-3 begins.

    A line of `events.jsonl` is an object: `seconds` since the epoch, the `event`'s name in
    `mthn_automl.tuning.events`, the `phase`, and below `fields` the event's own; what is no finite number is null:

        {"seconds": 1767323045.1, "event": "TrialStarted", "phase": "search", "fields": {...}}

    A later session appends to both.

    Raises:
        StorageError: when called, where a line cannot be written.
    """

    def __init__(self, folder: RunFolder, watcher: Watcher | None) -> None:
        self._folder, self._watcher = folder, watcher
        for path in (folder.run_log, folder.events):  # a killed session may have left part of a line
            cut_torn_line(path)
        self._phase = BETWEEN

    def __call__(self, event: Event) -> None:
        if isinstance(event, PhaseStarted):
            self._phase = event.name
        now = time.time()
        line = f"{datetime.fromtimestamp(now):%Y-%m-%d %H:%M:%S}  {self._phase:8}  {inert(sentence(event))}"
        _append(self._folder.run_log, line)
        fields = {name: _finite(value) for name, value in asdict(event).items()}
        told = {"seconds": now, "event": type(event).__name__, "phase": self._phase, "fields": fields}
        _append(self._folder.events, json.dumps(told, allow_nan=False))
        if isinstance(event, PhaseFinished):
            self._phase = BETWEEN
        if self._watcher is not None:
            self._watcher(event)


def _append(path: Path, line: str) -> None:
    """Whole, or not at all; what is no text, as in a name of a file, is written as its code."""
    content = f"{line}\n".encode(errors="backslashreplace")
    with writing(path):
        try:
            with path.open("ab") as stream:
                stream.write(content)
        except OSError:
            cut_torn_line(path)
            raise


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
