"""From files or DataFrames to a Dataset: a new one, or rows encoded as those of a model's training."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mthn_automl.data.account import Roles, account_notes, account_of_tables
from mthn_automl.data.arrays import IntArray
from mthn_automl.data.asked import Asked
from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.infer import infer_columns
from mthn_automl.data.likeness import alike_note
from mthn_automl.data.metadata import Described, Joined, join_metadata, without_metadata
from mthn_automl.data.names import counted, listed
from mthn_automl.data.promoted import constant_within, one_row_a_task
from mthn_automl.data.schema import Column, Schema
from mthn_automl.data.source import PLAIN, Given, Source
from mthn_automl.data.tables import encode_table
from mthn_automl.data.targets import PREFIXES, choose_targets, encode_target, infer_target, known_target, numbers_of
from mthn_automl.data.task_book import TaskBook
from mthn_automl.data.task_names import name_by
from mthn_automl.data.unknowns import Unknowns
from mthn_automl.data.weights import rows_that_count, weight_note

DATA, METADATA = "the data", "the metadata"
ANOTHER = " (--task takes another)"
SMALL_TASK = 3


def read_dataset(
    data: Given,
    meta: Given | None = None,
    *,
    task: str | Sequence[str] = "task",
    target: Sequence[str] = (),
    problem: str = "auto",
    metric: str | None = None,
    **more: Any,
) -> Dataset:
    """Read rows of many tasks and their metadata, and decide what each column is.

    Args:
        data: a file of any of the formats, or a DataFrame, a row an observation.
        meta: the same, a row a task, with the task column of the data.
        task: the column that names each row's task, or several whose values together are its name.
        target: the columns to predict; by default `target`, else those whose names begin with target or label.
        problem: regression, binary, multiclass, or auto.
        metric: where the problem is auto, a metric decides it.
        more: fields of `mthn_automl.data.asked.Asked`, which describes them.

    Returns:
        The rows that have a target, at least one of several. Every decision is a sentence in `notes`, and `account`
        has it column by column.

    Raises:
        DataError: data that cannot be searched; one sentence names the file, column, task or line.
        UsageError: an unknown problem or metric, or a column that there is not.
    """
    columns = (task,) if isinstance(task, str) else tuple(task)
    return read_asked(data, meta, Asked(columns, target, problem, metric, **more))


def read_asked(data: Given, meta: Given | None, asked: Asked) -> Dataset:
    """As `read_dataset`, with all that the user says in one object."""
    task = asked.task
    source = Source.of(data, DATA, task, asked.told, asked.reading, asked.id)
    described = None if meta is None else Source.of(meta, METADATA, task, asked.told, asked.reading)
    asked.refuse_unknown(source.file.names, () if described is None else described.file.names)
    source.require_tasks(task, ANOTHER)
    targets = choose_targets(source, task, asked.target, asked.weight)
    source, dropped = _rows_of_use(source, targets, asked.weight)
    source, found = infer_target(source, targets, asked.problem, asked.metric, merge_rare=asked.merge_rare)
    codes, names = source.task_codes(task)
    usable = [name for name in source.columns if name not in task and name not in targets and asked.uses(name)]
    promoted = constant_within(source, codes, usable) if described is None and asked.promote else ()
    described_by_data = set(promoted)
    features, ignored = infer_columns(source, [name for name in usable if name not in described_by_data], "feature")
    by = task if described is None else _described_by(described, task)
    rows = np.bincount(codes, minlength=len(names)).tolist()
    tasks = Described(names, rows, [name_by(by, task, name) for name in names], source.name)
    joined = _joined(source, described, promoted, by, tasks, codes, asked)
    left_out = [*asked.ignore, *(name for name in source.columns if not asked.uses(name) and name not in targets)]
    roles = Roles(task, targets, features, joined.columns, promoted, asked.weight, asked.id, left_out)
    account = account_of_tables(source, described, roles)
    weight = None if asked.weight is None else numbers_of(source, asked.weight)
    notes = (*source.notes, *dropped, *found.notes, *ignored, *_feature_notes(features), *_promoted_notes(promoted))
    if asked.weight is not None and weight is not None:
        notes += (weight_note(asked.weight, weight),)
    return Dataset(
        schema=Schema(
            task=task,
            targets=targets,
            problem=found.problem,
            classes=found.classes,
            features=features,
            metadata=joined.columns,
            promoted=bool(promoted),
            weight=asked.weight,
            described_by=by,
            id=asked.id,
        ),
        features=encode_table(source, features, "as a feature"),
        task=codes,
        target=found.values,
        row=source.rows,
        tasks=joined.tasks,
        spare=joined.spare,
        notes=(
            *notes,
            *alike_note(source.name, names, rows),
            *_task_notes(codes),
            *joined.notes,
            *account_notes(account),
        ),
        account=account,
        weight=weight,
        id=source.id,
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
        Without `need_target` every row of the input in its order, with a (rows, 0) target and no weights; else the
        rows that have a target and count. `notes` count by column what training has not seen.

    Raises:
        DataError: a column of the schema that is not there, text in a numeric column, a class or a target that is
            not known, metadata as for `read_dataset`, or, without `allow_unknown`, a column of categories of which no
            cell is known.
    """
    targets = schema.targets if need_target else ()
    forms = {**forms_of_rows(schema), **target_forms(schema, targets)}
    source = Source.again(data, DATA, schema.task, forms, reading, schema.id)
    source.require_tasks(schema.task)
    source, notes = _with_target(source, schema) if need_target else (source, [])
    described, ignored = described_tasks(meta, schema, reading)
    book, unknowns = TaskBook(schema, tasks, spare, described), Unknowns(schema.features, "feature")
    rows = encode_rows(source, schema, book, unknowns, need_target)
    refuse_foreign(book, unknowns, source.name, allow_unknown)
    return replace(
        rows,
        notes=(
            *source.notes,
            *id_note(source, schema),
            *notes,
            *ignored,
            *unknowns.notes(source.name),
            *book.notes(source.name),
        ),
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
        weight=numbers_of(source, schema.weight) if need_target and schema.weight else None,
        row=source.rows,
        tasks=book.tasks,
        spare=book.spare,
        id=source.id,
    )


