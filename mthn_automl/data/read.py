"""From files or DataFrames to a Dataset: a new one, or rows encoded as those of a model's training."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mthn_automl.data.arrays import IntArray
from mthn_automl.data.columns.rule import Form, Kind
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.infer import infer_columns
from mthn_automl.data.metadata import Joined, join_metadata, without_metadata
from mthn_automl.data.names import counted, listed
from mthn_automl.data.schema import Column, Schema
from mthn_automl.data.source import Given, Source
from mthn_automl.data.tables import encode_table
from mthn_automl.data.targets import PREFIXES, choose_targets, encode_target, infer_target, known_target
from mthn_automl.data.task_book import TaskBook
from mthn_automl.data.unknowns import Unknowns

DATA, METADATA = "the data", "the metadata"
SMALL_TASK = 3


def read_dataset(
    data: Given,
    meta: Given | None = None,
    *,
    task: str = "task",
    target: Sequence[str] = (),
    problem: str = "auto",
    metric: str | None = None,
) -> Dataset:
    """Read rows of many tasks and their metadata, and decide what each column is.

    Args:
        data: a CSV or Parquet file or a DataFrame, a row an observation.
        meta: a CSV or Parquet file or a DataFrame, a row a task, with the task column of the data.
        task: the column that names each row's task.
        target: the columns to predict; by default `target`, else those whose names begin with target or label.
        problem: regression, binary, multiclass, or auto.
        metric: where the problem is auto, a metric decides it.

    Returns:
        The rows that have a target. Every decision is a sentence in `notes`.

    Raises:
        DataError: data that cannot be searched; one sentence names the file, column, task or line.
        UsageError: an unknown problem or metric.
    """
    source = Source.of(data, DATA, [task])
    source.require(task, "that names each row's task", " (--task takes another)")
    targets = choose_targets(source, task, target)
    source, dropped = known_target(source, targets)
    found = infer_target(source, targets, problem, metric)
    features, ignored = infer_columns(source, _feature_names(source, task, targets), "feature")
    codes, names = source.task_codes(task)
    joined = _joined(meta, task, names, source.name)
    notes = (*source.notes, *dropped, *found.notes, *ignored, *_feature_notes(features))
    return Dataset(
        schema=Schema(task, targets, found.problem, found.classes, features, joined.columns),
        features=encode_table(source, features, "as a feature"),
        task=codes,
        target=found.values,
        row=source.rows,
        tasks=joined.tasks,
        spare=joined.spare,
        notes=(*notes, *_task_notes(codes), *joined.notes),
    )


def read_rows(
    data: Given,
    *,
    schema: Schema,
    tasks: TaskTable,
    spare: TaskTable,
    meta: Given | None = None,
    need_target: bool,
    allow_unknown: bool = False,
) -> Dataset:
    """Encode new rows as those of training were: test rows in a file of their own, or rows to predict.

    Known tasks keep their numbers and their metadata. New ones follow in order of appearance, described by `meta`,
    else by `spare`, else with all metadata missing. Unknown categories count as missing; extra columns are ignored.

    Returns:
        Without `need_target` every row of the input in its order, with a (rows, 0) target; else the rows that have
        a target. `notes` count by column what training has not seen.

    Raises:
        DataError: a column of the schema that is not there, text in a numeric column, a class or a target that is
            not known, metadata as for `read_dataset`, or, without `allow_unknown`, a column of categories of which no
            cell is known.
    """
    targets = schema.targets if need_target else ()
    source = Source.again(data, DATA, [schema.task], {**forms_of(schema.features), **target_forms(schema, targets)})
    source.require(schema.task, "that names each row's task")
    source, notes = _with_target(source, schema) if need_target else (source, [])
    described, ignored = described_tasks(meta, schema)
    book, unknowns = TaskBook(schema, tasks, spare, described), Unknowns(schema.features, "feature")
    rows = encode_rows(source, schema, book, unknowns, need_target)
    refuse_foreign(book, unknowns, source.name, allow_unknown)
    return replace(
        rows, notes=(*source.notes, *notes, *ignored, *unknowns.notes(source.name), *book.notes(source.name))
    )


def refuse_foreign(book: TaskBook, unknowns: Unknowns, name: str, allow_unknown: bool) -> None:
    """Asked at the end of the rows: metadata of no task of the data, and columns of which no cell is known.

    Raises:
        DataError: there are.
    """
    book.refuse_foreign_metadata()
    if not allow_unknown:
        unknowns.refuse(name)
        book.refuse_unknown_metadata()


def encode_rows(source: Source, schema: Schema, book: TaskBook, unknowns: Unknowns, need_target: bool) -> Dataset:
    """All rows of the source as those of training were encoded, without notes; their tasks are entered in the book.

    unknowns: of the features, which counts the rows.

    Raises:
        DataError: as for `read_rows`.
    """
    numbered = book.enter(*source.task_codes(schema.task))
    features = encode_table(source, schema.features, "as in training")
    unknowns.enter(source, features)
    return Dataset(
        schema=schema,
        features=features,
        task=numbered,
        target=encode_target(source, schema) if need_target else np.empty((len(source), 0)),
        row=source.rows,
        tasks=book.tasks,
        spare=book.spare,
    )


def _joined(meta: Given | None, task: str, names: Sequence[str], data_name: str) -> Joined:
    if meta is None:
        return without_metadata(names)
    return join_metadata(Source.of(meta, METADATA, [task]), task, names, data_name)


def _feature_names(source: Source, task: str, targets: Sequence[str]) -> list[str]:
    return [name for name in source.columns if name != task and name not in targets]


def _feature_notes(features: Sequence[Column]) -> list[str]:
    if not features:
        return ["There is no usable feature: each task is predicted by a constant."]
    suspects = [column.name for column in features if column.name.startswith(PREFIXES)]
    return [f"Taken as features in spite of their names: {listed(suspects, 10)}."] if suspects else []


def _task_notes(codes: IntArray) -> list[str]:
    sizes = np.bincount(codes)
    small = sizes[sizes < SMALL_TASK]
    notes = ["There is one task only, so there is nothing to share between tasks."] if len(sizes) == 1 else []
    if len(small):
        have, stay = ("has", "its") if len(small) == 1 else ("have", "their")
        tasks, rows = counted(len(small), "task"), counted(int(small.sum()), "row")
        notes.append(f"{tasks} {have} fewer than {SMALL_TASK} rows: {stay} {rows} stay in training.")
    return notes


def forms_of(columns: Sequence[Column]) -> dict[str, Form]:
    """How the cells of each column of the input are written that these are made of."""
    return {column.read_from: column.written for column in columns}


def target_forms(schema: Schema, targets: Sequence[str]) -> dict[str, Form]:
    """Of the targets that are asked for: classes are names, whatever they look like."""
    kind = Kind.TEXT if schema.classes else Kind.NUMBER
    return dict.fromkeys(targets, Form(kind))


def _with_target(source: Source, schema: Schema) -> tuple[Source, list[str]]:
    for name in schema.targets:
        source.require(name, "to compare predictions with")
    return known_target(source, schema.targets)


def described_tasks(meta: Given | None, schema: Schema) -> tuple[Source | None, tuple[str, ...]]:
    """The source of metadata where the schema has any, and notes about it."""
    if meta is None:
        return None, ()
    if not schema.metadata:
        return None, ("The metadata are ignored: there were none in training.",)
    source = Source.again(meta, METADATA, [schema.task], forms_of(schema.metadata))
    return source, source.notes
