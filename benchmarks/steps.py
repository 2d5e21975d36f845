"""Figures of one training step: against the paper's way, of the machine's peak, and against the number of tasks."""

from collections.abc import Callable
from functools import cache, partial
from itertools import cycle, islice, pairwise
from typing import Any

import numpy as np
from figures import Found
from measuring import Spread, Taken, Way, cpu_ratio, gemm_rate, interleaved, ratio, say
from paper_process import BATCHES, ROWS_A_TASK, Elsewhere
from paper_step import FairWay, PaperWay, every_factor_expanded
from stepping import (
    EMBEDDING,
    FEATURES,
    PAPER,
    TRAINING,
    epoch,
    epochs,
    random_batches,
    rows_of_member,
    synthetic,
    tasks_of_member,
    trainer_of,
    weights,
)
from torch.utils.flop_counter import FlopCounterMode

from mthn_automl.models.hard_sharing import HardSharing, HardSharingSettings
from mthn_automl.models.hypernetwork import EXTRACTOR_WIDTH, Hypernetwork
from mthn_automl.models.single_task import SingleTask, SingleTaskSettings
from mthn_automl.training.batches import Batch
from mthn_automl.training.encode import TrainingData

MEMBERS = 15
CASES = (20, 88, 500)
KEY = "paper_usual_memory"
"""The paper's way as whoever has its code would run it: the allocator that our workers set is a part of ours."""

OTHER_PAPER_WAYS = ("paper", "paper_every_factor", "paper_every_factor_usual_memory")
TOLERANCE = 1e-5


def step_ratio(quick: bool) -> Found:
    """The paper's seconds over ours, alone."""
    return _against_paper("alone", 1, quick)


def pack_ratio(quick: bool) -> Found:
    """The paper's seconds over those of a member-step in a pack."""
    return _against_paper("pack", MEMBERS, quick)


def _against_paper(way: str, members: int, quick: bool) -> Found:
    found = {tasks: _steps(tasks, quick) for tasks in CASES}
    share = 1 / members
    cases = {str(tasks): ratio(each.get(KEY, each["paper"]), each[way], share) for tasks, each in found.items()}
    details: dict[str, Any] = {
        "by_processor_seconds": {t: cpu_ratio(each["paper"], each[way], share) for t, each in found.items()},
        "other_paper_ways_over_ours": {
            name: {t: ratio(each[name], each[way], share) for t, each in found.items() if name in each}
            for name in OTHER_PAPER_WAYS
        },
        "fair_over_ours": {t: ratio(each["fair"], each[way], share) for t, each in found.items()},
        "milliseconds": {t: {name: _milliseconds(e[name], name) for name in e} for t, e in found.items()},
        "largest_difference_of_losses": {t: _checked_losses(t, members, 2 if quick else 10) for t in CASES},
    }
    if way == "alone":
        details["paper_over_ours_on_random_rows"] = {t: ratio(e["paper"], e["random"]) for t, e in found.items()}
    return Found.of_cases(cases, details)


def _milliseconds(taken: list[Taken], name: str) -> Spread:
    """Of a member-step."""
    share = 1e3 / (MEMBERS if name == "pack" else 1)
    return Spread.of([each.wall * share for each in taken])


@cache
def _steps(tasks: int, quick: bool) -> dict[str, list[Taken]]:
    """Rounds of every way, side by side in this process."""
    say(f"    T = {tasks}")
    data = synthetic(tasks, ROWS_A_TASK)
    alone, pack, random = trainer_of(data, 1), trainer_of(data, MEMBERS), trainer_of(data, 1)
    drawn = cycle(random_batches(data, BATCHES))
    rows = [rows_of_member(each, 0).tolist() for each in islice(epochs(data, 1), BATCHES)]
    of_one, of_pack = epochs(data, 1), epochs(data, MEMBERS)
    start = weights(alone, 0)
    works: dict[str, Callable[[], object]] = {
        "paper": PaperWay(data, rows, start, TRAINING).step,
        "paper_every_factor": PaperWay(data, rows, start, TRAINING, every_factor_expanded).step,
        "alone": lambda: alone.step(next(of_one)),
        "pack": lambda: pack.step(next(of_pack)),
        "fair": FairWay(data, rows, start, TRAINING).step,
        "random": lambda: random.step(next(drawn)),
    }
    ways = {name: Way.filling(work, 0.02 if quick else 0.4) for name, work in works.items()}
    if quick:
        return interleaved(ways, 2)
    with Elsewhere(tasks, "product") as product, Elsewhere(tasks, "every_factor") as every_factor:
        ways["paper_usual_memory"] = Way.taking(product.take, 0.4)
        ways["paper_every_factor_usual_memory"] = Way.taking(every_factor.take, 0.4)
        return interleaved(ways, 11)


def _checked_losses(tasks: int, members: int, steps: int) -> float:
    """The largest difference between our losses and the paper's over some steps from the same weights.

    Of a pack the first and the last member are compared.
    """
    data = synthetic(tasks, ROWS_A_TASK)
    trainer, batches = trainer_of(data, members), list(islice(epochs(data, members), steps))
    compared = sorted({0, members - 1})
    theirs = {member: _paper_losses(data, batches, member, weights(trainer, member)) for member in compared}
    ours = np.array([trainer.step(batch).tolist() for batch in batches])
    largest = max(float(np.abs(ours[:, member] - theirs[member]).max()) for member in compared)
    assert largest < TOLERANCE, f"T = {tasks}: losses must agree to {TOLERANCE}, however they differ by {largest}."
    return largest


