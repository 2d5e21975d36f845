"""The command `mthn-automl` as tests run it: in this process, where it is quick, or as a process of its own."""

import os
import signal
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO
from unittest.mock import patch

import pytest

from mthn_automl.cli.app import main

HEED = (
    "import os, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "signal.signal(signal.SIGHUP, signal.SIG_IGN if 'NOHUP' in os.environ else signal.SIG_DFL)"
)
"""A shell makes what it starts with `&` ignore SIGINT, and `nohup` SIGHUP; the tests' children would inherit that."""

PROGRAM = (sys.executable, "-c", f"{HEED}; from mthn_automl.cli.app import main; main()")


@dataclass(frozen=True)
class Ended:
    """A command that is over."""

    code: int
    out: str
    err: str


def in_process(folder: Path, *words: object) -> Ended:
    """Run the command in `folder`; real files take its output, since progress is written to a file descriptor."""
    arguments = ["mthn-automl", *map(str, words)]
    handler = signal.getsignal(signal.SIGTERM)
    with TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        try:
            with (
                redirect_stdout(out),
                redirect_stderr(err),
                patch.object(sys, "argv", arguments),
                chdir(folder),
                pytest.raises(SystemExit) as ended,
            ):
                main()
        finally:
            signal.signal(signal.SIGTERM, handler)
        return Ended(int(ended.value.code or 0), _all_of(out), _all_of(err))


def start(folder: Path, *words: object) -> "subprocess.Popen[str]":
    """The command as a process of its own, in its own process group."""
    return subprocess.Popen(
        [*PROGRAM, *map(str, words)],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def as_process(folder: Path, *words: object) -> Ended:
    with start(folder, *words) as process:
        try:
            out, err = process.communicate(timeout=120)
        except BaseException:
            process.kill()
            raise
    return Ended(process.returncode, out, err)


def _all_of(file: TextIO) -> str:
    file.seek(0)
    return file.read()
