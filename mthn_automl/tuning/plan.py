"""How much work one trial is: folds, seeds, batch and epochs, from rows, budget and what trials cost."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from mthn_automl.catalogue import SpaceFile
from mthn_automl.training.fit import Schedule
from mthn_automl.tuning.allocation import FIRST_ROUNDS
from mthn_automl.tuning.cost import FIRST_SHARE, Cost, Extent, cost_of
from mthn_automl.tuning.width import Width

USUAL_SECONDS = 600.0
"""What a trial is sized for where no time limit is set."""

STEPS_WANTED = 6000

PATIENCE, PATIENCE_GROWTH = 0.024, 0.8
"""Epochs without progress after which a network stops: a share of the most epochs, and of those until its last progress
where that is more. Measured on the loss curves of fifteen configurations of five networks on each of eight data sets:
against a fixed 6 % of the epochs, a seventh fewer epochs (three tenths on those of more than 300 rows) and losses 1 %
lower, 6 % where plateaus come late."""

SEARCHED = 0.85
"""Share of the budget that is left to the search: the rest is for starting, the ablation, tables and figures."""

FIRST_TRIALS_SHARE = 0.5
"""Of the search's time that the first trials of all architectures may take together."""

FOLDS_SHARES = {5: 0.2, 3: 0.4}
"""By folds, the share of the search's time that one trial of every architecture may take. Every fold is a network
or model of the answer, and steadies what it is chosen by."""

MORE_SEEDS_SHARE = 0.03
"""The same for several networks a fold: they are worth little beside other configurations."""

AFFORDABLE = 0.75
"""Share of the architectures whose trial is not too slow for the time with a hold-out that it must not be in folds."""

CHEAPEST, CHEAPEST_SHARE = 2, 0.2
"""So many networks, the cheapest, must take more than this share in three folds for a single hold-out to be better."""

FEW_ROWS = 500
"""A hold-out of fewer than a hundred rows ranks by luck: three folds then, however short the time."""

MOST_FOLDS, MOST_SEEDS = 5, 3

MOST_NETWORKS = 1_000_000
"""Of a trial, however it was asked for; none with as many would ever end."""


@dataclass(frozen=True)
class Plan:
    """How much work one trial is.

    Attributes:
        folds: of the cross-validation; 1 means a single hold-out.
        seeds: networks of a fold, whose mean predicts.
        schedule: of each training.
        rounds: trials that every architecture gets first, while they fit into the time.
        promised: whether all these are foreseen to fit into the time.
        round_seconds: that one trial of every architecture is foreseen to take all workers; 0: not foreseen.
        left_out: seconds of a trial of those architectures that take too much of the time, by name.
    """

    folds: int
    seeds: int
    schedule: Schedule
    rounds: int = FIRST_ROUNDS
    promised: bool = True
    round_seconds: float = 0.0
    left_out: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (self.folds >= 1 and self.seeds >= 1 and self.folds * self.seeds <= MOST_NETWORKS):
            raise ValueError(
                f"there must be 1 to {MOST_NETWORKS:,} networks, in {self.folds} folds x {self.seeds} seeds"
            )

    def extent(self, rows: int) -> Extent:
        """What a trial fits, of so many rows that are not test rows."""
        return Extent(rows, self.folds, self.seeds, self.schedule.batch)

    def sentence(self) -> str:
        folds = "1 hold-out" if self.folds == 1 else f"{self.folds} folds"
        networks = "1 network" if self.seeds == 1 else f"the mean of {self.seeds} networks"
        schedule = self.schedule
        return (
            f"Each trial: {folds}, {networks} a fold, batches of {schedule.batch} rows, at most "
            f"{schedule.max_epochs} epochs, stopped after {schedule.patience} without progress. "
            f"{self._first_trials()}"
        )

    def _first_trials(self) -> str:
        trials = "a first trial" if self.rounds == 1 else f"{self.rounds} first trials"
        trials += ", the quickest first" + ("" if self.promised else ", as far as the time allows")
        others = "Every other" if self.left_out else "Every"
        left_out = [f"{name} would take {seconds:.0f} s a trial" for name, seconds in self.left_out.items()]
        too_slow = f"Too slow for the time given: {', '.join(left_out)}. " if left_out else ""
        foreseen = f"; one of each should take about {max(self.round_seconds, 1):.0f} s" if self.round_seconds else ""
        return f"{too_slow}{others} architecture gets {trials}{foreseen}."


