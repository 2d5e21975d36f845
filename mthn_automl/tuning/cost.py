"""What a trial will take, foreseen from measured seconds of one fit and corrected by the run's own trials."""

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from statistics import median
from typing import Any

from mthn_automl.catalogue import SpaceFile
from mthn_automl.errors import UsageError, did_you_mean
from mthn_automl.tuning.width import CLASSES, COLUMNS, TARGETS, Width

STEP_SECONDS = 3.5e-3
MEMBER_SECONDS = 1e-3
ROW_SECONDS = 5e-7
"""Seconds of one training step, of one network in it and of one row of that network, on one core; measured, between
hypernetwork and pooled, 200 to 25,000 rows; only their ratios matter."""

KINDS = ("regression", "classes")
USUAL_COSTS: Mapping[str, Mapping[str, float]] = {
    "neural": {"250": 0.5, "1000": 1.0, "4000": 1.5, "16000": 3.0},
    "classical": {"250": 0.03, "1000": 0.1, "4000": 0.5, "16000": 2.0},
}
"""By family, of files that say nothing of cost: about what those take that are shipped, the slower half of them."""

USUAL_POWERS: Mapping[str, Mapping[str, float]] = {
    "neural": {"columns": 0.1, "targets": 0.1, "labels": 0.1},
    "classical": {"columns": 0.7, "targets": 0.7, "labels": 0.7},
}
"""By family, of files that say nothing of them: with which seconds grow where there are more columns, targets of a
regression, or labels of classes than in the data that they were measured on."""

FLATTEST, STEEPEST = 0.7, 3.0
"""Powers of the rows with which seconds grow beyond what was measured, at least and at most: guessed, between networks
whose steps stay as many and whose epochs do, up to exact kernel methods."""

LARGER_BATCHES, MORE_PATIENCE = -0.3, 0.5
"""Powers of `batch_factor` and `patience_factor` with which a network's seconds grow: guessed between none and one;
batches an eighth as large took 0.9 to 1.8 times as long on five data sets."""

HELD_OUT = 0.8
"""Share of the rows that a single hold-out trains on."""

MARGIN = 1.3
"""Times what is foreseen that must be left for a trial to fit: fits differ, and one that is cut gave nothing."""

FIRST_SHARE = 0.25
"""Of the whole search that an architecture's first trial may take of one worker."""

CUT_SHARE = 0.6
"""Of a network's foreseen seconds that must be left for one more to begin that the end of the search will cut: about
as much of a training passes before its best weights are found, and the rest in waiting for better ones."""

RUNAWAY, LEAST_LIMIT = 10.0, 20.0
"""Times what is foreseen, and seconds at least, after which a trial is taken for a runaway."""


@dataclass(frozen=True)
class Cost:
    """Processor seconds of one fit, of a classical model or of one network until it stops by itself.

    Attributes:
        points: (training rows, seconds), in rising order of rows.
        fitted_whole: whether a trial ends with one more fit, of all rows.
    """

    points: tuple[tuple[float, float], ...]
    fitted_whole: bool = False

    def times(self, factor: float) -> "Cost":
        """The same of data on which everything takes so many times as long."""
        return replace(self, points=tuple((rows, factor * seconds) for rows, seconds in self.points))

    def at(self, rows: float) -> float:
        """Interpolated, and extrapolated by the nearest two points, between the logarithms of rows and seconds.

        Example:
            >>> cost = Cost(((100, 1.0), (1000, 10.0)))
            >>> round(cost.at(400), 3), round(cost.at(10_000), 3)
            (4.0, 100.0)
        """
        if len(self.points) == 1:
            return self.points[0][1] * math.pow(max(rows, 1.0) / self.points[0][0], FLATTEST)
        place = min(max(bisect_left([each for each, _ in self.points], rows), 1), len(self.points) - 1)
        (few, quick), (many, slow) = self.points[place - 1 : place + 1]
        power = min(math.log(slow / quick) / math.log(many / few), STEEPEST)
        if rows <= many:
            return quick * math.pow(max(rows, 1.0) / few, power)
        return slow * math.pow(rows / many, max(power, FLATTEST))


def cost_of(file: SpaceFile, *, classes: bool = False, width: Width | None = None) -> Cost:
    """The measured cost in a search space file, else the usual one of its family.

    Args:
        classes: of a classifier, where the file has that measured apart.
        width: of the data; None: as wide as those that it was measured on.

    Raises:
        UsageError: an entry that cannot be; the message names the file.
    """
    powers = {**USUAL_POWERS[file.family], **_powers(file)}
    for name in file.cost:
        if name not in (*KINDS, *powers):
            raise UsageError(
                f"{file.path}: [cost] has an unknown key '{name}'; {did_you_mean(name, (*KINDS, *powers))}"
            )
    costs = {name: _cost(file, name, given) for name, given in file.cost.items() if name in KINDS}
    usual = costs.get("regression") or _cost(file, "regression", USUAL_COSTS[file.family])
    found = costs.get("classes", usual) if classes else usual
    return found if width is None else found.times(_wider(powers, width, classes))


def _powers(file: SpaceFile) -> Mapping[str, float]:
    """Those that the file has."""
    found = {name: file.cost[name] for name in USUAL_POWERS[file.family] if name in file.cost}
    for name, given in found.items():
        if isinstance(given, bool) or not isinstance(given, int | float) or not 0 <= given <= STEEPEST:
            raise UsageError(
                f"{file.path}: [cost] {name} must be a power from 0 to {STEEPEST:g}, however it is {given!r}."
            )
    return found


