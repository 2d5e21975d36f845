"""From files or DataFrames to a Dataset: a new one, or rows encoded as those of a model's training."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mthn_automl.data.account import Roles, account_notes, account_of_tables, with_doubts
from mthn_automl.data.arrays import IntArray
from mthn_automl.data.asked import Asked
from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.exposure import exposures, refuse_offset
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.infer import infer_columns
from mthn_automl.data.metadata import Joined, join_metadata, without_metadata
from mthn_automl.data.names import counted, listed
from mthn_automl.data.promoted import constant_within, one_row_a_task
from mthn_automl.data.schema import Column, Schema
from mthn_automl.data.source import PLAIN, Given, Source
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
    **more: Any,
) -> Dataset:
    """Read rows of many tasks and their metadata, and decide what each column is.

    Args:
        data: a file of any of the formats, or a DataFrame, a row an observation.
        meta: the same, a row a task, with the task column of the data.
        task: the column that names each row's task.
        target: the columns to predict; by default `target`, else those whose names begin with target or label.
        problem: one of the kinds of problems, or auto.
        metric: where the problem is auto, a metric decides it.
        more: fields of `mthn_automl.data.asked.Asked`, which describes them.

    Returns:
        The rows that have a target. Every decision is a sentence in `notes`, and `account` has it column by column.

    Raises:
        DataError: data that cannot be searched; one sentence names the file, column, task or line.
        UsageError: an unknown problem or metric, or a column that there is not.
    """
    return read_asked(data, meta, Asked(task, target, problem, metric, **more))


def read_asked(data: Given, meta: Given | None, asked: Asked) -> Dataset:
    """As `read_dataset`, with all that the user says in one object."""
    task = asked.task
    source = Source.of(data, DATA, [task], asked.told, asked.reading)
    described = None if meta is None else Source.of(meta, METADATA, [task], asked.told, asked.reading)
    asked.refuse_unknown(source.file.names, () if described is None else described.file.names)
    source.require(task, "that names each row's task", " (--task takes another)")
    targets = choose_targets(source, task, asked.target)
    source, dropped = known_target(source, targets)
    refuse_offset(asked, targets)
    source, found = infer_target(
        source, targets, asked.problem, asked.metric, merge_rare=asked.merge_rare, offset=asked.offset
    )
    codes, names = source.task_codes(task)
    usable = [name for name in source.columns if name != task and name not in targets and asked.uses(name)]
    promoted = constant_within(source, codes, usable) if described is None and asked.promote else ()
    features, ignored = infer_columns(source, [name for name in usable if name not in promoted], "feature")
    joined = _joined(source, described, promoted, codes, names, asked)
    account = account_of_tables(
        source, described, Roles(task, targets, features, joined.columns, promoted, asked.offset)
    )
    account = with_doubts(account, found.doubts)
    notes = (*source.notes, *dropped, *found.notes, *ignored, *_feature_notes(features), *_promoted_notes(promoted))
    return Dataset(
        schema=Schema(
            task, targets, found.problem, found.classes, features, joined.columns, bool(promoted), asked.offset
        ),
        features=encode_table(source, features, "as a feature"),
        task=codes,
        target=found.values,
        row=source.rows,
        tasks=joined.tasks,
        spare=joined.spare,
        notes=(*notes, *_task_notes(codes), *joined.notes, *account_notes(account)),
        account=account,
        exposure=None if asked.offset is None else exposures(source, asked.offset),
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
    reading: Reading = PLAIN,
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
    source = Source.again(
        data, DATA, [schema.task], {**forms_of_rows(schema), **target_forms(schema, targets)}, reading
    )
    source.require(schema.task, "that names each row's task")
    source, notes = _with_target(source, schema) if need_target else (source, [])
    described, ignored = described_tasks(meta, schema, reading)
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
    codes, names = source.task_codes(schema.task)
    if schema.promoted and all(column.read_from in source.columns for column in schema.metadata):
        book.describe(one_row_a_task(source, codes))
    numbered = book.enter(codes, names)
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
        exposure=None if schema.offset is None else exposures(source, schema.offset),
    )


def _joined(
    source: Source,
    described: Source | None,
    promoted: Sequence[str],
    codes: IntArray,
    names: Sequence[str],
    asked: Asked,
) -> Joined:
    if promoted:
        rows = one_row_a_task(source, codes)
        return join_metadata(replace(rows, notes=()), asked.task, names, source.name, promoted)
    if described is None:
        return without_metadata(names)
    wanted = [name for name in described.columns if name != asked.task and name not in asked.ignore]
    return join_metadata(described, asked.task, names, source.name, wanted)


def _promoted_notes(promoted: Sequence[str]) -> list[str]:
    if not promoted:
        return []
    return [
        f"Taken as metadata, since they never vary within a task: {listed(promoted, 10)}; --no-promote leaves them "
        "among the features."
    ]


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


def forms_of_rows(schema: Schema) -> dict[str, Form]:
    """Of the columns of the data, metadata among them where they stand there, and of the exposure."""
    exposure = {} if schema.offset is None else {schema.offset: Form(Kind.NUMBER)}
    return {**forms_of((*schema.features, *(schema.metadata if schema.promoted else ()))), **exposure}


def target_forms(schema: Schema, targets: Sequence[str]) -> dict[str, Form]:
    """Of the targets that are asked for: classes are names, whatever they look like."""
    kind = Kind.TEXT if schema.classes else Kind.NUMBER
    return dict.fromkeys(targets, Form(kind))


def _with_target(source: Source, schema: Schema) -> tuple[Source, list[str]]:
    for name in schema.targets:
        source.require(name, "to compare predictions with")
    return known_target(source, schema.targets)


def described_tasks(
    meta: Given | None, schema: Schema, reading: Reading = PLAIN
) -> tuple[Source | None, tuple[str, ...]]:
    """The source of metadata where the schema has any, and notes about it."""
    if meta is None:
        return None, ()
    if not schema.metadata:
        return None, ("The metadata are ignored: there were none in training.",)
    source = Source.again(meta, METADATA, [schema.task], forms_of(schema.metadata), reading)
    return source, source.notes
