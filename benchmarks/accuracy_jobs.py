"""Running what is missing: each job in a process of its own, one at a time; a failure is a cell too."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from accuracy_cells import Cell, Key, read, store
from accuracy_methods import METHODS, made_by
from accuracy_sets import written
from measuring import say

from mthn_automl.errors import MthnError

HERE: Final = Path(__file__).resolve().parent
GRACE: Final = 30.0
"""Seconds between asking a process to end and ending it."""

BEYOND: Final = 1200.0
"""Seconds beyond its time after which a process has failed."""

LONGEST_REASON: Final = 300
AUTOGLUON: Final = "accuracy_autogluon"


@dataclass(frozen=True)
class Asked:
    """One process to run.

    Attributes:
        dataset, split, method: of which it is; one process may make several methods.
        seconds: its time.
    """

    dataset: str
    split: int
    method: str
    seconds: float

    def cells(self) -> list[Key]:
        return [Key.of(self.dataset, self.split, name, self.seconds) for name in made_by(self.method)]

    def missing(self, output: Path, retry: bool) -> bool:
        """Whether a cell is not there, or holds a failure that is to be tried again."""
        found = [read(output, key) for key in self.cells()]
        return any(cell is None or (retry and cell.failure is not None) for cell in found)


def asked(sets: Sequence[str], splits: Sequence[int], methods: Sequence[str], seconds: float) -> Iterator[Asked]:
    """Split by split, so that what is there after a part of the time is whole for the first splits."""
    for split in splits:
        for dataset in sets:
            for method in methods:
                yield Asked(dataset, split, method, seconds)


def run(jobs: Sequence[Asked], data: Path, output: Path, workers: int, retry: bool) -> None:
    """Those whose cells are missing, in turn."""
    wanted = [job for job in dict.fromkeys(jobs) if job.missing(output, retry)]
    say(f"{len(wanted)} of {len(set(jobs))} jobs are left to run.")
    for number, job in enumerate(wanted, start=1):
        say(f"[{number}/{len(wanted)}] {job.dataset}, split {job.split}, {job.method}")
        run_one(job, data, output, workers)
        for key in job.cells():
            say(f"    {_line(read(output, key))}")


def run_one(job: Asked, data: Path, output: Path, workers: int) -> None:
    """One process; whatever it has not made afterwards has failed."""
    for key in job.cells():
        key.path(output).unlink(missing_ok=True)
    log = output / "logs" / f"{job.dataset}-{job.method}-split{job.split}-{job.seconds:g}s.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    reason: str | None
    with tempfile.TemporaryDirectory(prefix="accuracy-", ignore_cleanup_errors=True) as folder:
        try:
            spec = _specification(job, data, output, workers, Path(folder))
        except (MthnError, OSError, ValueError) as error:
            log.write_text(f"{type(error).__name__}: {error}\n")
            reason = "Its data could not be read."
        else:
            with log.open("wb") as stream:
                reason = _ended(spec, stream.fileno(), job.seconds + BEYOND, job.method)
    for key in job.cells():
        if read(output, key) is None:
            store(output, Cell(**vars(key), failure=_reason(reason, log)))


def _specification(job: Asked, data: Path, output: Path, workers: int, folder: Path) -> Path:
    given = written(data / job.dataset, job.split, folder)
    spec = {
        "dataset": job.dataset,
        "given": vars(given),
        "folder": str(folder),
        "output": str(output),
        "job": {
            "name": job.method,
            "dataset": job.dataset,
            "split": job.split,
            "seconds": job.seconds,
            "workers": workers,
            "began": time.time(),
        },
    }
    path = folder / "job.json"
    path.write_text(json.dumps(spec))
    return path


def _ended(spec: Path, log: int, limit: float, method: str) -> str | None:
    """Run it to its end. None where it ended well, and else what is known of why not."""
    threads = {} if METHODS[method].timed else {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "accuracy_process.py"), str(spec)],
        stdout=log,
        stderr=log,
        env={**os.environ, **threads},
        start_new_session=True,
    )
    try:
        code = process.wait(limit)
    except subprocess.TimeoutExpired:
        return f"It had not ended after {limit:.0f} s."
    finally:
        _end(process)
    return None if code == 0 else f"It ended with exit code {code}."


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The process and what it has started: first asked, then ended."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _reason(reason: str | None, log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    said = lines[-1][-LONGEST_REASON:] if lines else ""
    return " ".join(filter(None, (reason or "It ended without this result.", said)))


def _line(cell: Cell | None) -> str:
    if cell is None or cell.failure is not None:
        return f"failed: {cell.failure if cell else 'not made'}"
    return f"{cell.method}: {cell.metric} {cell.error:.5g}, {cell.used:.0f} s. {' '.join(cell.notes)}"


def needs_autogluon(jobs: Sequence[Asked], output: Path, retry: bool) -> bool:
    return any(METHODS[job.method].module == AUTOGLUON and job.missing(output, retry) for job in jobs)
