"""What the user says of the data; whatever is left open is found out from them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mthn_automl.data.columns.rule import Told
from mthn_automl.data.formats.reading import Reading
from mthn_automl.errors import UsageError, did_you_mean

PLAIN = Reading()
AUTO = "auto"
"""In place of a column of groups: rows of identical features."""
PREDICTED = ("row", "task", "architecture", "role", "target", "prediction", "weight")
PREFIXES_PREDICTED = ("prediction_", "probability_", "target_")
"""Names of the columns of predictions."""


@dataclass(frozen=True)
class Asked:
    """What is said of data and metadata alike; of columns by their names, in whichever of the two they are.

    Attributes:
        task: the columns that name each row's task: one, or several whose values together are its name.
        target: the columns to predict; by default `target`, else those whose names begin with target or label.
        problem: one of the kinds of problems, or auto.
        metric: where the problem is auto, a metric decides it.
        features: the columns of the data to use; none: all.
        ignore: columns not to use.
        categorical: columns whose cells are names, though they look like numbers or dates.
        numeric: columns whose cells are numbers, and missing where they are none.
        decimal, thousands: marks of numbers in all columns; None: as each column shows.
        missing: cells that count as missing in every column but tasks and ids, as written or as a number.
        reading: how the files are read.
        id: the column by which the user knows a row: given back with predictions, and no feature.
        wide: whether each target column is a task, on rows that all share; `task` then names the column of the
            metadata that holds the names of the target columns.
        merge_rare: whether classes of a single row become one class; else these rows are dropped.
        offset: the column of exposures, above 0, that a count is in proportion to.
        promote: whether features that never vary within a task are its metadata, where no others are given.
        group: the column, of data or metadata, whose rows of the same value are kept together in training or test; or
            `auto`, for rows of identical features. A column of the data is then no feature, unless `features` names it.
        time: the column by which rows are ordered; it stays a feature.
        split: the column that says train, validation or test, which is no feature; or a file with `row` and `split`.
        weight: the column of the data that says what each row counts; None: all count alike.
    """

    task: tuple[str, ...] = ("task",)
    target: Sequence[str] = ()
    problem: str = "auto"
    metric: str | None = None
    features: Sequence[str] = ()
    ignore: Sequence[str] = ()
    categorical: Sequence[str] = ()
    numeric: Sequence[str] = ()
    decimal: str | None = None
    thousands: str | None = None
    missing: Sequence[str] = ()
    reading: Reading = PLAIN
    id: str | None = None
    wide: bool = False
    merge_rare: bool = False
    promote: bool = True
    group: str | None = None
    time: str | None = None
    split: str | None = None
    offset: str | None = None
    weight: str | None = None

    @property
    def told(self) -> dict[str, Told]:
        """By column, and under the empty name of all others."""
        named = {*self.categorical, *self.numeric}
        said = {
            name: Told(self.decimal, self.thousands, name in self.numeric, name in self.categorical) for name in named
        }
        return {"": Told(self.decimal, self.thousands), **said}

    @property
    def split_by(self) -> tuple[str, ...]:
        """What rows are grouped or ordered by: columns, or `auto`."""
        return tuple(name for name in (self.group, self.time) if name is not None)

    def uses(self, name: str) -> bool:
        """Whether a column of the data may be a feature."""
        others = (*self.ignore, self.weight, self.offset, self.split, self.id)
        if name in others or (name == self.group and name not in self.features):
            return False
        return not self.features or name in self.features

    def refuse_unknown(self, data: Collection[str], meta: Collection[str]) -> None:
        """Asked once the names of all columns are known.

        Raises:
            UsageError: a column is named that there is not, or in two contradicting ways.
        """
        both = [name for name in self.categorical if name in self.numeric]
        if both:
            raise UsageError(f"A column must be --categorical or --numeric, however '{both[0]}' is said to be both.")
        if self.id is not None:
            self._check_id(self.id)
        self._refuse_other_roles()
        if self.decimal is not None and self.decimal == self.thousands:
            raise UsageError(f"--decimal and --thousands must differ, however both are '{self.decimal}'.")
        known = {*data, *meta}
        for flag, names, among in (
            ("--features", self.features, set(data)),
            ("--weight", () if self.weight is None else (self.weight,), set(data)),
            ("--id", [] if self.id is None else [self.id], set(data)),
            ("--ignore", self.ignore, known),
            ("--categorical", self.categorical, known),
            ("--numeric", self.numeric, known),
            ("--group", [self.group] if self.group not in (None, AUTO) else [], known),
            ("--time", [] if self.time is None else [self.time], set(data)),
            ("--offset", [self.offset] if self.offset is not None else [], set(data)),
        ):
            for name in names:
                if name not in among:
                    raise UsageError(
                        f"{flag} must name a column, however there is no '{name}'; {did_you_mean(name, among)}"
                    )

    def _refuse_other_roles(self) -> None:
        """Raise a UsageError where a column is to be a feature that is something else."""
        others = [("--weight", self.weight), ("--offset", self.offset), ("--split", self.split)]
        for flag, name in (*others, *(("--ignore", each) for each in self.ignore)):
            if name is not None and name in self.features:
                raise UsageError(
                    f"A column of --features must be used as a feature alone, however '{name}' is that of {flag}, too; "
                    "leave it out of one of them."
                )

    def _check_id(self, name: str) -> None:
        used = [*self.task, *self.target, *self.features, *self.categorical, *self.numeric, self.weight, self.split]
        if name in used:
            raise UsageError(f"--id must name a column that is nothing else, however '{name}' is asked for twice.")
        if name in PREDICTED or name.startswith(PREFIXES_PREDICTED):
            raise UsageError(
                f"--id must not be called as a column of predictions is, however it is '{name}'; rename the column."
            )
