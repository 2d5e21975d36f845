"""Timing side by side: ways are run in turn, A/B/A/B, so that what disturbs one disturbs the other."""

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
Work = Callable[[], object]
GEMM_SIZES = (256, 512, 1024, 1536)


@dataclass(frozen=True)
class Spread:
    """What was found in all rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        return cls(float(statistics.median(values)), float(min(values)), float(max(values)))


@dataclass(frozen=True)
class Taken:
    """Seconds a call in one round: on the clock, and of the processor for this process."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Way:
    """One of the things compared. take: runs it so many times; calls: how often a round."""

    take: Callable[[int], Taken]
    calls: int

    @classmethod
    def filling(cls, work: Work, seconds: float) -> "Way":
        """As many calls as take about so many seconds."""
        return cls.taking(partial(timed, work), seconds)

    @classmethod
    def taking(cls, take: Callable[[int], Taken], seconds: float) -> "Way":
        """The same of what times itself; the first calls, which warm up, do not count."""
        take(1)
        one = min(take(1).wall for _ in range(2))
        return cls(take, max(1, round(seconds / one)))


def timed(work: Work, calls: int) -> Taken:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(calls):
        work()
    return Taken((time.perf_counter() - wall) / calls, (time.process_time() - cpu) / calls)


def interleaved(ways: Mapping[str, Way], rounds: int) -> dict[str, list[Taken]]:
    """Each way once a round, in turn."""
    found: dict[str, list[Taken]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way.take(way.calls))
    return found


def ratio(slow: Sequence[Taken], fast: Sequence[Taken], share: float = 1.0) -> Spread:
    """Seconds of the slow way over those of the fast one, round by round. share: of a fast call that counts."""
    return Spread.of([a.wall / (b.wall * share) for a, b in zip(slow, fast, strict=True)])


def cpu_ratio(slow: Sequence[Taken], fast: Sequence[Taken], share: float = 1.0) -> Spread:
    """As `ratio`, of processor seconds: what other processes on the same cores take does not count."""
    return Spread.of([a.cpu / (b.cpu * share) for a, b in zip(slow, fast, strict=True)])


def gemm_rate(sizes: Sequence[int] = GEMM_SIZES) -> float:
    """Most FLOPs a second of a float32 product of square matrices, over the sizes, with the threads torch has."""
    return max(_gemm_rate(size) for size in sizes)


def _gemm_rate(size: int) -> float:
    left, right = torch.randn(size, size), torch.randn(size, size)
    result = torch.empty(size, size)
    calls = max(1, round(4e8 / size**3))
    fastest = min(timed(lambda: torch.mm(left, right, out=result), calls).wall for _ in range(3))
    return 2.0 * size**3 / fastest


def say(text: str) -> None:
    """Progress."""
    print(text, file=sys.stderr, flush=True)


def in_own_process(script: str, arguments: Mapping[str, Any]) -> Any:
    """What a script of this folder prints, as JSON, when it is given the arguments, as JSON, in a fresh process."""
    command = [sys.executable, str(HERE / script), json.dumps(arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def plain(value: Any) -> Any:
    """For JSON: spreads as dicts."""
    if isinstance(value, Spread):
        return asdict(value)
    if isinstance(value, Mapping):
        return {str(name): plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value
