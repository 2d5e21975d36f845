"""The run folder: where each file lies, who may write, and what identifies the data."""

import fcntl
import hashlib
import os
import platform
import shutil
import sys
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from mthn_automl.errors import RunError, UsageError
from mthn_automl.storage import read_json, write_json, write_text

LIBRARIES = ("mthn-automl", "numpy", "optuna", "pandas", "ray", "scikit-learn", "scipy", "torch")


class RunFolder:
    """Paths below one run; nothing inside refers to another place but the data files' paths in the fingerprint."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path / "study.journal"
        self.trials = path / "trials"
        self.splits = path / "splits.parquet"
        self.config = path / "config.resolved.toml"
        self.fingerprint = path / "data_fingerprint.json"
        self.summary = path / "summary.json"
        self.spaces = path / "search_spaces"
        self.models = path / "models"
        self.model = path / "model"
        self.figures = path / "figures"
        self.ray_log = path / "ray.log"
        self.run_log = path / "run.log"

    @classmethod
    def create(cls, path: Path) -> "RunFolder":
        """A new folder.

        Raises:
            UsageError: there is something already; a run is never overwritten.
        """
        if path.exists() and (not path.is_dir() or any(path.iterdir())):
            advice = f"`mthn-automl resume {path}` goes on with it" if (path / "study.journal").exists() else ""
            raise UsageError(
                f"--output must name a new or empty folder, however {path} has something in it; "
                f"{advice or 'name another one'}."
            )
        folder = cls(path)
        try:
            folder.trials.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"--output must be a folder to write in, however {path} is not: {error}.") from error
        return folder

    @classmethod
    def existing(cls, path: Path) -> "RunFolder":
        """A run that was begun.

        Raises:
            UsageError: there is none.
        """
        folder = cls(path)
        if not folder.config.exists():
            raise UsageError(f"{path} must be a run folder, however it has no config.resolved.toml.")
        return folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process at a time works on a run; the lock goes with the process, however it ends."""
        with (self.path / "run.lock").open("w") as stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise RunError(f"Another process is working on {self.path}; wait for it or stop it.") from error
            yield

    def write_config(self, sections: Mapping[str, Any]) -> None:
        write_text(self.config, tomli_w.dumps(dict(sections)))

    def read_config(self) -> dict[str, Any]:
        return tomllib.loads(self.config.read_text(encoding="utf-8"))

    def keep_spaces(self, files: Mapping[str, Path]) -> None:
        """Copies of the user's own search space files, so that the run can move."""
        for name, file in files.items():
            self.spaces.mkdir(exist_ok=True)
            shutil.copyfile(file, self.spaces / f"{name}.toml")

    def log(self, text: str) -> None:
        with self.run_log.open("a", encoding="utf-8") as stream:
            stream.write(f"{pd.Timestamp.now():%Y-%m-%d %H:%M:%S}  {text}\n")


def fingerprint(given: str | Path | pd.DataFrame | None) -> dict[str, Any] | None:
    """Where data lie and a hash of what they say; None for data that were not given."""
    if given is None:
        return None
    if isinstance(given, pd.DataFrame):
        hashes = pd.util.hash_pandas_object(given, index=False).to_numpy()
        return {"path": None, "sha256": hashlib.sha256(hashes.tobytes()).hexdigest()}
    if not Path(given).is_file():
        raise RunError(f"The files of a run must be where they were, however {given} is gone; put it back.")
    with Path(given).open("rb") as stream:
        return {"path": str(given), "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def check_fingerprint(folder: RunFolder, name: str, given: str | Path | pd.DataFrame | None) -> None:
    """Data given again must be those the run began with.

    Raises:
        RunError: they are not.
    """
    stored, found = read_json(folder.fingerprint)[name], fingerprint(given)
    if (stored or {}).get("sha256") != (found or {}).get("sha256"):
        raise RunError(
            f"The {name} must be those this run began with, however the content of {(found or {}).get('path')} "
            f"differs from what {(stored or {}).get('path')} held then; start a new run for new data."
        )


def environment() -> dict[str, Any]:
    """What the run was made with."""
    return {
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "libraries": {name: _version(name) for name in LIBRARIES},
    }


def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None


def write_identity(folder: RunFolder, given: Mapping[str, Any]) -> None:
    """The files that say what the run was made of."""
    write_json(folder.fingerprint, {name: fingerprint(each) for name, each in given.items()})
    write_json(folder.path / "environment.json", environment())
