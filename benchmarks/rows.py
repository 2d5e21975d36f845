"""How an epoch's time grows with the rows."""

from functools import partial
from itertools import pairwise

import numpy as np
from figures import Found
from measuring import Spread, Taken, Way, interleaved, say, timed
from stepping import block_of, epoch, synthetic, trainer_of

from mthn_automl.training.encode import TrainingData
from mthn_automl.training.trainer import Trainer

FEATURES = 20
BATCH = 2048
"""What `tuning.plan` gives to all of these sizes."""


def rows_exponent(quick: bool) -> Found:
    """Slope of log(epoch seconds) over log(rows): laying out, dealing and stepping through all rows."""
    tasks, sizes = (1_000, (1_000, 4_000, 10_000)) if quick else (10_000, (10_000, 100_000, 1_000_000))
    rounds = 2 if quick else 5
    made = {rows: synthetic(tasks, rows // tasks, FEATURES) for rows in sizes}
    found = interleaved({str(rows): _epochs(data, sizes[-1]) for rows, data in made.items()}, rounds)
    seconds = {rows: [each.wall for each in found[str(rows)]] for rows in sizes}
    details = {
        "tasks": tasks,
        "batch": BATCH,
        "rows_a_block": {rows: block_of(data, BATCH) for rows, data in made.items()},
        "epoch_seconds": {rows: Spread.of(each) for rows, each in seconds.items()},
        "microseconds_a_row": {rows: Spread.of([1e6 * s / rows for s in each]) for rows, each in seconds.items()},
        "of_neighbours": {f"{few} to {many}": _slope(found, (few, many)) for few, many in pairwise(sizes)},
        "with_ten_rows_a_task": _with_ten_rows_a_task(sizes, rounds),
    }
    return Found.of(_slope(found, sizes), details)


def _with_ten_rows_a_task(sizes: tuple[int, ...], rounds: int) -> Spread:
    """The slope where tasks grow with rows, so that blocks are as full everywhere."""
    ways = {str(rows): _epochs(synthetic(rows // 10, 10, FEATURES), sizes[-1]) for rows in sizes}
    return _slope(interleaved(ways, rounds), sizes)


def _slope(found: dict[str, list[Taken]], sizes: tuple[int, ...]) -> Spread:
    rounds = zip(*(found[str(rows)] for rows in sizes), strict=True)
    return Spread.of([float(np.polyfit(np.log(sizes), np.log([each.wall for each in one]), 1)[0]) for one in rounds])


def _epochs(data: TrainingData, most: int) -> Way:
    """Epochs of all rows, more often where they are few. most: rows of the largest data."""
    say(f"    {len(data.task):,} rows of {data.shape.tasks:,} tasks")
    work = partial(_one_epoch, data, trainer_of(data, 1))
    work()
    return Way(partial(timed, work), max(1, most // len(data.task) // 10))


def _one_epoch(data: TrainingData, trainer: Trainer) -> None:
    for batch in epoch(data, 1, BATCH, seed=0):
        trainer.step(batch)
