"""The data of a run that was begun, given once more: the same content, wherever the files are now."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mthn_automl.errors import RunError, UsageError
from mthn_automl.run.folder import RunFolder, check_fingerprint
from mthn_automl.run.options import Options
from mthn_automl.run.parse import STDIN
from mthn_automl.run.prepare import Given, Held, Inputs, held


def inputs_again(folder: RunFolder, options: Options, changed: Mapping[str, Any]) -> Inputs:
    """Files, where they are now, or the DataFrames that were given again; of the same content."""
    begun_with = folder.read_fingerprint()
    if changed.get("split") is not None and not begun_with.get("split"):
        raise UsageError("This run was not begun with a file of its split; leave --split out.")
    if options.split is not None and Path(options.split).is_absolute() and not begun_with["split"]:
        raise RunError(f"{folder.path} must be of the data it was begun with, however --split names another file.")
    inputs: dict[str, Any] = {
        name: _given_again(changed.get(name), getattr(options, name), f"--{name}") if begun_with[name] else None
        for name in begun_with
    }
    for name, each in inputs.items():
        check_fingerprint(folder, name, each)
    return Inputs(**inputs)


def _given_again(given: Given | None, path: str | None, option: str) -> Held:
    """The DataFrame that was given, else the file at `path`, or what is piped in anew."""
    if given is not None and not isinstance(given, str | Path):
        return given
    if path is None:
        raise UsageError(f"This run's data were a DataFrame; {option} must give them again.")
    if path == STDIN and given is None:
        raise UsageError(f"This run's data came from standard input; {option} FILE must give them again.")
    if path != STDIN and not Path(path).exists():
        raise UsageError(f"The data of this run must be where they were, however {path} is gone; say {option} FILE.")
    return held(path)