def _wider(powers: Mapping[str, float], width: Width, classes: bool) -> float:
    """Times the seconds that were measured; never less, since little is known of narrower data."""
    most, outputs = (CLASSES, "labels") if classes else (TARGETS, "targets")
    columns = math.pow(max(width.columns / COLUMNS, 1.0), powers["columns"])
    return columns * math.pow(max(width.outputs / most, 1.0), powers[outputs])


def _cost(file: SpaceFile, name: str, given: Any) -> Cost:
    points = given.items() if isinstance(given, Mapping) else ()
    sound = all(rows.isdecimal() and isinstance(each, int | float) and each > 0 for rows, each in points)
    if not points or not sound or any(int(rows) == 0 for rows, _ in points):
        raise UsageError(
            f"{file.path}: [cost] {name} must be seconds above 0 by whole numbers of rows, like {{ 1000 = 0.5 }}, "
            f"however it is {given!r}."
        )
    rows, seconds = zip(*sorted((float(rows), float(each)) for rows, each in points), strict=True)
    rising = tuple(zip(rows, accumulate(seconds, max), strict=True))  # more rows take no less: the rest is noise
    return Cost(rising, fitted_whole=file.family == "classical" and not file.rungs)


def pack_seconds(members: int, rows: int = 0) -> float:
    """Of one step of so many networks in lock-step, each on so many rows."""
    return STEP_SECONDS + members * (MEMBER_SECONDS + rows * ROW_SECONDS)


@dataclass(frozen=True)
class Extent:
    """What is fitted in one trial.

    Attributes:
        rows: that are not test rows.
        folds: of the cross-validation; 1 means a single hold-out.
        seeds: networks of a fold.
        batch: rows of a network's step.
    """

    rows: int
    folds: int
    seeds: int
    batch: int

    @property
    def training_rows(self) -> float:
        return self.rows * ((self.folds - 1) / self.folds if self.folds > 1 else HELD_OUT)

    def seconds(self, family: str, cost: Cost) -> float:
        """Of one trial with the usual settings: networks share steps, classical models are fitted one by one."""
        one = cost.at(self.training_rows)
        if family != "neural":
            return one * self.folds + (cost.at(self.rows) if cost.fitted_whole else 0.0)
        rows = min(self.batch, round(self.training_rows))
        return one * pack_seconds(self.folds * self.seeds, rows) / pack_seconds(1, rows)


class Foresight:
    """What the trials of a run will take: as measured elsewhere, times what its own trials have taken more or less.

    An architecture's own trials correct it; before it has finished one, the median of the others' corrections does,
    which is what this machine is to the one that measured.

    Attributes:
        usual: by architecture, seconds of a trial with usual settings, as measured elsewhere.
    """

    def __init__(
        self, files: Iterable[SpaceFile], extent: Extent, *, classes: bool = False, width: Width | None = None
    ) -> None:
        """classes: whether classifiers are trained. width: as of `cost_of`."""
        chosen = list(files)
        self.usual = {
            file.name: extent.seconds(file.family, cost_of(file, classes=classes, width=width)) for file in chosen
        }
        self._neural = {file.name for file in chosen if file.family == "neural"}
        self._ratios: dict[str, list[float]] = {}

    def learn(self, name: str, settings: Mapping[str, Any], seconds: float, *, at_least: bool = False) -> None:
        """A trial has taken so many seconds; at_least: when the clock ended it, which says only that it takes more."""
        ratio = seconds / (self.usual[name] * self._factor(settings))
        if not at_least or ratio > self._ratio(name):
            self._ratios.setdefault(name, []).append(ratio)

    def knows(self, name: str) -> bool:
        """Whether the architecture has finished a trial, or shown how long it takes at least."""
        return name in self._ratios

    def seconds(self, name: str, settings: Mapping[str, Any] = {}) -> float:
        """Of a trial with these settings of its training; with the usual ones where none are given."""
        return self.usual[name] * self._factor(settings) * self._ratio(name)

    def _ratio(self, name: str) -> float:
        known = self._ratios.get(name) or [median(each) for each in self._ratios.values()]
        return median(known) if known else 1.0

    def _factor(self, settings: Mapping[str, Any]) -> float:
        batch, patience = settings.get("batch_factor", 1.0), settings.get("patience_factor", 1.0)
        return math.pow(batch, LARGER_BATCHES) * math.pow(patience, MORE_PATIENCE)

    def fitting(
        self,
        begun: Mapping[str, int],
        left: float | None,
        whole: float = math.inf,
        settings: Mapping[str, Mapping[str, Any]] = {},
    ) -> list[str]:
        """Architectures, the quickest first, of which another trial fits into `left` seconds.

        A classical model, and the first trial of a network, must fit as a whole; of a network's later ones enough must
        fit for its best weights to be found. A first trial must also leave some of the search to others.

        Args:
            begun: trials of each architecture so far.
            left: None: no limit. whole: seconds of the search. settings: by architecture, of its next trial's training,
                where they are known.
        """
        quickest = sorted(begun, key=lambda name: self.usual[name])
        if left is None:
            return quickest
        wanted = {name: self.seconds(name, settings.get(name, {})) for name in quickest}
        return [name for name in quickest if self._fits(name, wanted[name], begun[name], left, whole)]

    def _fits(self, name: str, wanted: float, begun: int, left: float, whole: float) -> bool:
        if begun and name in self._neural:
            return CUT_SHARE * wanted <= left
        return MARGIN * wanted <= left and (begun > 0 or wanted <= FIRST_SHARE * whole)

    def limit(self, name: str, settings: Mapping[str, Any]) -> float | None:
        """Seconds after which a trial is a runaway; None while nothing is known of its architecture."""
        return max(LEAST_LIMIT, RUNAWAY * self.seconds(name, settings)) if self.knows(name) else None
