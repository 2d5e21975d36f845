"""Figures and page of a run made by a process of its own, so that no drawing library can end the run they are of.

python -P -m mthn_automl.report.drawing < what `draw` gives it
"""

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import mthn_automl

if TYPE_CHECKING:
    import pandas as pd

FIGURES: Final = "figures"
PAGE: Final = "report.html"
LONGEST: Final = 120.0
"""Seconds after which it is given up."""

IN_PART: Final = 3
"""The code with which the process ends where the page is there, and pictures are missing; stdout says which and why."""


@dataclass(frozen=True)
class Missing:
    """What could not be drawn.

    Attributes:
        reason: why.
        page: whether that is the page, and perhaps all figures; else some pictures alone.
    """

    reason: str
    page: bool

    def __str__(self) -> str:
        return self.reason


def draw(run: Path, tables: "Mapping[str, pd.DataFrame]", summary: Mapping[str, Any]) -> Missing | None:
    """Draw as `save_figures` and `write_page`; what is missing and why, or None.

    The process hears none of the terminal's signals: it is soon done, and is ended where this one is.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", __name__],
            input=pickle.dumps((run, dict(tables), dict(summary))),
            capture_output=True,
            env=environment(),
            start_new_session=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired:
        return Missing(f"it took more than {LONGEST:.0f} seconds", page=True)
    except OSError as error:
        return Missing(f"{type(error).__name__}: {error}", page=True)
    if done.returncode == 0:
        return None
    in_part = done.returncode == IN_PART
    said = (done.stdout if in_part else done.stderr).decode(errors="replace").strip().splitlines()
    return Missing(said[-1] if said else f"the process that draws ended with code {done.returncode}", not in_part)


def environment() -> dict[str, str]:
    """Of a process that is to find this package where this one has found it."""
    folders = [os.environ.get("PYTHONPATH", ""), str(Path(mthn_automl.__file__).parents[1])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, folders))}


def main() -> None:
    """Draw what stdin says; it comes from `draw` and nobody else."""
    from mthn_automl.report.figures import drawn_from, save_figures
    from mthn_automl.report.page.page import write_page
    from mthn_automl.report.page.section import Found

    run, tables, summary = pickle.load(sys.stdin.buffer)  # noqa: S301
    asked = {"average": summary["average"], "problem": summary["problem"], "usual": summary.get("usual")}
    drawn = drawn_from(tables, summary["metric"], **asked)
    with ThreadPoolExecutor(1) as beside:  # both wait for a library that lets other threads work
        page = beside.submit(write_page, run / PAGE, Found(run.resolve().name, summary, tables), drawn)
        missing = save_figures(run / FIGURES, drawn)
        page.result()
    if missing:
        sys.stdout.write("; ".join(map(str, missing)))
        sys.exit(IN_PART)


if __name__ == "__main__":
    main()
