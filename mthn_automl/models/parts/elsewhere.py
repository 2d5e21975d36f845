"""Files that a native reader might die of are read by another process first: here those of CatBoost."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from mthn_automl.errors import FormatError

READER = Path(__file__).with_name("catboost_reader.py")
MEMORY, MEMORY_A_BYTE = 2 << 30, 100
SECONDS, BYTES_A_SECOND = 60.0, 200_000  # of which a second is needed for 10 MB at most


@dataclass(frozen=True)
class Wanted:
    """A model, and what is expected of it.

    Shape:
        rows of (columns,) -> (outputs,).

    Example:
        >>> read_elsewhere([Wanted(b"no model of CatBoost's", columns=2, numbers=1, outputs=1)])  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        mthn_automl.errors.FormatError: A stored model must be ...

    Attributes:
        model: CatBoost's own format.
        columns: of its rows.
        numbers: how many of these are, the first ones; the others are categories.
        outputs: that it gives a row.
    """

    model: bytes
    columns: int
    numbers: int
    outputs: int


def read_elsewhere(models: Sequence[Wanted], seconds: float | None = None) -> None:
    """Load and predict with all models, in one process. seconds: that it may take; None: by the size of the models.

    Raises:
        FormatError: one of them cannot be used, or killed the process.
    """
    if not models:
        return
    size = sum(len(each.model) for each in models)
    allowed = SECONDS + size / BYTES_A_SECOND if seconds is None else seconds
    plain = [{**asdict(each), "model": None, "bytes": len(each.model)} for each in models]
    content = b"".join([json.dumps(plain).encode(), b"\n", *(each.model for each in models)])
    command = [sys.executable, "-P", str(READER), str(MEMORY + MEMORY_A_BYTE * size)]
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(command, input=content, capture_output=True, cwd=folder, timeout=allowed, check=False)
        except subprocess.TimeoutExpired as error:
            raise _refused(f"reading it took more than {allowed:.0f} seconds") from error
    if done.returncode:
        raise _refused(_reason(done.returncode, done.stderr.decode(errors="replace")))


def _reason(code: int, said: str) -> str:
    if code < 0:
        with suppress(ValueError):
            return f"the process that read it was ended by {signal.Signals(-code).name}"
    lines = said.strip().splitlines()
    return lines[-1].rstrip(".") if lines else f"the process that read it ended with code {code}"


def _refused(what: str) -> FormatError:
    return FormatError(f"A stored model must be one that CatBoost can read and predict with, however {what}.")
