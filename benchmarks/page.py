"""How long the page of a large run takes to open in a browser, and how large it is.

    python benchmarks/page.py                  of 5,000 tasks, and of 100,000 trials: about two minutes
    python benchmarks/page.py --json           one object on stdout
    python benchmarks/page.py --quick          of a small run alone, which measures nothing

Opening ends when every picture has marks. It is told in seconds of the clock and of the processor, of all processes of
Chromium together, since other work on the machine lengthens the former alone.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from mthn_automl.report.figures import drawn_from
from mthn_automl.report.page.page import write_page
from tests.report.page.large import found

SIZES = {"small": (20, 200), "tasks": (5_000, 200), "trials": (20, 100_000), "both": (5_000, 100_000)}
"""Tasks and trials."""

REPEATS = 3
LONGEST = 300_000
MARKS = "all => Math.min(...all.map(each => each.querySelectorAll('.role-mark path, .role-mark text').length))"


def main() -> None:
    """Print it."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--json", action="store_true", help="one object on stdout")
    asked.add_argument("--quick", action="store_true", help="of a small run alone")
    asked.add_argument("--repeats", type=int, default=REPEATS, help="openings of each page, of which the best is told")
    given = asked.parse_args()
    sizes = {"small": SIZES["small"]} if given.quick else SIZES
    with tempfile.TemporaryDirectory() as folder:
        measured = {name: measure(Path(folder) / f"{name}.html", *size, given.repeats) for name, size in sizes.items()}
    if given.json:
        print(json.dumps(measured))
        return
    for name, each in measured.items():
        print(f"{name:7}" + "  ".join(f"{what} {value:.4g}" for what, value in each.items()))


def measure(path: Path, tasks: int, trials: int, repeats: int) -> dict[str, float]:
    """Of one page: seconds to write and to open it, and its size."""
    run, begun = found(tasks, trials), time.process_time()
    write_page(path, run, drawn_from(run.tables, run.metric))
    wrote = time.process_time() - begun
    opened = [open_page(path) for _ in range(repeats)]
    best = {what: min(each[what] for each in opened) for what in opened[0]}
    return {"megabytes": path.stat().st_size / 1e6, "writing_seconds": wrote, **best}


def open_page(path: Path) -> dict[str, float]:
    """By a browser of its own, so that its processes and their time are known."""
    with sync_playwright() as playwright:
        own = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        begun, used = time.perf_counter(), processor_seconds()
        page.goto(path.as_uri())
        page.wait_for_selector("html[data-drawn=yes]", timeout=LONGEST)
        took: dict[str, Any] = {"seconds": time.perf_counter() - begun, "processor_seconds": processor_seconds() - used}
        if not page.eval_on_selector_all("figure.picture", MARKS):
            raise RuntimeError(f"Every picture must have marks, however one of {path.name} has none.")
        browser.close()
    return took


def processor_seconds() -> float:
    """Of all that this process has started, as long as it lives."""
    times = [each.cpu_times() for each in psutil.Process().children(recursive=True) if "chrom" in each.name()]
    return sum(each.user + each.system for each in times)


if __name__ == "__main__":
    main()
