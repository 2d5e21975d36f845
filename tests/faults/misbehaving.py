"""Models that do to their worker what real ones do now and then, a behaviour an architecture."""

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.dataset import Dataset
from mthn_automl.models.base import Classical, Size, Traits
from mthn_automl.models.parts.problem_shape import ProblemShape

Behaviour = Literal[
    "good", "slow", "meets", "waits", "raises", "undefined", "infinite", "exits", "killed", "hangs", "eats"
]
MEMORY = 256 * 2**20
"""Bytes that a model may take beyond what its process has: the limit that the test sets."""

NODE, FIRST = "FAULTS_NODE", "first"
FOUR, MEETING = 4, 90.0


@dataclass(frozen=True)
class Fit:
    """A fit: of what, on the node of that name, in which process, to how many rows, and when it began last.

    All but its moment, which is in nanoseconds since the epoch, is in its file's name.
    """

    behaviour: str
    node: str
    process: int
    rows: int
    offset: float
    began: int = 0

    def write(self) -> None:
        name = f"{self.behaviour} {self.node} {self.process} {self.rows} {self.offset!r}"
        (Path(os.environ["FITS"]) / name).touch()


def fits(folder: Path) -> list[Fit]:
    """All that have begun, in their order."""
    found = [(each.name.split(" "), each.stat().st_mtime_ns) for each in folder.iterdir()]
    every = [Fit(what, node, int(pid), int(rows), float(of), began) for (what, node, pid, rows, of), began in found]
    return sorted(every, key=lambda each: each.began)


@dataclass(frozen=True)
class Settings:
    """offset: what is added to the mean, so that the best one is 0."""

    offset: float = 0.0
    behaviour: Behaviour = "good"


class Misbehaving(Classical):
    """Predicts the mean plus an offset, if it comes to that.

    `slow` takes SLOW_SECONDS a fit and notes each in the folder FITS, if there is one. `meets` goes on when FOUR
    processes are in their fits. `waits` is as slow, but on the node FIRST it goes on when a second trial has begun on
    another. `hangs` computes for ever.
    """

    Settings: ClassVar[type] = Settings
    fitted_whole: ClassVar[bool] = False

    @classmethod
    def traits(cls, shape: ProblemShape, settings: Settings) -> Traits:
        return Traits(uses_task=False, uses_metadata=False)

    def learn(self, training: Dataset, *, seed: int) -> None:
        match self.settings.behaviour:
            case "raises":
                raise ValueError("the model is broken")
            case "exits":
                os._exit(3)
            case "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            case "hangs":
                while True:
                    sum(range(1000))
            case "eats":
                with memory_limited():
                    self.eaten = [np.ones(2**21) for _ in range(64)]
            case "slow":
                self._note(len(training))
                time.sleep(float(os.environ.get("SLOW_SECONDS", "0.2")))
            case "meets":
                self._note(len(training))
                _wait_for(_four_have_met)
            case "waits" if os.environ.get(NODE) == FIRST:
                _wait_for(_others_have_begun_two)
            case "waits":
                self._note(len(training))
                time.sleep(float(os.environ["SLOW_SECONDS"]))
        self.mean = training.target.mean(axis=0) + self.settings.offset

    def _note(self, rows: int) -> None:
        if "FITS" in os.environ:
            node = os.environ.get(NODE, "")
            Fit(self.settings.behaviour, node, os.getpid(), rows, self.settings.offset).write()

    def scores(self, rows: Dataset) -> FloatArray:
        value = self.mean + {"undefined": np.nan, "infinite": np.inf}.get(self.settings.behaviour, 0.0)
        return np.tile(self.encoder.target.standardised(value), (len(rows), 1))

    def size(self) -> Size:
        return Size(1, 1, 0)

    def learnt(self) -> dict[str, Any]:
        return {"mean": self.mean}

    def take_over(self, learnt: Mapping[str, Any]) -> None:
        self.mean = learnt["mean"]


def _four_have_met() -> bool:
    return len({each.process for each in fits(Path(os.environ["FITS"])) if each.behaviour == "meets"}) >= FOUR


def _others_have_begun_two() -> bool:
    return len({each.offset for each in fits(Path(os.environ["FITS"])) if each.node != FIRST}) >= 2


def _wait_for(happened: Callable[[], bool]) -> None:
    ends = time.monotonic() + MEETING
    while not happened():
        if time.monotonic() > ends:
            raise TimeoutError("other trials at the same time were expected")
        time.sleep(0.1)


@contextmanager
def memory_limited() -> Iterator[None]:
    """This process's address space may grow by MEMORY and no further, and as far as before afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


SPACE = """
format = 1
architecture = "tests.faults.misbehaving:Misbehaving"
family = "classical"

[parameters.offset]
type = "float"
low = 0.0
high = 1.0

[parameters.behaviour]
type = "categorical"
choices = ["{behaviour}"]

[[first_trials]]
offset = 0.5
"""


def space(folder: Path, behaviour: Behaviour) -> Path:
    """The search space file of the architecture with this behaviour, named after it."""
    path = folder / f"{behaviour}.toml"
    path.write_text(SPACE.format(behaviour=behaviour), encoding="utf-8")
    return path