@dataclass(frozen=True)
class Budgeted:
    """What a plan must fit into.

    Attributes:
        costs: by architecture, its family and what one fit costs.
        seconds: of the search, of all workers together.
        longest: seconds that an architecture's first trial may take.
    """

    costs: Mapping[str, tuple[str, Cost]]
    seconds: float
    longest: float

    def trials(self, extent: Extent) -> dict[str, float]:
        """Seconds of one trial of each architecture that can afford it."""
        return {name: each for name, each in self.all_trials(extent).items() if each <= self.longest}

    def all_trials(self, extent: Extent) -> dict[str, float]:
        """Seconds of one trial of each architecture, the quickest first."""
        found = {name: extent.seconds(*cost) for name, cost in self.costs.items()}
        return dict(sorted(found.items(), key=lambda each: each[1]))


def make_plan(
    rows: int,
    files: Sequence[SpaceFile],
    *,
    seconds: float | None,
    workers: int,
    classes: bool = False,
    width: Width | None = None,
    folds: int | None = None,
    seeds: int | None = None,
    most_folds: int = MOST_FOLDS,
    most_seeds: int = MOST_SEEDS,
    rounds: int = FIRST_ROUNDS,
    usual_seconds: float = USUAL_SECONDS,
) -> Plan:
    """Folds, seeds and first rounds shrink until one trial of every architecture that can afford it is a small share.

    Given folds and seeds are kept.

    Args:
        rows: that are not test rows. files: of the architectures.
        classes: whether classifiers are trained. width: of the data, as of `cost_of`.
        seconds: of the whole budget; None: no limit, and trials are sized as if it were `usual_seconds`.
        most_folds, most_seeds: chosen where time allows.
        rounds: wanted; fewer where there is no time for them.
    """
    wall = SEARCHED * (usual_seconds if seconds is None else seconds)
    costs = {file.name: (file.family, cost_of(file, classes=classes, width=width)) for file in files}
    budget = Budgeted(costs, wall * workers, FIRST_SHARE * wall)
    plan = Plan(1, 1, schedule_of(rows), rounds)
    plan = replace(plan, folds=min(rows, folds or min(most_folds, _folds(plan, rows, budget))))
    plan = replace(plan, seeds=seeds or _seeds(plan, rows, budget, most_seeds))
    affordable, every = budget.trials(plan.extent(rows)), budget.all_trials(plan.extent(rows))
    affordable = affordable or dict([next(iter(every.items()))])
    once = sum(affordable.values())
    promised = min(rounds, math.floor(FIRST_TRIALS_SHARE * budget.seconds / once))
    return replace(
        plan,
        rounds=max(promised, 1),
        promised=promised > 0,
        round_seconds=once / workers,
        left_out={} if seconds is None else {name: each for name, each in every.items() if name not in affordable},
    )


def _folds(plan: Plan, rows: int, budget: Budgeted) -> int:
    """The most with which a trial of every architecture is a small share of the time, and hardly one is too slow."""
    held_out = len(budget.trials(plan.extent(rows)))
    in_three = replace(plan, folds=3).extent(rows)
    for folds, share in FOLDS_SHARES.items():
        trials = budget.trials(replace(plan, folds=folds).extent(rows))
        if len(trials) >= AFFORDABLE * held_out > 0 and sum(trials.values()) <= share * budget.seconds:
            return folds
    networks = [each for name, each in budget.all_trials(in_three).items() if budget.costs[name][0] == "neural"]
    cheapest = sum(networks[:CHEAPEST]) <= CHEAPEST_SHARE * budget.seconds
    return 3 if rows < FEW_ROWS or (networks and cheapest) else 1


def _seeds(plan: Plan, rows: int, budget: Budgeted, most: int) -> int:
    """More networks a fold steady the score of small data; on large data they only cost."""
    for seeds in range(most, 1, -1):
        trials = budget.trials(replace(plan, seeds=seeds).extent(rows))
        useful = rows * (seeds - 1) <= 2000 and plan.folds >= 5
        if useful and sum(trials.values()) <= MORE_SEEDS_SHARE * budget.seconds:
            return seeds
    return 1


def schedule_of(rows: int) -> Schedule:
    """Batch, epochs and patience of every training, by rows that are not test rows."""
    batch = min(2048, max(64, 2 ** round(math.log2(max(rows, 1) / 2))))
    steps = max(1.0, rows / batch)
    epochs = round(min(1000, max(30, STEPS_WANTED / steps)))
    patience = max(10, round(PATIENCE * epochs))
    return Schedule(
        batch=batch, max_epochs=epochs, patience=patience, check_every=max(1, patience // 8), growth=PATIENCE_GROWTH
    )
