"""Peak memory of a process that takes rows from arrays and trains one epoch, as the operating system has it.

python benchmarks/peak.py '{"rows": 1000000, "tasks": 10000, "folds": 1}'    what the fresh process does
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

from figures import Found
from measuring import Spread, in_own_process, say

from mthn_automl import catalogue
from mthn_automl.training.fit import Schedule
from mthn_automl.tuning.objective import Configuration, Objective, prepare_process
from mthn_automl.tuning.plan import Plan

GIB = 2**30
STATUS = Path("/proc/self/status")


def peak_bytes(quick: bool) -> Found:
    """Of 10^6 rows of 20 features in 10^4 tasks: encode them, train one epoch of one hold-out, predict and score."""
    rows, tasks = (20_000, 1_000) if quick else (1_000_000, 10_000)
    found = []
    for _ in range(1 if quick else 3):
        say("    one hold-out")
        found.append(in_own_process("peak.py", {"rows": rows, "tasks": tasks, "folds": 1}))
    say("    five folds in one pack")
    folds = in_own_process("peak.py", {"rows": rows, "tasks": tasks, "folds": 5})
    details = {
        "peak_mib_after": {name: each / 2**20 for name, each in found[0].items()},
        "peak_mib_after_with_five_folds": {name: each / 2**20 for name, each in folds.items()},
        "features_in_single_precision_mib": rows * 20 * 4 / 2**20,
    }
    return Found.of(Spread.of([each["training"] for each in found]), details)


def peaks(rows: int, tasks: int, folds: int) -> dict[str, int]:
    """Peak bytes so far after each stage of this process."""
    from made_data import made_search_data

    prepare_process()
    after = {"imports": _peak()}
    plan = Plan(folds, 1, Schedule(batch=2048, max_epochs=1, patience=1, check_every=1))
    objective = Objective(made_search_data(rows, tasks, plan), plan)
    after["arrays"] = _peak()
    objective.encoded()
    after["encoding"] = _peak()
    objective(Configuration(catalogue.read("hypernetwork"), {"extractor_layers": 1}, {}, 0))
    return {**after, "training": _peak()}


def _peak() -> int:
    """Linux hands `ru_maxrss` of the process that starts another on to it; VmHWM begins anew."""
    if STATUS.exists():
        found = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(found.split()[1]) * 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


if __name__ == "__main__":
    arguments: dict[str, Any] = json.loads(sys.argv[1])
    print(json.dumps(peaks(**arguments)))
