"""What a data set's columns are: roles, kinds, categories, and the problem they pose."""

import math
from dataclasses import dataclass, field

from mthn_automl.data import kind
from mthn_automl.data.columns.form import Form, Kind, Part
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.kinds import Problem as Problem
from mthn_automl.data.seen import Seen
from mthn_automl.data.task_names import name_by


@dataclass(frozen=True)
class Column:
    """A feature or metadata column.

    Attributes:
        name: as it stands in the input; of a part of a date, with that part behind it.
        categories: in the order of their codes; None for a numeric column.
        range: the lowest and the highest number of training; None of a category, and before a model is saved.
        form: how its cells are written; None: as plain numbers, or as names.
        part: of a date, what is made of it.
        source: the column of the input where it has another name.
        seen: what its cells in training were; None: that is not known.
    """

    name: str
    categories: tuple[str, ...] | None = None
    range: tuple[float, float] | None = None
    form: Form | None = None
    part: Part | None = None
    source: str | None = None
    seen: Seen | None = None

    def __post_init__(self) -> None:
        if self.range is not None and not -math.inf < self.range[0] <= self.range[1] < math.inf:
            raise ValueError(f"the range of '{self.name}' must be two finite numbers in order, found {self.range}")
        if len(set(self.categories or ())) < len(self.categories or ()):
            raise ValueError(f"the categories of '{self.name}' must differ from each other, however two are the same")

    @property
    def numeric(self) -> bool:
        return self.categories is None

    @property
    def read_from(self) -> str:
        """The column of the input."""
        return self.name if self.source is None else self.source

    @property
    def written(self) -> Form:
        """How the cells of the input's column are written."""
        return self.form or Form(Kind.NUMBER if self.numeric else Kind.TEXT)


@dataclass(frozen=True)
class Schema:
    """The columns a model was trained on.

    Attributes:
        task: the columns that name each row's task: one, or several whose values together are its name.
        targets: the columns that are predicted.
        problem: what they pose.
        classes: their names in the order of their indices; none of numbers.
        features: in the order of the input.
        metadata: in the order of the input.
        promoted: whether the metadata are columns of the data, which never vary within a task.
        offset: the column of exposures, which the mean of a count is in proportion to; None: there is none.
        weight: the column that says what each row counts; None: all count alike.
        described_by: those columns of `task` that the metadata have too; a row of metadata is of all tasks that have
            its values there. None: all.
        id: the column by which the user knows a row; it is given back with predictions, and is no feature.
        missing: cells that count as missing in every column but tasks and ids, as written or as a number.
        wide: columns of the data each of which is the target of a task of its name; none: a column names the task.
        numbers: how targets, exposures and weights are written that are no plain numbers.
        reading: what was said of how the files of training are read.
    """

    task: tuple[str, ...]
    targets: tuple[str, ...]
    problem: Problem
    classes: tuple[str, ...]
    features: tuple[Column, ...]
    metadata: tuple[Column, ...] = ()
    promoted: bool = False
    offset: str | None = None
    weight: str | None = None
    described_by: tuple[str, ...] = ()
    id: str | None = None
    missing: tuple[str, ...] = ()
    wide: tuple[str, ...] = ()
    numbers: tuple[tuple[str, Form], ...] = ()
    reading: Reading = field(default_factory=Reading)

    def __post_init__(self) -> None:
        if not self.targets:
            raise ValueError("there must be a target, however there is none")
        if not self.task or not set(self.described_by) <= set(self.task):
            raise ValueError(f"tasks must be named by columns, however they are {self.task}, {self.described_by}")
        if not self.kind.fewest <= len(set(self.classes)) == len(self.classes) <= self.kind.most:
            raise ValueError(f"the classes of a {self.problem} problem cannot be {list(self.classes)}")
        if self.offset is not None and self.problem is not Problem.COUNT:
            raise ValueError(f"an offset is of counts, however the problem is {self.problem}")
        for columns in (self.features, self.metadata, self.targets, self.task, self.wide):
            names = [each if isinstance(each, str) else each.name for each in columns]
            if len(set(names)) < len(names):
                raise ValueError(f"no two columns of a table may have the same name, however they are {names}")

    @property
    def kind(self) -> kind.Kind:
        """How problems of this kind are scaled, trained and predicted."""
        return kind.kind_of(self.problem)

    @property
    def described(self) -> tuple[str, ...]:
        """The columns that name what a row of metadata describes."""
        return self.described_by or self.task

    def described_as(self, task: str) -> str:
        """The name under which metadata describe a task."""
        return name_by(self.described, self.task, task)

    def number_form(self, name: str) -> Form:
        """How a target, an exposure or a weight is written."""
        return dict(self.numbers).get(name, Form(Kind.NUMBER))

    @property
    def outputs(self) -> int:
        """Columns of a prediction: one a target, or one a class."""
        return len(self.classes) if self.classes else len(self.targets)
