"""From files or DataFrames to rows that are encoded as those of a model's training: to predict, or to test it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from mthn_automl.data.arrays import FloatArray
from mthn_automl.data.columns.form import Form, Kind
from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.exposure import exposures
from mthn_automl.data.formats.reading import Reading, ReadingAgain
from mthn_automl.data.schema import Column, Schema
from mthn_automl.data.source import DATA, METADATA, PLAIN, Given, Source
from mthn_automl.data.splits.parts.beside import Beside
from mthn_automl.data.tables import encode_table
from mthn_automl.data.targets import encode_target, numbers_of
from mthn_automl.data.task_book import TaskBook
from mthn_automl.data.unknowns import USUALLY_OUTSIDE, Unknowns
from mthn_automl.data.weights import rows_of_use
from mthn_automl.data.wide import long_form, of_all_tasks, wide_targets


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
    beside: Beside | None = None,
) -> Dataset:
    """Encode new rows as those of training were: test rows in a file of their own, or rows to predict.

    Known tasks keep their numbers and their metadata. New ones follow in order of appearance, described by `meta`,
    else by `spare`, else with all metadata missing. Unknown categories count as missing; extra columns are ignored.

    beside: the rows of the data, where what splits go by is to be read, too.

    Returns:
        Without `need_target` every row of the input in its order, with a (rows, 0) target and no weights; else the
        rows that have a target and count. `notes` count by column what training has not seen.

    Raises:
        DataError: a column of the schema that is not there, text in a numeric column, a class or a target that is
            not known, metadata as for `read_dataset`, or, without `allow_unknown`, a column of categories of which no
            cell is known.
    """
    targets = (schema.wide or schema.targets) if need_target else ()
    reading = reading_again(reading, schema)
    forms = {**({} if beside is None else beside.forms), **forms_of_rows(schema), **target_forms(schema, targets)}
    task = () if schema.wide else schema.task
    source = Source.again(data, DATA, task, forms, reading, schema.id, schema.missing, may_be_empty=not need_target)
    if schema.wide and need_target:
        source = long_form(source, wide_targets(source, schema), schema.task)
    elif not schema.wide:
        source.require_tasks(schema.task)
    source, notes = _with_target(source, schema) if need_target else (source, [])
    described, ignored = described_tasks(meta, schema, reading)
    book = TaskBook(schema, tasks, spare, described)
    unknowns = Unknowns(schema.features, "feature", tolerated=0.0 if beside is None else USUALLY_OUTSIDE)
    rows = encode_rows(source, schema, book, unknowns, partial(encode_target, schema=schema) if need_target else None)
    refuse_foreign(book, unknowns, source.name, allow_unknown)
    rows = rows if beside is None else beside.keyed(rows, source)
    return replace(
        rows,
        notes=(
            *rows.notes,
            *source.notes,
            *id_note(source, schema),
            *notes,
            *ignored,
            *unknowns.notes(source.name),
            *book.notes(source.name),
        ),
    )


def reading_again(said: Reading, schema: Schema) -> ReadingAgain:
    """How files with other rows than those of training are read; `said` comes first."""
    return ReadingAgain(said.delimiter, said.encoding, said.sheet, usual=schema.reading)


def refuse_foreign(book: TaskBook, unknowns: Unknowns, name: str, allow_unknown: bool) -> None:
    """Asked at the end of the rows: metadata of no task of the data, and columns of which no cell is known.

    Raises:
        DataError: there are.
    """
    book.refuse_foreign_metadata()
    if not allow_unknown:
        unknowns.refuse(name)
        book.refuse_unknown_metadata()


def encode_rows(
    source: Source,
    schema: Schema,
    book: TaskBook,
    unknowns: Unknowns,
    target_of: Callable[[Source], FloatArray] | None = None,
) -> Dataset:
    """All rows of the source as those of training were encoded, without notes; their tasks are entered in the book.

    Args:
        source: of a wide table whose targets are wanted, its long form.
        unknowns: of the features, which counts the rows.
        target_of: encodes the targets; None: they are not wanted, and neither are weights.

    Raises:
        DataError: as for `read_rows`.
    """
    if schema.wide and target_of is None:
        return of_all_tasks(source, schema, book, unknowns)
    codes, names = source.task_codes(schema.task)
    if schema.promoted and schema.metadata:
        book.describe_by_rows(source, codes, names)
    numbered = book.enter(codes, names)
    features = encode_table(source, schema.features, "as in training")
    unknowns.enter(source, features)
    return Dataset(
        schema=schema,
        features=features,
        task=numbered,
        target=np.empty((len(source), 0)) if target_of is None else target_of(source),
        weight=numbers_of(source, schema.weight) if target_of is not None and schema.weight else None,
        row=source.rows,
        tasks=book.tasks,
        spare=book.spare,
        exposure=None if schema.offset is None else exposures(source, schema.offset),
        id=source.id,
        group=source.rows if schema.wide else None,
    )


def _with_target(source: Source, schema: Schema) -> tuple[Source, list[str]]:
    for name in schema.targets:
        source.require(name, "to compare predictions with")
    return rows_of_use(source, schema.targets, schema.weight)


def id_note(source: Source, schema: Schema) -> list[str]:
    """A sentence where rows have lost the column that the user knows them by."""
    if schema.id is None or source.id is not None:
        return []
    return [f"{source.name}: there is no column '{schema.id}', so that predictions are without it."]


def forms_of(columns: Sequence[Column]) -> dict[str, Form]:
    """How the cells of each column of the input are written that these are made of."""
    return {column.read_from: column.written for column in columns}


def forms_of_rows(schema: Schema) -> dict[str, Form]:
    """Of the columns of the data, metadata among them where they stand there, and of the exposure."""
    exposure = {} if schema.offset is None else {schema.offset: schema.number_form(schema.offset)}
    return {**forms_of((*schema.features, *(schema.metadata if schema.promoted else ()))), **exposure}


def target_forms(schema: Schema, targets: Sequence[str]) -> dict[str, Form]:
    """Of the targets that are asked for, and of the weights beside them: classes are names, whatever they look like."""
    weight = {schema.weight: schema.number_form(schema.weight)} if targets and schema.weight else {}
    forms = {name: Form(Kind.TEXT) if schema.classes else schema.number_form(name) for name in targets}
    return {**forms, **weight}


def described_tasks(
    meta: Given | None, schema: Schema, reading: Reading = PLAIN
) -> tuple[Source | None, tuple[str, ...]]:
    """The source of metadata where the schema has any, and notes about it."""
    if meta is None:
        return None, ()
    if not schema.metadata:
        return None, ("The metadata are ignored: there were none in training.",)
    source = Source.again(meta, METADATA, schema.described, forms_of(schema.metadata), reading, missing=schema.missing)
    return source, source.notes
