"""Waits for a search to end, however it ends, and then ends what is left of its Ray and removes its folder.

python guardian.py FOLDER

The first line of standard input is the token of the search, a second one says that the search has ended well; without
it, the end of the input is a kill.

A driver that is killed cannot clear up: Ray's agents live on for half a minute then, and its folder for good. It is run
as a file and imports nothing of this package, so that it takes little memory while it waits.
"""

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

SECONDS = 15.0
"""For which processes that were just being started at a kill are looked for."""


def main(folder: str) -> None:
    """Nothing is said: nobody may be there to hear it."""
    spared = {os.getpid(), os.getppid()}  # the search itself, which may go on to write its tables
    token, well = sys.stdin.readline().strip(), bool(sys.stdin.readline())
    ends = time.monotonic() + (0.0 if well else SECONDS)
    while _end(token, folder, spared) or time.monotonic() < ends:
        time.sleep(0.2)
    shutil.rmtree(folder, ignore_errors=True)


def _end(token: str, folder: str, spared: set[int]) -> bool:
    """Kill all processes of the search; whether there were any."""
    found = [each for each in _of_search(token, folder) if each.pid not in spared]
    for process in found:
        with suppress(psutil.Error):
            process.kill()
    return bool(found)


def _of_search(token: str, folder: str) -> Iterator[psutil.Process]:
    """Those that have the token, or write a file in the folder: agents overwrite their environment by a long title."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if f"RAY_AUTH_TOKEN={token}" in _environment(process) or any(
                file.path.startswith(f"{folder}/ray/") for file in process.open_files()
            ):
                yield process


def _environment(process: psutil.Process) -> str:
    """As it stands in memory, the beginning of which a title may have overwritten."""
    memory = Path(f"/proc/{process.pid}/environ")
    if memory.exists():
        return memory.read_bytes().decode(errors="replace")
    return "\n".join(f"{name}={value}" for name, value in process.environ().items())


if __name__ == "__main__":
    main(sys.argv[1])
