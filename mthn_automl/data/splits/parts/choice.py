"""Which way seals the test rows, and which deals the folds, by what the user asked."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.dataset import Dataset, Part
from mthn_automl.data.splits import way
from mthn_automl.data.splits.parts.way import Way
from mthn_automl.errors import DataError, UsageError

TEST_FRACTION = 0.2


@dataclass(frozen=True)
class Question:
    """What the user asks of a split; None: nothing was said.

    Attributes:
        test_fraction: share of rows, or groups, of each task that are sealed.
        holdout_tasks: share of the tasks that are sealed as a whole; with it, folds hold out whole tasks too.
        split, group, time: as in `Asked`.
        test_file: whether test rows are in a file of their own.
        folds: so many are asked for.
    """

    test_fraction: float | None = None
    holdout_tasks: float | None = None
    split: str | None = None
    group: str | None = None
    time: str | None = None
    test_file: bool = False
    folds: int | None = None

    def __post_init__(self) -> None:
        for wrong, sentence in (
            (
                self.time is not None and (self.group is not None or self.holdout_tasks is not None),
                "--time asks for later rows of known tasks, --group and --holdout-tasks for groups and tasks never "
                "seen, however both were asked for; leave one out.",
            ),
            (
                self.split is not None and (self.test_fraction is not None or bool(self.holdout_tasks)),
                "--split names the test rows, --test-fraction and --holdout-tasks draw them, however both were asked "
                "for; leave one out. --holdout-tasks 0 makes folds of whole tasks alone.",
            ),
            (
                self.test_file and bool(self.holdout_tasks or self.test_fraction),
                "--test gives the test rows, --test-fraction and --holdout-tasks draw them, however both were asked "
                "for; leave one out. --holdout-tasks 0 makes folds of whole tasks alone.",
            ),
        ):
            if wrong:
                raise UsageError(sentence)

    def sealing(self, *, grouped: bool = False) -> list[tuple[str, float]]:
        """The ways that seal test rows, each of those that the ones before it have left, and their shares.

        grouped: whether rows have groups, asked for or not.
        """
        known_tasks = self._of_known_tasks(grouped)
        if self.split is not None:
            return [("given", 1.0)]
        usual = 0.0 if self.test_file else TEST_FRACTION
        if self.holdout_tasks is not None:
            return [("whole_tasks", self.holdout_tasks), (known_tasks, self.test_fraction or 0.0)]
        return [(known_tasks, usual if self.test_file or self.test_fraction is None else self.test_fraction)]

    def dealing(self, *, grouped: bool = False) -> str:
        """The way that deals folds, where no validation rows are named."""
        return self._of_known_tasks(grouped) if self.holdout_tasks is None else "whole_tasks"

    def _of_known_tasks(self, grouped: bool) -> str:
        if self.time is not None:
            return "time"
        return "groups" if grouped or self.group is not None else "within_tasks"


@dataclass(frozen=True)
class Sealed:
    """Test rows, and how the others will be dealt.

    Attributes:
        test: (rows,) true for test rows.
        dealing: name of the way that deals folds.
        most_folds: that it can deal.
    """

    test: NDArray[np.bool_]
    dealing: str
    most_folds: int

    @property
    def usual(self) -> bool:
        """Whether rows are split within tasks, without regard to anything else."""
        return self.dealing == "within_tasks"

    @property
    def way(self) -> Way:
        return way(self.dealing)

    def deal(self, development: Dataset, folds: int, seed: int) -> IntArray:
        """(rows,) fold of each row that is not a test row."""
        return self.way.deal(development, folds, seed)


def seal(dataset: Dataset, asked: Question, seed: int) -> Sealed:
    """Seal the test rows.

    Raises:
        DataError: the rows cannot be split so. UsageError: more folds are asked for than can be dealt.
    """
    test = np.zeros(len(dataset), dtype=bool)
    grouped = dataset.group is not None
    for name, share in asked.sealing(grouped=grouped):
        left = np.flatnonzero(~test)
        test[left] = way(name).seal(dataset.take(left), share, seed)
    if asked.test_file and test.any():
        raise UsageError("--test gives the test rows, however --split names some too; leave one out.")
    development = dataset.take(np.flatnonzero(~test))
    dealing, part = asked.dealing(grouped=grouped), dataset.keys.part
    if part is not None and (part == Part.VALIDATION).any():
        _refuse_two_answers(asked)
        dealing = "given"
    most = way(dealing).most_folds(development)
    _refuse_too_many(way(dealing), most, asked.folds)
    return Sealed(test, dealing, most)


def _refuse_two_answers(asked: Question) -> None:
    if asked.dealing() != "within_tasks":
        raise UsageError(
            "--split names validation rows, however --group, --holdout-tasks or --time asks for folds of another kind; "
            "leave one out."
        )


def _refuse_too_many(chosen: Way, most: int, folds: int | None) -> None:
    if most == 0:
        raise DataError(
            f"There must be enough rows to hold out {chosen.WHAT} for validation, and to train on the others, however "
            "there are too few; give more rows."
        )
    if folds is not None and folds > most:
        raise UsageError(
            f"--folds must be at most {most} where folds hold out {chosen.WHAT}, however it is {folds}; ask for fewer."
        )


def known_first(dataset: Dataset, test: NDArray[np.bool_]) -> Dataset:
    """The same rows, their tasks numbered so that those of which all rows are test rows come last."""
    known = np.bincount(dataset.task[~test], minlength=len(dataset.tasks)) > 0
    return dataset if known.all() else dataset.numbered(np.argsort(~known, kind="stable"))


def development_of(dataset: Dataset, test: NDArray[np.bool_]) -> Dataset:
    """The rows that are not test rows, their tasks numbered as `known_first` does; the other tasks are spare ones."""
    ordered = known_first(dataset, test)
    rows = ordered.take(np.flatnonzero(~test))
    known = int(rows.task.max()) + 1
    if known == len(rows.tasks):
        return rows
    order = np.arange(len(rows.tasks))
    unseen = rows.tasks.take(order[known:])
    by_task = unseen.metadata is not None and rows.schema.described == rows.schema.task
    spare = unseen.joined(rows.spare) if by_task else rows.spare
    return replace(rows, tasks=rows.tasks.take(order[:known]), spare=spare)


def sealed_rows_of(dataset: Dataset, test: NDArray[np.bool_]) -> Dataset:
    """The test rows, in the same numbers: those of tasks never seen are beyond those of `development_of`."""
    return known_first(dataset, test).take(np.flatnonzero(test))