def _joined(
    source: Source,
    described: Source | None,
    promoted: Sequence[str],
    by: tuple[str, ...],
    tasks: Described,
    codes: IntArray,
    asked: Asked,
) -> Joined:
    if promoted:
        return join_metadata(replace(one_row_a_task(source, codes), notes=()), by, tasks, promoted)
    if described is None:
        return without_metadata(tasks.names)
    wanted = [name for name in described.columns if name not in asked.task and name not in asked.ignore]
    return join_metadata(described, by, tasks, wanted)


def _described_by(described: Source, task: Sequence[str]) -> tuple[str, ...]:
    """Those of the columns which name a task that the metadata have."""
    found = tuple(name for name in task if name in described.columns)
    if not found:
        described.require_tasks(task, ANOTHER)
    return found


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


def id_note(source: Source, schema: Schema) -> list[str]:
    """A sentence where rows have lost the column that the user knows them by."""
    if schema.id is None or source.id is not None:
        return []
    return [f"{source.name}: there is no column '{schema.id}', so that predictions are without it."]


def forms_of(columns: Sequence[Column]) -> dict[str, Form]:
    """How the cells of each column of the input are written that these are made of."""
    return {column.read_from: column.written for column in columns}


def forms_of_rows(schema: Schema) -> dict[str, Form]:
    """Of the columns of the data, metadata among them where they stand there."""
    return forms_of((*schema.features, *(schema.metadata if schema.promoted else ())))


def target_forms(schema: Schema, targets: Sequence[str]) -> dict[str, Form]:
    """Of the targets that are asked for, and of the weights beside them: classes are names, whatever they look like."""
    kind = Kind.TEXT if schema.classes else Kind.NUMBER
    weight = {schema.weight: Form(Kind.NUMBER)} if targets and schema.weight else {}
    return {**dict.fromkeys(targets, Form(kind)), **weight}


def _with_target(source: Source, schema: Schema) -> tuple[Source, list[str]]:
    for name in schema.targets:
        source.require(name, "to compare predictions with")
    return _rows_of_use(source, schema.targets, schema.weight)


def _rows_of_use(source: Source, targets: Sequence[str], weight: str | None) -> tuple[Source, list[str]]:
    """The rows that have a target and count, and notes about the others."""
    source, notes = known_target(source, targets)
    if weight is None:
        return source, notes
    source, left_out = rows_that_count(source, weight)
    return source, [*notes, *left_out]


def described_tasks(
    meta: Given | None, schema: Schema, reading: Reading = PLAIN
) -> tuple[Source | None, tuple[str, ...]]:
    """The source of metadata where the schema has any, and notes about it."""
    if meta is None:
        return None, ()
    if not schema.metadata:
        return None, ("The metadata are ignored: there were none in training.",)
    source = Source.again(meta, METADATA, schema.described, forms_of(schema.metadata), reading)
    return source, source.notes
