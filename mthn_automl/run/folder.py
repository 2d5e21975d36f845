"""The run folder: where each file lies, who may write, and what identifies the data."""

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import tomli_w

from mthn_automl.data.formats.content import Content
from mthn_automl.data.formats.frames import of_arrow
from mthn_automl.data.scoring import metric_named
from mthn_automl.errors import RunError, StorageError, UsageError
from mthn_automl.received import Received, typed
from mthn_automl.report.drawing import FIGURES, PAGE
from mthn_automl.run.lock import RunLock
from mthn_automl.run.parse import STDIN
from mthn_automl.run.strangers import refuse_what_leads_elsewhere
from mthn_automl.storage import NO_ROOM, refusal, write_bytes, write_json, write_text, writing

LIBRARIES = (
    *("mthn-automl", "numpy", "optuna", "pandas", "ray", "scikit-learn", "scipy", "torch"),
    *("lightgbm", "catboost", "gpboost"),
)
BEGINNING = frozenset(
    {"run.lock", "run.log", "events.jsonl", "trials", "search_spaces", "warm_start.json"}
    | {"data_fingerprint.json", "environment.json"}
)
"""What a start writes before config.resolved.toml; a folder with no more than these holds nothing to lose."""


class RunFolder:
    """Paths below one run; nothing inside refers to anything outside but the data files' paths in the fingerprint."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.journal = path / "study.journal"
        self.trials = path / "trials"
        self.splits = path / "splits.parquet"
        self.config = path / "config.resolved.toml"
        self.fingerprint = path / "data_fingerprint.json"
        self.summary = path / "summary.json"
        self.spaces = path / "search_spaces"
        self.warm_starts = path / "warm_start.json"
        self.models = path / "models"
        self.model = path / "model"
        self.figures = path / FIGURES
        self.page = path / PAGE
        self.ray_log = path / "ray.log"
        self.run_log = path / "run.log"
        self.events = path / "events.jsonl"
        self.lock = path / "run.lock"
        self._lock = RunLock(self.lock)

    @classmethod
    def create(cls, path: Path) -> "RunFolder":
        """A new folder, which this process alone works on until `release` or the end of `locked`.

        What a start left that stored no run, for want of room perhaps, is written over.

        Raises:
            UsageError: there is something already, for a run is never overwritten; or it cannot be a folder.
            RunError: another process is making a run there. StorageError: there is no room.
        """
        folder = cls(path)
        folder._refuse_content()
        if path.exists():
            refuse_what_leads_elsewhere(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if error.errno in NO_ROOM:
                raise StorageError(refusal(error, path)) from error
            raise UsageError(f"--output must be a folder to write in, however {path} is not: {error}.") from error
        folder._lock.take()
        try:
            folder._refuse_content()  # another process may have made a run there meanwhile
            with writing(folder.trials):
                folder._clear_beginning()
                folder.trials.mkdir(exist_ok=True)
        except BaseException:
            folder.release()
            raise
        return folder

    def _clear_beginning(self) -> None:
        """What a start that stored no run has left must not become a part of this one."""
        for name in BEGINNING - {self.lock.name}:
            place = self.path / name
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)

    def _refuse_content(self) -> None:
        path = self.path
        if not path.exists() or (path.is_dir() and self._is_empty()):
            return
        advice = f"`mthn-automl resume {path}` goes on with it" if self.config.exists() else "name another one"
        raise UsageError(f"--output must name a new or empty folder, however {path} has something in it; {advice}.")

    def _is_empty(self) -> bool:
        """Of all but the beginning of a run; what is written in one step leaves hidden files when it is killed."""
        names = {each.name for each in self.path.iterdir()}
        begun = self.lock.name in names and not (self.trials.is_dir() and any(self.trials.iterdir()))
        return not names or (begun and all(name in BEGINNING or name.startswith(".") for name in names))

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
        """Only one process at a time works on a run; the lock goes with the process, however it ends.

        Such blocks may lie in each other. Where a file of the run cannot be written the sentence says how to go on.

        Raises:
            RunError: another process works on it. StorageError: a file in it cannot be written.
        """
        outermost = not self._lock.in_a_block
        try:
            with self._lock.held():
                yield
        except OSError as error:
            sentence = self._told_to_go_on(error) if outermost else None
            if sentence is None:
                raise
            raise StorageError(sentence) from error

    def _told_to_go_on(self, error: OSError) -> str | None:
        """None for an error that has nothing to do with writing."""
        unnamed = None if error.filename else self.path
        sentence = str(error) if isinstance(error, StorageError) else refusal(error, unnamed)
        if sentence is None or not self.config.exists():
            return sentence
        return f"{sentence.removesuffix('.')}, then `mthn-automl resume {self.path}` goes on."

    @property
    def token(self) -> str:
        """What `lock` holds while this process has it: a worker that reads it there sees the same folder."""
        return self._lock.token

    def release(self) -> None:
        """Give up what `create` has taken."""
        self._lock.release()

    def write_config(self, sections: Mapping[str, Any]) -> None:
        write_text(self.config, tomli_w.dumps(dict(sections)))

    def read_table(self, name: str, types: Mapping[str, str] | None = None, text: Iterable[str] = ()) -> pd.DataFrame:
        """A CSV file that the run wrote.

        Names of tasks are text, whatever they look like: 01001 is not 1001.

        Args:
            name: of the file.
            types: of its columns, all that there are; None: those that pandas makes of them.
            text: further columns that are text.

        Raises:
            FormatError: it is damaged, or not there.
        """
        content = self.received.bytes(name)
        with self.received.checked(name):
            texts = {*text, "task", *(column for column, kind in (types or {}).items() if kind == "str")}
            as_text: Any = dict.fromkeys(texts, "str")
            table = pd.read_csv(BytesIO(content), keep_default_na=False, na_values=[""], dtype=as_text)
            return table if types is None else table[list(types)].astype(types)

    @property
    def received(self) -> Received:
        """The door by which its files are read."""
        return Received(self.path, "a whole run folder")

    def read_config(self) -> dict[str, Any]:
        """Raises FormatError: it is damaged."""
        return self.received.toml(self.config.name)

    def read_warm_starts(self) -> dict[str, list[dict[str, Any]]]:
        """What `keep_warm_starts` kept. Raises FormatError: it is damaged."""
        if not self.warm_starts.exists():
            return {}
        return self.received.typed(self.warm_starts.name, dict[str, list[dict[str, Any]]])

    def read_summary(self) -> dict[str, Any]:
        """Raises FormatError: it is damaged, or not there."""
        summary = self.received.typed(self.summary.name, dict[str, Any])
        with self.received.checked(self.summary.name):
            typed(summary, _Told)
            metric_named(summary["metric"])
        return summary

    def metric(self) -> str:
        """Of a finished run. Raises FormatError: its summary is damaged."""
        return str(self.read_summary()["metric"])

    def average(self) -> str:
        """What the models of a finished run are ranked by an error over. Raises FormatError: its summary is damaged."""
        return str(self.read_summary()["average"])

    def read_fingerprint(self) -> "dict[str, Fingerprint | None]":
        """Of each of the inputs. Raises FormatError: it is damaged, or not there."""
        stored = self.received.typed(self.fingerprint.name, dict[str, Fingerprint | None])
        with self.received.checked(self.fingerprint.name):
            missing = [name for name in INPUTS if name not in stored]
            if missing:
                raise KeyError(missing[0])
        return {name: stored[name] for name in INPUTS}

    def keep_warm_starts(self, settings: Mapping[str, Any]) -> None:
        """Settings to begin with, by architecture; the run that they are from is needed no more."""
        if settings:
            write_json(self.warm_starts, settings)

    def keep_options(self, **changed: Any) -> None:
        """Options that hold from now on, whoever resumes the run; None: that is not set."""
        sections = self.read_config()
        options = {**sections["options"], **changed}
        self.write_config({**sections, "options": {name: each for name, each in options.items() if each is not None}})

    def keep_spaces(self, files: Mapping[str, Path]) -> None:
        """Copies of the user's own search space files, so that the run can move."""
        for name, file in files.items():
            write_bytes(self.spaces / f"{name}.toml", file.read_bytes())


