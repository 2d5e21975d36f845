"""What one more worker on the same machine adds to memory for the data: their private pages, as Linux counts them.

python benchmarks/worker_memory.py '{"rows": 2000000, "tasks": 10000, "counts": [3, 4]}'    what the fresh process does
"""

import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from figures import Found
from measuring import Spread, in_own_process

from mthn_automl import catalogue
from mthn_automl.training.fit import Schedule
from mthn_automl.tuning.objective import Configuration, Objective
from mthn_automl.tuning.plan import Plan

WORKERS, FEWER = 4, 3
PLAN = Plan(1, 1, Schedule(batch=2048, max_epochs=1, patience=1, check_every=1))
SIZE = {"rows": 2_000_000, "tasks": 10_000, "counts": [FEWER, WORKERS]}
TINY = 2_000
STAGES = ("before", "touched", "trained")
LONGEST_WAIT = 120.0
Memory = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Touch:
    """A job: read all data, train an epoch, and say what memory the process has before, between and after.

    It waits for the others of its round at every stage, so that all processes are there at the same time.
    """

    index: int
    count: int
    folder: Path

    def __call__(self, objective: Objective) -> dict[str, Any]:
        self._wait("started")
        found: Memory = {"before": memory()}
        encoded = objective.encoded()
        total = sum(float(each.sum(dtype=np.float64)) for each in arrays(encoded))
        found["touched"] = memory()
        self._wait("touched")
        objective(Configuration(catalogue.read("hypernetwork"), {"extractor_layers": 1}, {}, 0))
        found["trained"] = memory()
        self._wait("trained")
        return {"process": os.getpid(), "sum": total, "memory": found}

    def _wait(self, stage: str) -> None:
        (self.folder / f"{stage}-{self.index}").touch()
        latest = time.monotonic() + LONGEST_WAIT
        while len(list(self.folder.glob(f"{stage}-*"))) < self.count:
            if time.monotonic() > latest:
                raise TimeoutError(f"Not all of {self.count} jobs came to '{stage}'.")
            time.sleep(0.02)


def memory() -> dict[str, int]:
    """Bytes that are this process's alone, and its share of all it uses."""
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()[1:]
    size = {name.rstrip(":"): int(number) * 1024 for name, number, *_ in map(str.split, lines)}
    return {"private": size["Private_Clean"] + size["Private_Dirty"], "proportional": size["Pss"]}


def arrays(value: Any) -> Iterator[np.ndarray]:
    """All numeric arrays in a tree of dataclasses and tuples."""
    if isinstance(value, np.ndarray):
        yield value
    elif is_dataclass(value):
        for field in fields(value):
            yield from arrays(getattr(value, field.name))
    elif isinstance(value, tuple):
        for each in value:
            yield from arrays(each)


def worker_memory_share(quick: bool) -> Found:
    """Private bytes that the data add to a worker, where four work at once, over the bytes of the float32 features.

    What a worker needs for tiny data is taken off.
    """
    size = {"rows": 100_000, "tasks": 1_000, "counts": [2]} if quick else SIZE
    found = in_own_process("worker_memory.py", size)
    dataset, all_added = found["dataset_bytes"], list(found["added"].values())
    added = {stage: [each / dataset for each in all_added[-1][stage]] for stage in STAGES}
    totals = {stage: [sum(each[stage]) / dataset for each in all_added] for stage in STAGES}
    details = {
        "dataset_mib": dataset / 2**20,
        "share_a_worker": {stage: Spread.of(each) for stage, each in added.items()},
        "all_of_four_less_all_of_three": {stage: each[-1] - each[0] for stage, each in totals.items()},
        "private_mib": found["private_mib"],
        "proportional_mib_of_all": found["proportional_mib"],
    }
    return Found.of(Spread.of([max(each, 0.0) for each in added["touched"]]), details)


def workers_memory(rows: int, tasks: int, counts: list[int]) -> dict[str, Any]:
    """With so many workers at a time, private bytes beyond those with tiny data, worker by worker."""
    from made_data import made_search_data

    large, tiny = made_search_data(rows, tasks, PLAN), made_search_data(TINY, 10, PLAN)
    added, private, proportional = {}, {}, {}
    for count in counts:
        base, full = _jobs(tiny, count), _jobs(large, count)
        empty = {stage: float(np.median([each[stage]["private"] for each in base])) for stage in STAGES}
        added[count] = {stage: [each[stage]["private"] - empty[stage] for each in full] for stage in STAGES}
        private = {s: {"tiny": empty[s] / 2**20, "large": [e[s]["private"] / 2**20 for e in full]} for s in STAGES}
        proportional[count] = {s: sum(each[s]["proportional"] for each in full) / 2**20 for s in STAGES}
    return {
        "dataset_bytes": rows * len(large.dataset.schema.features) * 4,
        "added": added,
        "private_mib": private,
        "proportional_mib": proportional,
    }


def _jobs(data: Any, count: int) -> list[Memory]:
    """Each set of data has workers of its own, so that nothing is left from another."""
    from mthn_automl.tuning.runners.on_ray.runner import Place, RayRunner

    with tempfile.TemporaryDirectory() as folder, RayRunner(Place(count), Path(folder) / "ray.log") as runner:
        runner.use(data, PLAN)
        done = runner.run([Touch(index, count, Path(folder)) for index in range(count)])
    failed = [each for each in done if not isinstance(each, dict)]
    if failed or len({each["process"] for each in done}) < count:
        raise RuntimeError(f"{count} workers must run at the same time, however: {failed or 'some shared a process'}.")
    return [each["memory"] for each in done]


if __name__ == "__main__":
    import worker_memory

    print(json.dumps(worker_memory.workers_memory(**json.loads(sys.argv[1]))))
