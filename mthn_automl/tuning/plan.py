"""How much work one trial is: folds, seeds, batch and epochs, from rows and budget."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mthn_automl.training.fit import Schedule
from mthn_automl.tuning.allocation import FIRST_ROUNDS

STEP_SECONDS = 3.5e-3
MEMBER_SECONDS = 1e-3
ROW_SECONDS = 5e-7
"""Seconds of one training step, of one network in it and of one row of that network, on one core; measured, between
hypernetwork and pooled, 200 to 25,000 rows; only their order matters."""

USUAL_SECONDS = 600.0
"""What a trial is sized for where no time limit is set."""

TYPICAL_STEPS = 600
"""Until a training stops by itself: measured, 150 to 1,500 with the settings of first trials, 200 to 25,000 rows."""

STEPS_WANTED = 6000
FEWEST_TRIALS, TRIALS_WANTED = 3, 10
"""An architecture: folds are worth having fewer trials, further seeds are not."""

FEW_ROWS = 500
"""A hold-out of fewer than a hundred rows ranks by luck: three folds then, however short the time."""

MOST_FOLDS, MOST_SEEDS = 5, 3

CLASSICAL_COST = 0.2
"""Of a neural architecture's; measured."""


@dataclass(frozen=True)
class Plan:
    """How much work one trial is.

    Attributes:
        folds: of the cross-validation; 1 means a single hold-out.
        seeds: networks of a fold, whose mean predicts.
        schedule: of each training.
        trial_seconds: after which a trial returns its best so far; None: never.
        rounds: trials that every architecture gets first.
    """

    folds: int
    seeds: int
    schedule: Schedule
    trial_seconds: float | None
    rounds: int = FIRST_ROUNDS

    def to_toml(self) -> dict[str, Any]:
        """TOML has no null: no limit is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_toml(cls, stored: Mapping[str, Any]) -> "Plan":
        """The plan whose `to_toml` this is."""
        schedule: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in stored["schedule"].items()
        }
        return cls(**{"trial_seconds": None, **stored, "schedule": Schedule(**schedule)})

    def sentence(self) -> str:
        folds = "1 hold-out" if self.folds == 1 else f"{self.folds} folds"
        networks = "1 network" if self.seeds == 1 else f"the mean of {self.seeds} networks"
        limit = "" if self.trial_seconds is None else f", at most {self.trial_seconds:.0f} s a trial"
        schedule = self.schedule
        return (
            f"Each trial: {folds}, {networks} a fold, batches of {schedule.batch} rows, at most "
            f"{schedule.max_epochs} epochs, stopped after {schedule.patience} without progress{limit}. "
            f"Every architecture gets {self.rounds} first trials."
        )


def make_plan(
    rows: int,
    *,
    neural: int,
    classical: int,
    seconds: float | None,
    workers: int,
    folds: int | None = None,
    seeds: int | None = None,
    most_folds: int = MOST_FOLDS,
    most_seeds: int = MOST_SEEDS,
    rounds: int = FIRST_ROUNDS,
    usual_seconds: float = USUAL_SECONDS,
) -> Plan:
    """Folds and seeds shrink until several trials an architecture fit into the budget. Given ones are kept.

    Args:
        rows: that are not test rows. neural, classical: architectures of each family.
        seconds: of the whole budget; None: no limit, and trials are sized as if it were `usual_seconds`.
        most_folds, most_seeds: chosen where time allows.
    """
    share = (usual_seconds if seconds is None else seconds) * workers / max(neural + CLASSICAL_COST * classical, 1.0)
    schedule = _schedule(rows)
    fewest_folds = min(3, most_folds) if rows < FEW_ROWS else 1
    chosen_folds, chosen_seeds = folds or fewest_folds, seeds or 1
    for more_folds, more_seeds in ((3, 1), (5, 1), (5, 2), (5, 3)):
        tried = (folds or min(more_folds, most_folds), seeds or min(more_seeds, most_seeds))
        wanted = TRIALS_WANTED if more_seeds > 1 else FEWEST_TRIALS
        useful = seeds is not None or _useful(rows, tried[1])
        if useful and _fit_seconds(rows, math.prod(tried), schedule) < share / wanted:
            chosen_folds, chosen_seeds = tried
    trial_seconds = None if seconds is None else max(2.0, share / (rounds + 1))
    return Plan(min(chosen_folds, rows), chosen_seeds, schedule, trial_seconds, rounds)


def _useful(rows: int, seeds: int) -> bool:
    """More seeds steady the score of small data; on large data they only cost."""
    return seeds == 1 or rows * (seeds - 1) <= 2000


def _schedule(rows: int) -> Schedule:
    batch = min(2048, max(64, 2 ** round(math.log2(max(rows, 1) / 2))))
    steps = max(1.0, rows / batch)
    epochs = round(min(1000, max(30, STEPS_WANTED / steps)))
    patience = max(10, epochs * 6 // 100)
    return Schedule(batch=batch, max_epochs=epochs, patience=patience, check_every=max(1, patience // 20))


def _fit_seconds(rows: int, members: int, schedule: Schedule) -> float:
    """Of training so many networks in one pack until they stop, which takes twice the patience at least."""
    steps = max(1.0, rows / schedule.batch)
    epochs = min(schedule.max_epochs, max(TYPICAL_STEPS / steps, 2 * schedule.patience))
    return epochs * steps * pack_seconds(members, min(rows, schedule.batch))


def pack_seconds(members: int, rows: int = 0) -> float:
    """Of one step of so many networks in lock-step, each on so many rows."""
    return STEP_SECONDS + members * (MEMBER_SECONDS + rows * ROW_SECONDS)
