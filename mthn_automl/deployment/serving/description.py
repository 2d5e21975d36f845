"""What a model that is served takes and gives, as its clients need to know it."""

from collections.abc import Sequence
from dataclasses import dataclass

from mthn_automl.data.columns.form import PLAIN, Kind
from mthn_automl.data.schema import Column, Schema
from mthn_automl.deployment.predictor import Predictor
from mthn_automl.deployment.serving.limits import Limits
from mthn_automl.deployment.tables import prediction_names

WORDS = {Kind.NUMBER: "number", Kind.TRUTH: "truth value", Kind.DATE: "date", Kind.TEXT: "category"}


@dataclass(frozen=True)
class Taken:
    """A column of a request.

    Attributes:
        name: of the column.
        type: number, truth value, date or category.
        written: the format of dates, or what is special about numbers in text; None: nothing.
        categories: those of training; others count as missing. None: it has none.
        lowest, highest: numbers of training; others are predicted, and said. None: it has none.
    """

    name: str
    type: str
    written: str | None
    categories: tuple[str, ...] | None
    lowest: float | None
    highest: float | None


@dataclass(frozen=True)
class Given:
    """A column of an answer.

    Attributes:
        name: of the column.
        type: integer, number or string.
        classes: of a string, where it is one of these; None: it is no class.
    """

    name: str
    type: str
    classes: tuple[str, ...] | None


@dataclass(frozen=True)
class LimitsOfRequests:
    """Beyond which a request is refused."""

    rows: int
    bytes: int
    seconds: float


@dataclass(frozen=True)
class Description:
    """A model that is served.

    Attributes:
        architecture: its name.
        problem: regression, binary, multiclass, ordinal or count.
        task: columns that name the task of a row; none of a wide table.
        tasks: how many the model was trained on.
        features: columns of a row.
        metadata: columns of a new task.
        metadata_in_rows: whether the metadata of a new task stand in its rows.
        offset: the column of exposures, which must be there; None: there is none.
        id: the column that is given back, where it is there; None: there is none.
        predicted: columns of the answer.
        intervals: columns that it has besides, where an interval is asked for; none: the model states none.
        limits: of a request.
    """

    architecture: str
    problem: str
    task: tuple[str, ...]
    tasks: int
    features: tuple[Taken, ...]
    metadata: tuple[Taken, ...]
    metadata_in_rows: bool
    offset: str | None
    id: str | None
    predicted: tuple[Given, ...]
    intervals: tuple[Given, ...]
    limits: LimitsOfRequests


def describe(predictor: Predictor, limits: Limits) -> Description:
    """Names of tasks are not told: they may be those of persons."""
    schema = predictor.schema
    return Description(
        architecture=predictor.architecture,
        problem=schema.problem.value,
        task=() if schema.wide else schema.task,
        tasks=len(predictor.tasks),
        features=_taken(schema.features),
        metadata=_taken(schema.metadata),
        metadata_in_rows=schema.promoted,
        offset=schema.offset,
        id=schema.id,
        predicted=_given(schema, predictor.tasks.names),
        intervals=() if predictor.intervals is None else _bounds(schema, predictor.tasks.names),
        limits=LimitsOfRequests(limits.rows, limits.bytes, limits.seconds),
    )


def _taken(columns: Sequence[Column]) -> tuple[Taken, ...]:
    """One for each column of the input: of a date there may be several in the schema."""
    return tuple(_column(each) for each in {each.read_from: each for each in columns}.values())


def _column(column: Column) -> Taken:
    form = column.written
    written = form.date or (None if form.notation == PLAIN else form.notation.called)
    low, high = (None, None) if column.range is None or column.part is not None else column.range
    return Taken(column.read_from, WORDS[form.kind], written, column.categories, low, high)


def _bounds(schema: Schema, tasks: Sequence[str]) -> tuple[Given, ...]:
    """The ends of intervals of numbers."""
    found = [f"prediction_{task}" for task in tasks] if schema.wide else prediction_names(schema)
    ends = (each.replace("prediction", end, 1) for each in found for end in ("low", "high"))
    return tuple(Given(name, "number", None) for name in ends)


def _given(schema: Schema, tasks: Sequence[str]) -> tuple[Given, ...]:
    found = [Given("row", "integer", None)]
    if not schema.wide:
        found.append(Given("task", "string", None))
    if schema.id is not None:
        found.append(Given(schema.id, "any", None))
    for of_task in [f"_{task}" for task in tasks] if schema.wide else [""]:
        if schema.classes:
            found.append(Given(f"prediction{of_task}", "string", schema.classes))
            found += [Given(f"probability{of_task}_{name}", "number", None) for name in schema.classes]
        elif schema.wide:
            found.append(Given(f"prediction{of_task}", "number", None))
        else:
            found += [Given(name, "number", None) for name in prediction_names(schema)]
    return tuple(found)