IF_ANY = ("members", "importances", "embeddings", "reconstruction", "preferences", "targets")
"""Tables whose file is written only where there is something in it."""

TABLES = ("leaderboard", "tradeoff", "ablation", "tasks", "trials", *IF_ANY)
"""Each a property of `Answer`, and a CSV file."""

INPUTS = ("data", "meta", "test", "split")
"""What a run is made of, by the name of the option."""


@dataclass(frozen=True)
class Fingerprint:
    """Where data lie and a hash of what they say.

    Attributes:
        path: None of a DataFrame; `-`: standard input.
        sha256: of the file's content, or of the cells.
    """

    path: str | None
    sha256: str


@dataclass(frozen=True)
class _Told:
    """Of summary.json, what commands print and go by."""

    finished: bool
    metric: str
    average: Literal["rows", "tasks"]
    test_sentence: str
    metadata_sentence: str
    best: dict[str, Any]


def fingerprint(given: Any) -> Fingerprint | None:
    """Of a file, its content or a DataFrame of any kind; None for data that were not given."""
    if given is None:
        return None
    if isinstance(given, Content):
        with given.raw() as stream:
            return Fingerprint(STDIN, hashlib.file_digest(stream, "sha256").hexdigest())
    if not isinstance(given, str | Path):
        frame = given if isinstance(given, pd.DataFrame) else of_arrow(given, "the data").read().to_pandas()
        hashes = pd.util.hash_pandas_object(frame, index=False).to_numpy()
        return Fingerprint(None, hashlib.sha256(hashes.tobytes()).hexdigest())
    if not Path(given).is_file():
        raise RunError(f"The files of a run must be where they were, however {given} is gone; put it back.")
    with Path(given).open("rb") as stream:
        return Fingerprint(str(given), hashlib.file_digest(stream, "sha256").hexdigest())


def check_fingerprint(folder: RunFolder, name: str, given: str | Path | Content | pd.DataFrame | None) -> None:
    """Data given again must be those the run began with.

    Raises:
        RunError: they are not.
    """
    then, now = folder.read_fingerprint()[name], fingerprint(given)
    if (then and then.sha256) != (now and now.sha256):
        raise RunError(
            f"The {name} must be those this run began with, however the content of {now and now.path} "
            f"differs from what {then and then.path} held then; start a new run for new data."
        )


def _fingerprints(given: Mapping[str, Any]) -> Iterator[tuple[str, Fingerprint | None]]:
    for name, each in given.items():
        yield name, fingerprint(each)


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
    write_json(folder.fingerprint, {name: found and asdict(found) for name, found in _fingerprints(given)})
    write_json(folder.path / "environment.json", environment())
