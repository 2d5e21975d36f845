"""Rows of a file in pieces, for prediction of more than fits in memory."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from mthn_automl.data.dataset import Dataset, TaskTable
from mthn_automl.data.formats.reading import Reading
from mthn_automl.data.labels import Labels
from mthn_automl.data.new_rows import (
    described_tasks,
    encode_rows,
    forms_of_rows,
    id_note,
    read_rows,
    reading_again,
    refuse_foreign,
)
from mthn_automl.data.schema import Schema
from mthn_automl.data.source import DATA, PLAIN, Given, Source
from mthn_automl.data.task_book import TaskBook
from mthn_automl.data.unknowns import Unknowns
from mthn_automl.errors import UsageError


class RowStream:
    """Rows of a file in pieces, encoded as those of training were; for files larger than memory.

    Concatenated, the pieces are what `read_rows` gives for the whole file without `need_target`: rows count on, a new
    task keeps the number it got in an earlier piece, and `tasks` of a piece holds all tasks met so far. A piece has
    no notes; those of the whole are in `notes` when the last piece has been given. A DataFrame is one piece.

    Args:
        path: a CSV or Parquet file, or a DataFrame.
        schema, tasks, spare, meta, allow_unknown, reading: as for `read_rows`.
        rows_at_once: rows of a piece; the last one may have fewer. Of a wide table each task's rows count.
        labels: of rows that predictions are compared with, which have a target, a weight and no gap in all targets;
            a piece may then be empty. None: all rows, without targets.

    Attributes:
        unknowns: counts of the features, for whom it is of use, after the last piece.

    Raises:
        DataError: when iterated, as `read_rows` does, at the piece that holds what is wrong: what was given before is
            then to be thrown away. What is wrong of all rows together, metadata of no task of the data or a column of
            which no cell is known, is told after the last piece.
        UsageError: less than a row at once.
    """

    def __init__(
        self,
        path: Given,
        *,
        schema: Schema,
        tasks: TaskTable,
        spare: TaskTable,
        meta: Given | None = None,
        rows_at_once: int = 200_000,
        allow_unknown: bool = False,
        reading: Reading = PLAIN,
        labels: Labels | None = None,
    ) -> None:
        if rows_at_once < 1:
            raise UsageError(f"At least one row must be read at once, however rows_at_once is {rows_at_once}.")
        self.path, self.schema, self.tasks, self.spare = path, schema, tasks, spare
        self.meta, self.rows_at_once, self.allow_unknown = meta, rows_at_once, allow_unknown
        self.reading = reading_again(reading, schema)
        self.notes: tuple[str, ...] = ()
        self.labels = labels
        self.unknowns = Unknowns(schema.features, "feature")

    def __iter__(self) -> Iterator[Dataset]:
        if isinstance(self.path, pd.DataFrame) and self.labels is None:
            return self._at_once(self.path)
        return self._in_pieces(Path(self.path) if isinstance(self.path, str) else self.path)

    def _at_once(self, frame: pd.DataFrame) -> Iterator[Dataset]:
        rows = read_rows(
            frame,
            schema=self.schema,
            tasks=self.tasks,
            spare=self.spare,
            meta=self.meta,
            need_target=False,
            allow_unknown=self.allow_unknown,
            reading=self.reading,
        )
        self.notes = rows.notes
        yield rows

    def _in_pieces(self, path: Given) -> Iterator[Dataset]:
        schema, labels = self.schema, self.labels
        self.unknowns = unknowns = Unknowns(schema.features, "feature", shifts=labels is not None)
        described, ignored = described_tasks(self.meta, schema, self.reading)
        book = TaskBook(schema, self.tasks, self.spare, described)
        task = () if schema.wide else schema.task
        rows = max(1, self.rows_at_once // max(1, len(schema.wide)))
        last: Source | None = None
        forms = {**forms_of_rows(schema), **({} if labels is None else labels.forms)}
        pieces = Source.pieces(
            path, DATA, task, forms, rows, self.reading, schema.id, schema.missing, may_be_empty=labels is None
        )
        for source in pieces:
            source.require_tasks(task)
            last = source
            if labels is None:
                yield encode_rows(source, schema, book, unknowns)
            elif len(labelled := labels.of(source)):
                yield encode_rows(labelled, schema, book, unknowns, labels.encoded)
        assert last is not None
        if labels is not None:
            labels.refuse_none(last.name)
        refuse_foreign(book, unknowns, last.name, self.allow_unknown)
        of_targets = () if labels is None else labels.notes(last.name)
        of_rows = (*of_targets, *unknowns.notes(last.name), *book.notes(last.name))
        self.notes = (*last.notes, *id_note(last, schema), *ignored, *of_rows)
