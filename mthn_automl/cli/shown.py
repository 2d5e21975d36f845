"""What commands print: progress on stderr, results on stdout."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mthn_automl.terminal import inert

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from mthn_automl.data.description import Description
    from mthn_automl.report.progress import Progress
    from mthn_automl.run.job import SearchResult


@contextmanager
def watching(quiet: bool) -> "Iterator[Progress]":
    """Progress on a duplicate of stderr: while Ray runs, the descriptor itself leads to a log file."""
    from mthn_automl.report.progress import Progress

    stream = os.fdopen(os.dup(sys.stderr.fileno()), "w", buffering=1)
    try:
        with Progress(stream, quiet) as progress:
            yield progress
    finally:
        with suppress(OSError):  # whoever looked at it may have gone
            stream.close()


def show_result(result: "SearchResult", *, as_json: bool) -> None:
    """The table, the verdict on the metadata and the next command to type; or summary.json."""
    if as_json:
        print(json.dumps({"run": str(result.folder), **result.summary}, indent=2))
        return
    show_leaderboard(result.leaderboard, result.summary["metric"], result.summary["average"])
    print(inert(f"\n{result.summary['test_sentence']}"))
    print(inert(result.summary["metadata_sentence"]))
    print(inert(f"Everything is in {result.folder}; its report.html tells what was found. To predict new rows:\n"))
    print(inert(f"    mthn-automl predict {result.folder} new.csv --output predictions.csv"))


def open_page(page: "Path") -> None:
    """In the browser; where there is none, that is said."""
    import webbrowser

    if not webbrowser.open(page.resolve().as_uri()):
        say([f"There is no browser here; open {page} elsewhere."])


def show_description(found: "Description", *, as_json: bool) -> None:
    """Data on one screen, or as JSON."""
    if as_json:
        print(json.dumps(found.to_json(), indent=2))
        return
    from mthn_automl.report.description import description_text

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print(description_text(found, width).rstrip("\n"))


def print_json(found: Any) -> None:
    """On stdout, without NaN and infinities, which JSON has not."""
    print(json.dumps(found, indent=2, allow_nan=False))


def say(notes: Iterable[str]) -> None:
    """Sentences on stderr, behind what was asked for; whoever would have read them may be gone."""
    with suppress(OSError):
        for note in notes:
            print(inert(note), file=sys.stderr)


def show_leaderboard(table: "pd.DataFrame", metric: str, average: str) -> None:
    """As text as wide as the terminal; on a pipe as wide as it needs."""
    from mthn_automl.report.table import leaderboard_text

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print(leaderboard_text(table, metric, width, average).rstrip("\n"))
