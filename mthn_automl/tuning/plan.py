"""How much work one trial is: folds, seeds, batch and epochs, from rows, tasks and budget."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from mthn_automl.training.fit import Schedule

STEP_SECONDS = 4e-3
ROW_SECONDS = 4e-6
"""Seconds of one training step and of one row of one network in it, on one core; measured, only their order matters."""

USUAL_SECONDS = 600.0
"""What a trial is sized for where no time limit is set."""

TYPICAL_EPOCHS = 150
STEPS_WANTED = 6000
FEWEST_TRIALS, TRIALS_WANTED = 3, 10
"""An architecture: folds are worth having fewer trials, further seeds are not."""

CLASSICAL_COST = 0.2
"""Of a neural architecture's; measured."""


@dataclass(frozen=True)
class Plan:
    """folds: 1 means a single hold-out. trial_seconds: after which a trial returns its best so far; None: never."""

    folds: int
    seeds: int
    schedule: Schedule
    trial_seconds: float | None

    def to_toml(self) -> dict[str, Any]:
        """TOML has no null: no limit is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_toml(cls, stored: Mapping[str, Any]) -> "Plan":
        """The plan whose `to_toml` this is."""
        return cls(stored["folds"], stored["seeds"], Schedule(**stored["schedule"]), stored.get("trial_seconds"))

    def sentence(self) -> str:
        folds = "1 hold-out" if self.folds == 1 else f"{self.folds} folds"
        networks = "1 network" if self.seeds == 1 else f"the mean of {self.seeds} networks"
        limit = "" if self.trial_seconds is None else f", at most {self.trial_seconds:.0f} s a trial"
        schedule = self.schedule
        return (
            f"Each trial: {folds}, {networks} a fold, batches of {schedule.batch} rows, at most "
            f"{schedule.max_epochs} epochs, stopped after {schedule.patience} without progress{limit}."
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
) -> Plan:
    """Folds and seeds shrink until several trials an architecture fit into the budget; given numbers are kept.

    rows: that are not test rows. neural, classical: architectures of each family. seconds: of the whole budget;
    None: no limit.
    """
    share = (USUAL_SECONDS if seconds is None else seconds) * workers / max(neural + CLASSICAL_COST * classical, 1.0)
    schedule = _schedule(rows)
    chosen_folds, chosen_seeds = folds or 1, seeds or 1
    for more_folds, more_seeds in ((1, 1), (3, 1), (5, 1), (5, 2), (5, 3)):
        tried = (folds or more_folds, seeds or more_seeds)
        wanted = TRIALS_WANTED if more_seeds > 1 else FEWEST_TRIALS
        if more_folds == 1 or (_trial_seconds(rows, tried, schedule) < share / wanted and _useful(rows, tried[1])):
            chosen_folds, chosen_seeds = tried
    trial_seconds = None if seconds is None else max(2.0, share / 5)
    return Plan(min(chosen_folds, rows), chosen_seeds, schedule, trial_seconds)


def _useful(rows: int, seeds: int) -> bool:
    """More seeds steady the score of small data; on large data they only cost."""
    return seeds == 1 or rows * (seeds - 1) <= 2000


def _schedule(rows: int) -> Schedule:
    batch = min(2048, max(64, 2 ** round(math.log2(max(rows, 1) / 2))))
    steps = max(1.0, rows / batch)
    epochs = round(min(1000, max(30, STEPS_WANTED / steps)))
    patience = max(10, epochs * 6 // 100)
    return Schedule(batch=batch, max_epochs=epochs, patience=patience, check_every=max(1, patience // 20))


def _trial_seconds(rows: int, folds_and_seeds: tuple[int, int], schedule: Schedule) -> float:
    members = folds_and_seeds[0] * folds_and_seeds[1]
    steps = max(1.0, rows / schedule.batch)
    return min(TYPICAL_EPOCHS, schedule.max_epochs) * (steps * STEP_SECONDS + rows * members * ROW_SECONDS)
