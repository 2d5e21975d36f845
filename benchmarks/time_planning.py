"""How a search uses its time where trials take seconds: those that no clock cut, and worker seconds that gave nothing.

    python benchmarks/time_planning.py                          two minutes, as in the README's figures
    python benchmarks/time_planning.py --time-limit 300s        another time

Made data: 11,500 rows of 350 tasks with three features and two metadata, regression; default architectures and preset,
two workers. A trial counts that is complete and that no clock ended, or that was stopped at a rung. The first trial of
each architecture is given by the seconds of the run, the start of Ray included, after which it had ended.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from made_data import made_frames

from mthn_automl import search
from mthn_automl.storage import read_json
from mthn_automl.tuning.events import Event, Said, TrialFinished

ROWS, TASKS = 11_500, 350


class Watch:
    """Who had a trial that ended well, after how many seconds, and what was said of plan and time."""

    def __init__(self) -> None:
        self.began = time.time()
        self.first: dict[str, float] = {}
        self.said: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Said):
            self.said.append(event.text)
        if isinstance(event, TrialFinished) and event.ending in ("complete", "stopped"):
            self.first.setdefault(event.architecture, round(time.time() - self.began, 1))


def endings(trials: Path) -> Counter[str]:
    """What became of the trials that have a result."""
    return Counter(map(ending, trials.glob("*/result.json")))


def ending(path: Path) -> str:
    found = read_json(path)
    if found["state"] != "COMPLETE":
        return "stopped at a rung" if found["state"] == "PRUNED" else "failed"
    return "cut by the clock" if found["result"]["stopped_by_time"] else "complete"


def measure(chosen: argparse.Namespace) -> dict[str, Any]:
    rows, tasks = (300, 10) if chosen.quick else (ROWS, TASKS)
    watch = Watch()
    with tempfile.TemporaryDirectory() as folder:
        found = search(
            *made_frames(rows, tasks),
            time_limit=chosen.time_limit,
            runner="local" if chosen.quick else "ray",
            workers=None if chosen.quick else 2,
            output=Path(folder) / "run",
            progress=watch,
        )
        counts, summary = endings(found.folder / "trials"), found.summary
    return {
        "uncut": counts["complete"] + counts["stopped at a rung"],
        **{name.replace(" ", "_"): counts[name] for name in ("complete", "stopped at a rung", "cut by the clock")},
        "failed": counts["failed"],
        "folds": summary["folds"],
        "worker_seconds": summary["worker_seconds"],
        "seconds_lost": summary["seconds_lost"],
        "share_lost": round(summary["seconds_lost"] / max(summary["worker_seconds"], 1e-9), 4),
        "first_trial_after": watch.first,
        "cv_error": summary["best"]["cv_error"],
        "test_error": summary["best"]["test_error"],
        "seconds": summary["seconds"],
        "said": watch.said,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--time-limit", help="of the whole run; default 120s")
    parser.add_argument("--json", action="store_true", help="one object on stdout")
    parser.add_argument("--quick", action="store_true", help="shows that it runs, no more")
    chosen = parser.parse_args()
    chosen.time_limit = chosen.time_limit or ("20s" if chosen.quick else "120s")
    found = measure(chosen)
    if chosen.json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"{name:>20}  {value}")


if __name__ == "__main__":
    main()