def _paper_losses(data: TrainingData, batches: list[Batch], member: int, parameters: dict[str, Any]) -> np.ndarray:
    way = PaperWay(data, [rows_of_member(each, member).tolist() for each in batches], parameters, TRAINING)
    return np.array([way.step() for _ in batches])


def gemm_share(quick: bool) -> Found:
    """FLOPs a second of the useful matrix products of a pack's step over those of the best square product."""
    large = synthetic(88, 64)
    cases = {"batch64": (synthetic(88, ROWS_A_TASK), 64), "large": (large, len(large.task))}
    sizes = (256, 512) if quick else (256, 512, 1024, 1536)
    works, useful, counted = {}, {}, {}
    for case, (data, batch) in cases.items():
        trainer, batches = trainer_of(data, MEMBERS), list(islice(epochs(data, MEMBERS, batch), 20))
        useful[case] = float(np.mean([useful_flops(each, data) for each in batches]))
        with FlopCounterMode(display=False) as counter:
            trainer.step(batches[0])
        counted[case] = counter.get_total_flops() / useful[case]
        turns = cycle(batches)
        works[case] = Way.filling(lambda trainer=trainer, turns=turns: trainer.step(next(turns)), 0.1 if quick else 0.6)
    peaks, found = [], {case: [] for case in cases}
    for _ in range(2 if quick else 9):
        peaks.append(gemm_rate(sizes))
        for case, way in works.items():
            found[case].append(useful[case] / way.take(way.calls).wall)
    shares = {
        case: Spread.of([rate / peak for rate, peak in zip(rates, peaks, strict=True)]) for case, rates in found.items()
    }
    details = {
        "peak_flops_a_second": Spread.of(peaks),
        "useful_flops_a_member_step": {case: each / MEMBERS for case, each in useful.items()},
        "executed_over_useful_by_torch_flop_counter": counted,
        "counted": "analytically: products of unpadded rows and of the tasks present, forward and backward",
    }
    return Found.of_cases(shares, details)


def useful_flops(batch: Batch, data: TrainingData) -> float:
    """Of the matrix products that a pack's step needs; those backward are two for one, but none to the features.

    A row: x W_t in each layer. A task present: its embedding through the extractor, and h_t times the kernel and
    the bias weights of each layer. Padding, element-wise work and the optimiser do not count.
    """
    widths = [FEATURES, *[PAPER.width] * PAPER.depth, 1]
    layers = list(pairwise(widths))
    row = sum(3 * 2 * inputs * outputs for inputs, outputs in layers) - 2 * layers[0][0] * layers[0][1]
    generated = sum(inputs * outputs + outputs for inputs, outputs in layers)
    task = 3 * 2 * EXTRACTOR_WIDTH * (EMBEDDING + generated)
    members, tasks = range(len(batch.rows)), data.shape.tasks
    return float(sum(len(rows_of_member(batch, m)) * row + tasks_of_member(batch, m, tasks) * task for m in members))


FEW, MANY = 100, 100_000
ARCHITECTURES = {
    "hypernetwork": (Hypernetwork, PAPER),
    "single_task": (SingleTask, SingleTaskSettings()),
    "hard_sharing": (HardSharing, HardSharingSettings()),
}


def step_cost_flatness(quick: bool) -> Found:
    """Seconds of a step with 100,000 tasks over those with 100; the batches have the same rows, tasks and blocks."""
    many = 10_000 if quick else MANY
    found = {name: _few_and_many(name, many, quick) for name in ARCHITECTURES}
    details = {
        "tasks": [FEW, many],
        "by_processor_seconds": {name: cpu_ratio(each["many"], each["few"]) for name, each in found.items()},
        "others": {name: ratio(each["many"], each["few"]) for name, each in found.items() if name != "hypernetwork"},
        "milliseconds": {
            name: {which: Spread.of([1e3 * t.wall for t in taken]) for which, taken in each.items()}
            for name, each in found.items()
        },
        "batch": "16 blocks of 4 rows, 16 tasks; laid out beforehand",
    }
    return Found.of(ratio(found["hypernetwork"]["many"], found["hypernetwork"]["few"]), details)


def _few_and_many(name: str, many: int, quick: bool) -> dict[str, list[Taken]]:
    say(f"    {name}")
    ways = {which: _stepping(name, tasks, quick) for which, tasks in (("few", FEW), ("many", many))}
    return interleaved(ways, 2 if quick else 11)


def _stepping(name: str, tasks: int, quick: bool) -> Way:
    data = synthetic(tasks, 8)
    trainer = trainer_of(data, 1, *ARCHITECTURES[name])
    batches = list(islice((batch for seed in range(100) for batch in epoch(data, 1, 64, seed)), 400))
    same = [each for each in batches if each.rows.shape[1:] == (16, 4) and each.present.shape[1] == 16]
    return Way.filling(partial(_next_step, trainer, cycle(same)), 0.02 if quick else 0.3)


def _next_step(trainer: Any, batches: Any) -> None:
    trainer.step(next(batches))
