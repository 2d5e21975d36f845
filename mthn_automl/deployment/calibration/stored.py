"""calibration.json of a model folder."""

from dataclasses import asdict
from pathlib import Path

from mthn_automl.data.schema import Schema
from mthn_automl.deployment.calibration.intervals import Intervals
from mthn_automl.received import Received
from mthn_automl.storage import write_json

FILE = "calibration.json"


def write_intervals(folder: Path, intervals: Intervals | None) -> None:
    """No file where there are none; that of an earlier model does not stay behind."""
    if intervals is None:
        (folder / FILE).unlink(missing_ok=True)
    else:
        write_json(folder / FILE, asdict(intervals))


def read_intervals(given: Received, schema: Schema, tasks: int) -> Intervals | None:
    """None where the model states none.

    Raises:
        FormatError: it is damaged, or does not belong to the schema and the tasks.
    """
    if not (given.folder / FILE).exists():
        return None
    found = given.typed(FILE, Intervals)
    with given.checked(FILE):
        if schema.classes or len(found.targets) != len(schema.targets) or found.tasks != tasks:
            raise ValueError(
                f"intervals must be of {0 if schema.classes else len(schema.targets)} targets and {tasks} tasks, "
                f"however they are of {len(found.targets)} and {found.tasks}"
            )
    return found
